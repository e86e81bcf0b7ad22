package org.memarium.kernel.exec;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.process.UserMemory;
import org.memarium.mm.Errno;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.space.VmFlags;

/**
 * Maps the segments of a program, and of its interpreter, into an address space; Linux 6.18 {@code
 * fs/binfmt_elf.c}, {@code load_elf_binary}, {@code elf_load}, {@code load_elf_interp}.
 */
final class ElfLoader {
  private static final int BASE_RANDOM_PAGES = 1 << 8;

  private final MmStruct mm;
  private final UserMemory memory;
  private final Layout layout;
  private final @Nullable RandomGenerator random;
  private final long taskSize;

  private long programEntry;
  private long headers;
  private long interpreterBase;
  private long entry;
  private long startCode = Long.MAX_VALUE;
  private long endCode;
  private long startData;
  private long endData;
  private long endBss;

  /**
   * Loads into a new address space, which the MMU has loaded.
   *
   * @param random null: no randomisation
   */
  ElfLoader(MmStruct mm, UserMemory memory, @Nullable RandomGenerator random) {
    this.mm = mm;
    this.memory = memory;
    this.layout = mm.layout();
    this.random = random;
    this.taskSize = mm.placement().taskSize();
  }

  /** AT_ENTRY: where the program begins, whoever runs first. */
  long programEntry() {
    return programEntry;
  }

  /** Where the processor begins: in the interpreter, if there is one. */
  long entry() {
    return entry;
  }

  /** AT_PHDR: the program headers in memory, or what would be their address at file offset 0. */
  long headers() {
    return headers;
  }

  /** AT_BASE: where the interpreter was loaded; 0 without one. */
  long interpreterBase() {
    return interpreterBase;
  }

  /**
   * Maps the program.
   *
   * @param interpreter whether another file will run first
   * @throws ExecException with the error that the process would have died of
   */
  void loadProgram(ElfFile elf, MappedFile file, boolean interpreter) {
    long bias = 0;
    boolean first = true;
    for (ElfSegment segment : elf.segments()) {
      if (!segment.isLoad()) {
        continue;
      }
      int flags = MmapFlags.MAP_PRIVATE;
      long totalBytes = 0;
      if (!first) {
        flags |= MmapFlags.MAP_FIXED;
      } else if (elf.type() == ElfFile.ET_EXEC) {
        flags |= MmapFlags.MAP_FIXED_NOREPLACE;
      } else {
        totalBytes = elf.totalBytes();
        bias = bias(elf, file, segment, interpreter, totalBytes);
        if (bias != 0) {
          flags |= MmapFlags.MAP_FIXED_NOREPLACE;
        }
        bias = (bias - segment.address()) & -(long) Ram.PAGE_SIZE;
        if (totalBytes == 0) {
          throw failure(elf, segment, -Errno.EINVAL);
        }
      }
      long at = load(elf, file, segment, bias + segment.address(), flags, totalBytes);
      if (first) {
        first = false;
        if (elf.type() == ElfFile.ET_DYN) {
          bias += at - pageStart(bias + segment.address());
        }
      }
      note(elf, segment);
    }
    shift(bias);
    programEntry = (elf.entry() + bias) & 0xffff_ffffL;
    headers = headers + bias;
    entry = programEntry;
    if (!interpreter && entry >= taskSize) {
      throw new ExecException(
          Errno.EINVAL, "%s: damaged: entry point 0x%x".formatted(elf.name(), entry));
    }
    mm.parts().setCodeAndData(startCode, endCode, startData, endData);
    biasOfProgram = bias;
  }

  private long biasOfProgram;

