package org.memarium.app.shell;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;
import org.memarium.kernel.Machine;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.procfs.Maps;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.space.Vma;

/**
 * {@code translate}: the way from a logical address to the frame, each step as it stands in RAM.
 */
final class TranslateCommand {
  /** Segment registers as instructions number them. */
  private static final List<String> SEGMENTS = List.of("es", "cs", "ss", "ds", "fs", "gs");

  /** Tables by level, as Linux calls them; with fewer levels the middle ones are missing. */
  private static final List<List<String>> TABLES =
      List.of(
          List.of("pte", "pgd"), List.of("pte", "pmd", "pgd"), List.of("pte", "pmd", "pud", "pgd"));

  private final Session session;
  private final Machine machine;

  TranslateCommand(Session session) {
    this.session = session;
    this.machine = session.machine();
  }

  void addTo(Registry registry) {
    registry.add(
        "translate",
        "[PID] ADDRESS",
        Topic.PROGRAMS,
        "follows an address to its frame, entry by entry",
        """
        With a segment register before it (ds:0x1000, gs:0) the address is logical, and the segment's
        descriptor comes first. Bits of an entry: P present, RW writable, US for programs, PWT
        write-through, PCD not cached, A accessed, D dirty, PS large page, G global, NX not
        executable; -- where the bit is 0.\
        """,
        this::translate);
  }

  private @Nullable Long translate(Arguments arguments) {
    int last = arguments.count() - 1;
    String text = arguments.word(last);
    if (arguments.count() > 1) {
      session.process(arguments, 0);
    }
    int colon = text.indexOf(':');
    long linear =
        colon < 0
            ? arguments.address(last)
            : logical(
                text.substring(0, colon).toLowerCase(Locale.ROOT),
                Numbers.parse("ADDRESS", text.substring(colon + 1), session::symbol));
    return walk(linear);
  }

  // ---- Logical to linear ----

  private long logical(String segment, long offset) {
    int register = SEGMENTS.indexOf(segment);
    if (register < 0) {
      throw new ShellError(
          "there is no segment register %s; there are %s"
              .formatted(segment, String.join(", ", SEGMENTS)));
    }
    session.requireProcess();
    Segmentation segmentation = machine.cpu().segmentation();
    int selector = segmentation.selector(register);
    int index = selector >>> 3;
    Output out = session.out();
    out.format(
        "logical   %s:0x%08x   selector 0x%04x: index %d of the %s, RPL %d",
        segment, offset, selector, index, (selector & 4) == 0 ? "GDT" : "LDT", selector & 3);
    if (index == 0) {
      throw new ShellError("the null selector names no segment: any access would be #GP");
    }
    SegmentDescriptor descriptor = segmentation.descriptor(register);
    out.format(
        "          descriptor 0x%016x: base 0x%08x, limit 0x%08x, %s",
        machine.gdt().raw(index), descriptor.base(), descriptor.limit(), kind(descriptor));
    if (!descriptor.contains(offset, 1)) {
      throw new ShellError(
          "offset 0x%08x is beyond the limit: the access would be %s"
              .formatted(offset, register == Segmentation.SS ? "#SS" : "#GP"));
    }
    return (descriptor.base() + offset) & 0xffff_ffffL;
  }

  private static String kind(SegmentDescriptor descriptor) {
    String kind = descriptor.isCode() ? "code" : "data";
    String rights =
        descriptor.isCode()
            ? descriptor.isReadable() ? "readable" : "execute only"
            : descriptor.isWritable() ? "writable" : "read-only";
    return "%s, %s, DPL %d%s"
        .formatted(
            kind, rights, descriptor.privilege(), descriptor.present() ? "" : ", not present");
  }

  // ---- Linear to physical ----

