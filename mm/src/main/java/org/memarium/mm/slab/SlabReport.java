package org.memarium.mm.slab;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.StructSlab;
import org.memarium.mm.trace.KernelLog;

/**
 * Reports of errors in a cache, in the words of Linux 6.1 {@code mm/slub.c}. Each report and each
 * repair counts as one error of the cache, as slub_kunit counts them.
 */
final class SlabReport {
  private static final String DOUBLE_LINE = "=".repeat(77);
  private static final String LINE = "-".repeat(77);
  private static final int ROW_BYTES = 16;
  private static final int ASCII_COLUMN = 49;
  private static final int MAX_OBJECT_BYTES = 4096;
  private static final int STACK_FRAMES = 8;

  /** {@code PG_slab}, {@code PG_head} and {@code ZONES_PGSHIFT} of Linux 6.1 on i386. */
  private static final int PG_SLAB = 1 << 9;

  private static final int PG_HEAD = 1 << 16;
  private static final int ZONES_SHIFT = 30;

  private final KmemCache cache;
  private final SlabMemory memory;
  private final StructSlab slabs;
  private final SlabLayout layout;
  private final SlabContext context;
  private final KernelLog log;
  private final SlabTrack track;
  private final String pointerFormat;

  SlabReport(KmemCache cache) {
    this.cache = cache;
    SlabAllocator allocator = cache.allocator();
    this.memory = allocator.slabMemory();
    this.slabs = memory.slabs;
    this.layout = cache.layout();
    this.context = allocator.context();
    this.log = allocator.log();
    this.track = new SlabTrack(cache);
    this.pointerFormat = allocator.geometry().wordBytes() == Integer.BYTES ? "0x%08x" : "0x%016x";
  }

  /** {@code %p}, not hashed. */
  String pointer(long address) {
    return pointerFormat.formatted(address);
  }

  // ---- Kinds of reports ----

  /** {@code object_err}. */
  void objectError(int slab, long object, String reason) {
    bug(reason);
    trailer(slab, object);
  }

  /** {@code slab_err}. */
  void slabError(int slab, String reason) {
    bug(reason);
    slabInfo(slab);
    dumpStack();
    context.taint(SlabContext.TAINT_BAD_PAGE);
  }

  /** {@code slab_fix}. */
  void fix(String what) {
    cache.countError();
    log.err("FIX %s: %s".formatted(cache.name(), what));
  }

  /** {@code check_bytes_and_report}: bytes from {@code first} to before {@code end} are wrong. */
  void overwritten(int slab, long object, String what, long first, long end, int expected) {
    bug(what + " overwritten");
    log.err(
        "%s-%s @offset=%d. First byte 0x%x instead of 0x%x"
            .formatted(
                pointer(first),
                pointer(end - 1),
                first - memory.address(slab),
                memory.getByte(first),
                expected));
    trailer(slab, object);
  }

  /** {@code slab_pad_check}. */
  void paddingOverwritten(int slab, long first, long end, long pad, int padBytes) {
    slabError(
        slab,
        "Padding overwritten. %s-%s @offset=%d"
            .formatted(pointer(first), pointer(end - 1), first - memory.address(slab)));
    section(KernelLog.ERR, "Padding  ", pad, padBytes);
  }

  /** {@code trace}. */
  void trace(int slab, long object, boolean alloc) {
    log.info(
        "TRACE %s %s %s inuse=%d fp=%s"
            .formatted(
                cache.name(),
                alloc ? "alloc" : "free",
                pointer(object),
                slabs.inuse(slab),
                pointer(firstFree(slab))));
    if (!alloc) {
      section(KernelLog.INFO, "Object   ", object, layout.objectSize());
    }
    dumpStack();
  }

  /** {@code list_slab_objects}: each object that is in use counts. */
  void objectsRemaining(int slab) {
    bug("Objects remaining in %s on __kmem_cache_shutdown()".formatted(cache.name()));
    slabInfo(slab);
    dumpStack();
    context.taint(SlabContext.TAINT_BAD_PAGE);
    long base = memory.address(slab);
    BitSet free = new FreeObjects(cache).of(slab);
    for (int i = 0; i < slabs.objects(slab); i++) {
      if (!free.get(i)) {
        long offset = (long) i * layout.size() + layout.redLeftPad();
        cache.countError();
        log.err("Object %s @offset=%d".formatted(pointer(base + offset), offset));
        tracking(base + offset);
      }
    }
  }