  /** Where a program for any address goes; 0: wherever mmap says. */
  private long bias(
      ElfFile elf, MappedFile file, ElfSegment first, boolean interpreter, long totalBytes) {
    long alignment = elf.maximumAlignment();
    if (interpreter) {
      long base = mm.placement().elfEtDynBase();
      if (random != null) {
        base += (long) random.nextInt(BASE_RANDOM_PAGES) << Ram.PAGE_SHIFT;
      }
      return alignment == 0 ? base : base & -alignment;
    }
    if (alignment <= Ram.PAGE_SIZE) {
      return 0;
    }
    // Looks for room that the alignment cannot spoil, and gives it back at once.
    long at = load(elf, file, first, 0, MmapFlags.MAP_PRIVATE, totalBytes + alignment);
    long _ = mm.munmap(at, pageEnd(first.fileBytes() + offsetInPage(first.address())));
    return (at + alignment - 1) & -alignment;
  }

  /** Checks a segment and counts it in, as linked. */
  private void note(ElfFile elf, ElfSegment segment) {
    long start = segment.address();
    if (segment.offset() <= elf.headersOffset()
        && elf.headersOffset() - segment.offset() < segment.fileBytes()) {
      headers = elf.headersOffset() - segment.offset() + start;
    }
    if (start >= taskSize
        || segment.fileBytes() > segment.memoryBytes()
        || segment.memoryBytes() > taskSize
        || taskSize - segment.memoryBytes() < start) {
      throw failure(elf, segment, -Errno.EINVAL);
    }
    boolean code = (segment.flags() & ElfSegment.EXECUTE) != 0;
    if (code && start < startCode) {
      startCode = start;
    }
    startData = Math.max(startData, start);
    long endOfFile = start + segment.fileBytes();
    if (code) {
      endCode = Math.max(endCode, endOfFile);
    }
    endData = Math.max(endData, endOfFile);
    endBss = Math.max(endBss, start + segment.memoryBytes());
  }

  private void shift(long bias) {
    startCode = startCode == Long.MAX_VALUE ? 0 : startCode + bias;
    endCode += bias;
    startData += bias;
    endData += bias;
    endBss += bias;
  }

  /**
   * Maps the interpreter, which then begins.
   *
   * @throws ExecException with the error that the process would have died of
   */
  void loadInterpreter(ElfFile elf, MappedFile file) {
    long totalBytes = elf.totalBytes();
    if (totalBytes == 0) {
      throw new ExecException(Errno.EINVAL, elf.name() + ": damaged: nothing to load");
    }
    long bias = 0;
    boolean placed = false;
    for (ElfSegment segment : elf.segments()) {
      if (!segment.isLoad()) {
        continue;
      }
      int flags = MmapFlags.MAP_PRIVATE;
      if (elf.type() == ElfFile.ET_EXEC || placed) {
        flags |= MmapFlags.MAP_FIXED;
      } else if (biasOfProgram != 0) {
        bias = -segment.address();
      }
      long at = load(elf, file, segment, bias + segment.address(), flags, totalBytes);
      totalBytes = 0;
      if (!placed && elf.type() == ElfFile.ET_DYN) {
        bias = at - pageStart(segment.address());
        placed = true;
      }
      long start = bias + segment.address();
      if (start >= taskSize
          || segment.fileBytes() > segment.memoryBytes()
          || segment.memoryBytes() > taskSize
          || taskSize - segment.memoryBytes() < start) {
        throw failure(elf, segment, -Errno.ENOMEM);
      }
    }
    interpreterBase = bias;
    entry = bias + elf.entry();
    if (entry >= taskSize) {
      throw new ExecException(
          Errno.EINVAL, "%s: damaged: entry point 0x%x".formatted(elf.name(), entry));
    }
  }