  private @Nullable Long walk(long linear) {
    Output out = session.out();
    PageTableFormat format = machine.mmu().format();
    List<String> names = TABLES.get(format.levels() - 2);
    StringBuilder parts = new StringBuilder();
    for (int level = format.levels(); level >= 1; level--) {
      parts.append("%s %d, ".formatted(names.get(level - 1), format.index(level, linear)));
    }
    out.format(
        "linear    %s   %soffset 0x%03x",
        session.address(linear), parts, linear & (Ram.PAGE_SIZE - 1));
    long table = machine.linearMemory().topTable(linear);
    Task task = machine.running();
    boolean kernels = task == null || !machine.linearMemory().isUser(linear);
    out.format(
        "%-9s 0x%08x   %s",
        "cr3", table, kernels ? "swapper_pg_dir, the kernel's" : "the top table of " + task);
    for (int level = format.levels(); ; level--) {
      long entryAddress = format.entryAddress(table, level, linear);
      long entry = format.read(machine.mmu().ram(), entryAddress);
      boolean present = (entry & PageTableEntry.PRESENT) != 0;
      boolean page =
          level == 1
              || (present && format.mayMapPage(level) && (entry & PageTableEntry.LARGE) != 0);
      out.format(
          "%-9s [%4d] at 0x%08x: 0x%0" + 2 * format.entryBytes() + "x   %s",
          names.get(level - 1),
          format.index(level, linear),
          entryAddress,
          entry,
          present ? frameAndBits(format, level, entry, page) : absent(entry));
      if (!present) {
        area(linear);
        return null;
      }
      if (page) {
        long offset = linear & ((1L << format.shift(level)) - 1);
        return arrived(linear, format.address(level, entry, true) + offset);
      }
      table = format.address(level, entry, false);
    }
  }

  private static String frameAndBits(PageTableFormat format, int level, long entry, boolean page) {
    return "frame 0x%x  %s%s"
        .formatted(
            format.address(level, entry, page) >>> Ram.PAGE_SHIFT,
            bits(format, entry, page),
            page && level > 1 ? "  (large page)" : "");
  }

  private static String absent(long entry) {
    return entry == 0 ? "none: no page here" : "not present; the other bits are the kernel's";
  }

  /** All bits of an entry in words. */
  static String bits(PageTableFormat format, long entry, boolean page) {
    StringBuilder bits = new StringBuilder();
    append(bits, entry, PageTableEntry.PRESENT, "P");
    append(bits, entry, PageTableEntry.WRITABLE, "RW");
    append(bits, entry, PageTableEntry.USER, "US");
    append(bits, entry, PageTableEntry.WRITE_THROUGH, "PWT");
    append(bits, entry, PageTableEntry.CACHE_DISABLED, "PCD");
    append(bits, entry, PageTableEntry.ACCESSED, "A");
    append(bits, entry, PageTableEntry.DIRTY, "D");
    append(bits, entry, PageTableEntry.LARGE, "PS");
    append(bits, entry, PageTableEntry.GLOBAL, "G");
    if (format.hasNx()) {
      append(bits, entry, PageTableEntry.NX, "NX");
    }
    return bits.toString().stripTrailing();
  }

  private static void append(StringBuilder bits, long entry, long mask, String name) {
    bits.append((entry & mask) != 0 ? name : "-".repeat(name.length())).append(' ');
  }

  private Long arrived(long linear, long physical) {
    Output out = session.out();
    int pfn = (int) (physical >>> Ram.PAGE_SHIFT);
    MemMap memMap = machine.memory().memMap();
    out.format("physical  0x%08x", physical);
    out.format("page      %s", pfn < memMap.frames() ? memMap.describe(pfn) : "no RAM there");
    area(linear);
    out.format("TLB       data: %s; instructions: %s", tlb(linear, false), tlb(linear, true));
    return physical;
  }

  /** Which area of the program an address is in. */
  private void area(long linear) {
    Task task = machine.running();
    if (task == null || !machine.linearMemory().isUser(linear)) {
      return;
    }
    Vma area = task.requireMm().findVma(linear);
    if (area == null || area.start() > linear) {
      session.out().line("area      none: an access would be SIGSEGV");
    } else {
      String name = Maps.name(task.requireMm(), area);
      session
          .out()
          .format(
              "area      %08x-%08x %s %s",
              area.start(), area.end(), area.rights(), name.isEmpty() ? "anonymous" : name);
    }
  }

  private String tlb(long linear, boolean fetch) {
    Mmu mmu = machine.mmu();
    long entry = mmu.tlbEntry(linear, fetch);
    if (entry == -1) {
      return "not in";
    }
    return "in, frame 0x%x%s%s"
        .formatted(
            (entry & 0x000f_ffff_ffff_f000L) >>> Ram.PAGE_SHIFT,
            (entry & PageTableEntry.WRITABLE) != 0 ? ", RW" : "",
            (entry & PageTableEntry.DIRTY) != 0 ? ", D" : "");
  }
}
