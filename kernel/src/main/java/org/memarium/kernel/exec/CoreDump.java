package org.memarium.kernel.exec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.Ram;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TlsSegments;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.Kstat;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.fault.RemoteAccess;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code do_coredump}: writes the memory of a process that a signal ends into the file {@code core}
 * of its working directory; Linux {@code fs/coredump.c}, and {@code fs/binfmt_elf.c}, {@code
 * elf_core_dump}.
 *
 * <pre>
 *   0          ELF header
 *   52         program headers: PT_NOTE, then PT_LOAD for each area
 *              the notes: {@link CoreNotes}
 *   0x1000 *   the pages of the areas, one area after the other; pages that are not there are holes
 * </pre>
 *
 * <p>What of an area is written follows its kind, {@code MADV_DONTDUMP} and {@code
 * /proc/PID/coredump_filter}. Where RLIMIT_CORE is reached the file ends.
 */
public final class CoreDump {
  /** {@code core_pattern}: the name of the file. */
  private static final String FILE = "core";

  private static final int HEADER_BYTES = 52;
  private static final int SEGMENT_BYTES = 32;
  private static final int MAX_SEGMENTS = 0xfffe;
  private static final int ET_CORE = 4;
  private static final int EM_386 = 3;
  private static final int PT_LOAD = 1;
  private static final int PT_NOTE = 4;
  private static final byte[] MAGIC = {0x7f, 'E', 'L', 'F'};

  // ---- Bits of coredump_filter: include/linux/sched/coredump.h ----
  private static final int ANON_PRIVATE = 1;
  private static final int ANON_SHARED = 1 << 1;
  private static final int MAPPED_PRIVATE = 1 << 2;
  private static final int MAPPED_SHARED = 1 << 3;
  private static final int ELF_HEADERS = 1 << 4;
  private static final int HUGETLB_PRIVATE = 1 << 5;
  private static final int HUGETLB_SHARED = 1 << 6;

  private final Cpu cpu;
  private final TlsSegments tls;
  private final RemoteAccess remote;
  private final int wordBytes;

  /**
   * The writer of a machine.
   *
   * @param wordBytes of the kernel
   */
  public CoreDump(Cpu cpu, TlsSegments tls, RemoteAccess remote, int wordBytes) {
    this.cpu = cpu;
    this.tls = tls;
    this.remote = remote;
    this.wordBytes = wordBytes;
  }

  /**
   * Writes the core file, if the process may have one.
   *
   * @param task the thread that the signal ends, which the processor holds
   * @param siginfo {@code siginfo_t} of the signal, as a handler would see it
   * @return whether there is one, which wait tells
   */
  public boolean dump(Task task, SignalInfo info, byte[] siginfo) {
    long limit = task.limits().soft(RLimits.CORE);
    MmStruct mm = task.mm();
    if (Long.compareUnsigned(limit, Ram.PAGE_SIZE) < 0
        || mm == null
        || !task.process().isDumpable()) {
      return false;
    }
    OpenFile file;
    // What is in the way goes; a directory does not.
    task.fileCalls().unlinkat(Fcntl.AT_FDCWD, FILE, 0);
    try {
      file = task.fileCalls().openCore(FILE);
    } catch (ErrnoException e) {
      return false;
    }
    try {
      List<Vma> areas = areas(mm);
      if (areas.size() >= MAX_SEGMENTS) {
        return false;
      }
      Sink sink = new Sink(task, file, limit < 0 ? Long.MAX_VALUE : limit);
      write(
          sink, task, mm, areas, new CoreNotes(cpu, tls, wordBytes).of(task, info, siginfo, areas));
      return true;
    } finally {
      file.release();
    }
  }

  private static List<Vma> areas(MmStruct mm) {
    List<Vma> areas = new ArrayList<>();
    for (Vma area = mm.findVma(0); area != null; area = area.next()) {
      areas.add(area);
    }
    return areas;
  }