  /**
   * {@code elf_load}: maps one segment, zeroes the rest of its last page, and gives it its bss.
   *
   * @param totalBytes 0, or how much room all segments need: the first finds it for all
   * @return the address of the page where the segment begins
   */
  private long load(
      ElfFile elf, MappedFile file, ElfSegment segment, long address, int flags, long totalBytes) {
    int prot = protection(segment);
    long inPage = offsetInPage(segment.address());
    long mapped = pageStart(address);
    if (segment.fileBytes() != 0) {
      mapped = map(file, segment, address, prot, flags, totalBytes);
      if (Errno.isError(mapped) || mapped >= taskSize) {
        throw failure(elf, segment, Errno.isError(mapped) ? mapped : -Errno.EINVAL);
      }
      if (segment.memoryBytes() > segment.fileBytes()) {
        long end = mapped + inPage + segment.fileBytes();
        byte[] zeroes = new byte[(int) (pageEnd(end) - end)];
        int zeroed = memory.copyToUser(end, zeroes, 0, zeroes.length);
        // A page that is not writable keeps what the file has there.
        if (zeroed < zeroes.length && (prot & MmapFlags.PROT_WRITE) != 0) {
          throw failure(elf, segment, -Errno.EFAULT);
        }
      }
    }
    if (segment.memoryBytes() > segment.fileBytes()) {
      long start = pageEnd(mapped + (segment.fileBytes() == 0 ? 0 : inPage + segment.fileBytes()));
      long end = pageEnd(mapped + inPage + segment.memoryBytes());
      int executable = (prot & MmapFlags.PROT_EXEC) != 0 ? VmFlags.EXEC : 0;
      long result = mm.heap().vmBrkFlags(start, end - start, executable);
      if (result < 0) {
        throw failure(elf, segment, result);
      }
    }
    return mapped;
  }

  /** {@code elf_map}. */
  private long map(
      MappedFile file, ElfSegment segment, long address, int prot, int flags, long totalBytes) {
    long inPage = offsetInPage(segment.address());
    long bytes = pageEnd(segment.fileBytes() + inPage);
    long offset = segment.offset() - inPage;
    if (offsetInPage(offset) != 0) {
      return -Errno.EINVAL;
    }
    long pageOffset = (offset & 0xffff_ffffL) >>> Ram.PAGE_SHIFT;
    long at = pageStart(address) & 0xffff_ffffL;
    if (totalBytes == 0) {
      return mm.mmap(at, bytes, prot, flags, file, pageOffset);
    }
    long room = pageEnd(totalBytes);
    long mapped = mm.mmap(at, room, prot, flags, file, pageOffset);
    if (!Errno.isError(mapped) && room > bytes) {
      long _ = mm.munmap(mapped + bytes, room - bytes);
    }
    return mapped;
  }

  /**
   * Where the heap begins: behind the program's bss; for a program for any address without an
   * interpreter where programs with one are, since it lies among the mappings itself.
   */
  void placeBrk(ElfFile elf, boolean interpreter) {
    boolean moved = elf.type() == ElfFile.ET_DYN && !interpreter;
    long brk = pageEnd(moved ? mm.placement().elfEtDynBase() : endBss);
    if (random != null) {
      brk = layout.randomBrk(moved ? brk : brk + Ram.PAGE_SIZE, random);
    }
    mm.heap().setBrk(brk, brk);
  }

  private static int protection(ElfSegment segment) {
    int flags = segment.flags();
    return ((flags & ElfSegment.READ) != 0 ? MmapFlags.PROT_READ : 0)
        | ((flags & ElfSegment.WRITE) != 0 ? MmapFlags.PROT_WRITE : 0)
        | ((flags & ElfSegment.EXECUTE) != 0 ? MmapFlags.PROT_EXEC : 0);
  }

  private static ExecException failure(ElfFile elf, ElfSegment segment, long result) {
    return new ExecException(
        (int) -result,
        "%s: cannot be loaded: %s for the segment at 0x%x, %d bytes"
            .formatted(elf.name(), Errno.name(result), segment.address(), segment.memoryBytes()));
  }

  private static long pageStart(long address) {
    return address & -(long) Ram.PAGE_SIZE;
  }

  private static long pageEnd(long address) {
    return (address + Ram.PAGE_SIZE - 1) & -(long) Ram.PAGE_SIZE;
  }

  private static long offsetInPage(long address) {
    return address & (Ram.PAGE_SIZE - 1);
  }
}
