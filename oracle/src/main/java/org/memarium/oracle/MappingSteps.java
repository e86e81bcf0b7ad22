package org.memarium.oracle;

import static org.memarium.mm.space.MmapFlags.MAP_HUGETLB;
import static org.memarium.mm.space.MmapFlags.MAP_NORESERVE;
import static org.memarium.mm.space.MmapFlags.MREMAP_DONTUNMAP;
import static org.memarium.mm.space.MmapFlags.MREMAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_MAYMOVE;

import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/** Chooses calls on areas, of any address and length. */
final class MappingSteps {
  private static final int PAGE = Situation.PAGE;

  private static final int[] PROTS = {
    0, 1, 3, 3, 3, 3, 5, 7, 2, 4, 0x0100_0003, 0x0200_0001, 8, 16
  };

  private static final int[] MAPS = {
    0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x21, 0x21, 0x21, 0x23, 0x20, 0x24, 0x02, 0x02, 0x01,
    0x01, 0x01, 0x03, 0x28, 0x08
  };

  private static final int[] MAP_EXTRAS = {
    0x100,
    0x2000,
    0x4000,
    0x8000,
    0x1_8000,
    0x1_0000,
    0x2_0000,
    0x4_0000,
    0x8_0000,
    0x40,
    0x80,
    0x200,
    0x800,
    0x1000,
    0x200_0000,
    0x400_0000,
    0x4000_0000
  };

  private static final int[] ADVICES = {
    0, 1, 2, 3, 4, 4, 4, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    102, 103, 103, 26, 5, 99, -1
  };

  /** How seldom a mapping is of huge pages. */
  private static final int HUGE_ONE_IN = 12;

  private final Situation now;

  MappingSteps(Situation now) {
    this.now = now;
  }

  void choose(MemoryCall call) {
    switch (call) {
      case MMAP2 -> mmap2();
      case MMAP -> mmap();
      case MUNMAP, MLOCK, MUNLOCK -> range(call);
      case MPROTECT -> range(call, now.oneIn(30) ? now.anything() : now.pick(PROTS));
      case MREMAP -> mremap();
      case BRK -> brk();
      case MADVISE -> range(call, now.pick(ADVICES));
      case MLOCK2 -> range(call, now.pick(0, 1, 1, 2));
      case MINCORE -> {
        range(call, now.oneIn(20) ? (int) now.address() : Situation.BUFFER);
        now.lookAt(Situation.BUFFER, 16);
      }
      case MSYNC -> range(call, now.pick(0, 1, 2, 4, 4, 5, 6, 8));
      case REMAP_FILE_PAGES ->
          range(call, now.pick(0, 0, 0, 1), now.between(-1, 8), now.pick(0, 0, 0x1_0000, 0x10));
      case MSEAL -> range(call, now.pick(0, 0, 0, 1));
      default -> throw new IllegalStateException("no call on areas: " + call);
    }
  }

  private void range(MemoryCall call, int... more) {
    long at = now.address();
    int bytes = now.length(at);
    if (now.oneIn(5)) {
      // An area, the whole of it.
      Vma area = now.area();
      if (area != null) {
        at = area.start();
        bytes = (int) (area.end() - area.start());
      }
    }
    int[] arguments = new int[2 + more.length];
    arguments[0] = (int) at;
    arguments[1] = bytes;
    System.arraycopy(more, 0, arguments, 2, more.length);
    now.add(call, arguments);
  }

  private void mmap2() {
    now.add(MemoryCall.MMAP2, now.oneIn(HUGE_ONE_IN) ? hugeMapping() : mapping());
  }

  /** The call of old, whose arguments are in memory, the offset in bytes. */
  private void mmap() {
    int[] arguments = mapping();
    arguments[5] = arguments[5] * PAGE + (now.oneIn(8) ? 1 : 0);
    now.write(Situation.STRUCTURES, arguments);
    now.add(MemoryCall.MMAP, now.pointer(Situation.STRUCTURES, 4 * arguments.length));
  }

  /** The arguments of mmap2. */
  private int[] mapping() {
    long at = now.oneIn(4) ? 0 : now.address();
    int flags = now.pick(MAPS);
    if (now.oneIn(2)) {
      flags |= now.oneIn(4) ? 0x10_0000 : 0x10;
    }
    while (now.oneIn(4)) {
      flags |= now.pick(MAP_EXTRAS);
    }
    if (now.oneIn(60)) {
      flags = now.anything();
    }
    int fd = (flags & 0x20) != 0 ? -1 : now.descriptor();
    int offset = now.oneIn(3) ? now.below(8) : 0;
    if (now.oneIn(50)) {
      offset = now.anything();
    }
    return new int[] {(int) at, now.length(at), now.pick(PROTS), flags, fd, offset};
  }

  /** Huge pages, of an anonymous file or of a descriptor. */
  private int[] hugeMapping() {
    int size = now.pick(0, 0, 0, 21, 30, 22) << 26;
    int flags = now.pick(MAPS) | size | (now.oneIn(5) ? 0 : MAP_HUGETLB);
    flags |= now.oneIn(6) ? 0 : MAP_NORESERVE;
    flags |= now.oneIn(3) ? now.pick(0x10, 0x10_0000, 0x2000, 0x8000) : 0;
    int fd = (flags & 0x20) != 0 ? -1 : now.descriptor();
    int offset = now.pick(0, 0, 0, 512, 512, 1, 0x4_0000, 0x3_fe00);
    int at = (int) now.places().hugeAddress(now.mm());
    return new int[] {at, now.places().hugeLength(), now.pick(PROTS), flags, fd, offset};
  }

  private void mremap() {
    MmStruct mm = now.mm();
    long at = now.oneIn(3) ? now.address() : now.places().inArea(mm);
    int bytes = now.oneIn(3) ? now.places().toBound(mm, at) : now.length(at);
    if (now.oneIn(20)) {
      bytes = 0;
    }
    int newBytes = now.oneIn(4) ? bytes : now.length(at);
    int flags =
        now.pick(
            0,
            MREMAP_MAYMOVE,
            MREMAP_MAYMOVE,
            MREMAP_MAYMOVE | MREMAP_FIXED,
            MREMAP_MAYMOVE | MREMAP_FIXED,
            MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
            MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
            now.oneIn(4) ? now.below(16) : 1);
    if ((flags & MREMAP_DONTUNMAP) != 0 && !now.oneIn(8)) {
      newBytes = bytes;
    }
    now.add(MemoryCall.MREMAP, (int) at, bytes, newBytes, flags, (int) now.address());
  }

  private void brk() {
    MmStruct mm = now.mm();
    long at =
        switch (now.below(8)) {
          case 0 -> 0;
          case 1 -> now.address();
          case 2 -> mm.heap().startBrk() + now.between(-PAGE, 2 * PAGE);
          default -> mm.heap().currentBrk() + now.between(-6 * PAGE, 8 * PAGE);
        };
    now.add(MemoryCall.BRK, (int) at);
  }
}