  // ---- Their parts ----

  /** {@code slab_bug}. */
  private void bug(String what) {
    cache.countError();
    log.err(DOUBLE_LINE);
    log.err("BUG %s (%s): %s".formatted(cache.name(), context.printTainted(), what));
    log.err(LINE);
    log.err("");
  }

  /** {@code print_trailer}. */
  private void trailer(int slab, long object) {
    tracking(object);
    slabInfo(slab);
    long base = memory.address(slab);
    log.err(
        "Object %s @offset=%d fp=%s"
            .formatted(
                pointer(object),
                object - base,
                pointer(memory.getPointer(object + layout.offset()))));
    log.err("");
    boolean redZone = (layout.flags() & SlabFlags.RED_ZONE) != 0;
    if (redZone) {
      section(KernelLog.ERR, "Redzone  ", object - layout.redLeftPad(), layout.redLeftPad());
    } else if (object > base + ROW_BYTES) {
      section(KernelLog.ERR, "Bytes b4 ", object - ROW_BYTES, ROW_BYTES);
    }
    section(KernelLog.ERR, "Object   ", object, Math.min(layout.objectSize(), MAX_OBJECT_BYTES));
    if (redZone) {
      section(
          KernelLog.ERR,
          "Redzone  ",
          object + layout.objectSize(),
          layout.inuse() - layout.objectSize());
    }
    int end = track.end();
    int place = layout.size() - layout.redLeftPad();
    if (end != place) {
      section(KernelLog.ERR, "Padding  ", object + end, place - end);
    }
    dumpStack();
    context.taint(SlabContext.TAINT_BAD_PAGE);
  }

  /** {@code print_tracking}. */
  private void tracking(long object) {
    for (int which = SlabTrack.ALLOC; which <= SlabTrack.FREE; which++) {
      String line = track.describe(object, which);
      if (!line.isEmpty()) {
        log.err(line);
      }
    }
  }

  /** {@code print_slab_info}; mem_map has no address here, so the slab's own stands for it. */
  private void slabInfo(int slab) {
    MemMap memMap = memory.pages.memMap();
    boolean head = slabs.order(slab) > 0;
    int zone = memMap.zoneIndex(slab);
    log.err(
        "Slab %s objects=%d used=%d fp=%s flags=0x%x(slab%s|zone=%d)"
            .formatted(
                pointer(memory.address(slab)),
                slabs.objects(slab),
                slabs.inuse(slab),
                pointer(firstFree(slab)),
                PG_SLAB | (head ? PG_HEAD : 0) | zone << ZONES_SHIFT,
                head ? "|head" : "",
                zone));
  }

  private long firstFree(int slab) {
    int offset = slabs.freelist(slab);
    return offset == StructSlab.NONE ? 0 : memory.address(slab) + offset;
  }

  /** {@code print_section}: {@code print_hex_dump} with addresses, 16 bytes a line. */
  private void section(int level, String text, long address, int bytes) {
    for (int at = 0; at < bytes; at += ROW_BYTES) {
      StringBuilder row = new StringBuilder();
      StringBuilder ascii = new StringBuilder();
      for (int i = at; i < Math.min(bytes, at + ROW_BYTES); i++) {
        int value = memory.getByte(address + i);
        row.append(String.format(Locale.ROOT, i == at ? "%02x" : " %02x", value));
        ascii.append(value >= ' ' && value <= '~' ? (char) value : '.');
      }
      log.print(
          level,
          text
              + pointer(address + at).substring(2)
              + ": "
              + row
              + " ".repeat(ASCII_COLUMN - row.length())
              + ascii);
    }
  }

  /** {@code dump_stack}: of the Java callers. */
  private void dumpStack() {
    log.err(
        "CPU: 0 PID: %d Comm: %s %s"
            .formatted(context.pid(), context.command(), context.printTainted()));
    log.err("Call Trace:");
    List<String> stack = Caller.stack(STACK_FRAMES);
    for (String frame : stack) {
      log.err(" " + frame);
    }
  }
}