  private void write(Sink sink, Task task, MmStruct mm, List<Vma> areas, byte[] notes) {
    int filter = task.settings().coredumpFilter();
    int headers = HEADER_BYTES + SEGMENT_BYTES * (areas.size() + 1);
    long at = pageEnd(headers + notes.length);
    ByteBuffer out = ByteBuffer.allocate(headers).order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).put((byte) 1).put((byte) 1).put((byte) 1).position(16);
    out.putShort((short) ET_CORE).putShort((short) EM_386).putInt(1).putInt(0);
    out.putInt(HEADER_BYTES).putInt(0).putInt(0).putShort((short) HEADER_BYTES);
    out.putShort((short) SEGMENT_BYTES).putShort((short) (areas.size() + 1)).position(HEADER_BYTES);
    out.putInt(PT_NOTE).putInt(headers).putLong(0).putInt(notes.length).putLong(0).putInt(4);
    long[] bytes = new long[areas.size()];
    for (int k = 0; k < bytes.length; k++) {
      Vma area = areas.get(k);
      bytes[k] = dumpBytes(mm, task.limits(), area, filter);
      // PF_X 1, PF_W 2, PF_R 4
      int rights =
          (area.has(VmFlags.READ) ? 4 : 0)
              | (area.has(VmFlags.WRITE) ? 2 : 0)
              | (area.has(VmFlags.EXEC) ? 1 : 0);
      out.putInt(PT_LOAD).putInt((int) at).putInt((int) area.start()).putInt(0);
      out.putInt((int) bytes[k]).putInt((int) (area.end() - area.start()));
      out.putInt(rights).putInt(Ram.PAGE_SIZE);
      at += bytes[k];
    }
    sink.emit(out.array());
    sink.emit(notes);
    sink.skip(-(headers + notes.length) & (Ram.PAGE_SIZE - 1));
    byte[] page = new byte[Ram.PAGE_SIZE];
    for (int k = 0; k < bytes.length; k++) {
      long start = areas.get(k).start();
      for (long done = 0; done < bytes[k] && sink.isGood(); done += Ram.PAGE_SIZE) {
        if (read(mm, task.limits(), areas.get(k), start + done, page)) {
          sink.emit(page);
        } else {
          sink.skip(Ram.PAGE_SIZE);
        }
      }
    }
    sink.end();
  }

  private static long pageEnd(long bytes) {
    return bytes + Ram.PAGE_SIZE - 1 & -Ram.PAGE_SIZE;
  }

  /** {@code get_dump_page}: anonymous memory that nobody touched is not brought in for this. */
  private boolean read(MmStruct mm, RLimits limits, Vma area, long address, byte[] page) {
    if (area.isAnonymous()) {
      long pte = mm.pages().tables().pte(address);
      if (pte == 0 || (Pte.isPresent(pte) && Pte.isSpecial(pte))) {
        return false;
      }
    }
    return remote.read(mm, limits, address, page, 0, page.length) == page.length;
  }

  /** {@code vma_dump_size}: how much of an area is written, from its beginning. */
  private long dumpBytes(MmStruct mm, RLimits limits, Vma area, int filter) {
    long all = area.end() - area.start();
    MappedFile file = area.file();
    if (file != null && file.isSpecialMapping()) {
      return all;
    }
    boolean shared = area.has(VmFlags.SHARED);
    if (area.has(VmFlags.DONTDUMP)) {
      return 0;
    }
    if (area.has(VmFlags.HUGETLB)) {
      return (filter & (shared ? HUGETLB_SHARED : HUGETLB_PRIVATE)) != 0 ? all : 0;
    }
    if (area.has(VmFlags.IO)) {
      return 0;
    }
    if (shared) {
      return (filter & (isNameless(file) ? ANON_SHARED : MAPPED_SHARED)) != 0 ? all : 0;
    }
    if (area.anonVma() != null && (filter & ANON_PRIVATE) != 0) {
      return all;
    }
    if (file == null) {
      return 0;
    }
    if ((filter & MAPPED_PRIVATE) != 0) {
      return all;
    }
    boolean begins =
        (filter & ELF_HEADERS) != 0 && area.pageOffset() == 0 && area.has(VmFlags.READ);
    return begins && (isProgram(file) || isElf(mm, limits, area)) ? Ram.PAGE_SIZE : 0;
  }

  /** Whether a file has no name (any more), as shared anonymous memory has none. */
  private static boolean isNameless(@Nullable MappedFile file) {
    return !(file instanceof OpenFile open) || attributes(open).nlink == 0;
  }

  /** Whether somebody may execute a file. */
  private static boolean isProgram(MappedFile file) {
    return file instanceof OpenFile open && (attributes(open).mode & 0111) != 0;
  }

  private static Kstat attributes(OpenFile file) {
    Kstat attributes = new Kstat();
    file.inode().getattr(attributes);
    return attributes;
  }

  private boolean isElf(MmStruct mm, RLimits limits, Vma area) {
    byte[] start = new byte[MAGIC.length];
    return remote.read(mm, limits, area.start(), start, 0, start.length) == start.length
        && Arrays.equals(start, MAGIC);
  }

  /** {@code struct coredump_params}: where the bytes go, until the limit or the disk ends them. */
  private static final class Sink {
    private final Task task;
    private final OpenFile file;
    private final long limit;
    private long at;
    private long skipped;
    private long written;
    private boolean good = true;

    Sink(Task task, OpenFile file, long limit) {
      this.task = task;
      this.file = file;
      this.limit = limit;
    }

    boolean isGood() {
      return good;
    }

    /** {@code dump_emit}. */
    void emit(byte[] bytes) {
      at += skipped;
      skipped = 0;
      good &= written + bytes.length <= limit;
      if (good) {
        good = task.fileCalls().pwrite(file, bytes, 0, bytes.length, at) == bytes.length;
        at += bytes.length;
        written += bytes.length;
      }
    }

    /** {@code dump_skip}: a hole. */
    void skip(long bytes) {
      skipped += bytes;
    }

    /** A hole at the end needs a byte behind it. */
    void end() {
      if (good && skipped > 0) {
        skipped--;
        emit(new byte[1]);
      }
    }
  }
}
