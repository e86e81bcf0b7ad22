package org.memarium.oracle;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/**
 * Chooses addresses and lengths, where something may go wrong: at the bounds of areas that are
 * there, of pages, of the address space, and now and then far from any sense.
 */
final class Places {
  private static final int PAGE = 4096;

  /** A stretch of 64 pages in which most of it happens, so that areas meet. */
  private static final long ARENA = 0x1000_0000L;

  private static final int ARENA_PAGES = 64;

  private static final int HUGE_PAGE = 2 << 20;

  /** Where huge pages of both sizes may lie; below and above it they may, too. */
  private static final long HUGE_ARENA = 0x4000_0000L;

  private static final long[] EDGES = {
    0, 0x1000, 0x1_0000, 0x5555_5000L, 0x5655_5000L, 0xffff_d000L, 0xffff_e000L, 0xffff_f000L
  };

  private static final int[] HUGE = {
    0x1000_0000, 0x4000_0000, 0x8000_0000, 0xf000_0000, 0xffff_f000, 0xffff_ffff, 0x7fff_ffff
  };

  private final SplittableRandom random;

  Places(SplittableRandom random) {
    this.random = random;
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  /** One of the areas; null if there is none. */
  @Nullable Vma area(MmStruct mm) {
    int index = random.nextInt(mm.areas());
    Vma area = mm.firstArea();
    while (area != null && index-- > 0) {
      area = area.next();
    }
    return area;
  }

  /** Somewhere, at a page's start as a rule. */
  long address(MmStruct mm) {
    long at =
        switch (random.nextInt(20)) {
          case 0, 1, 2, 3, 4, 5, 6, 7 -> ARENA + (long) PAGE * random.nextInt(ARENA_PAGES);
          case 8, 9, 10, 11, 12, 13 -> nearArea(mm);
          case 14, 15 -> inArea(mm);
          case 16 -> mm.unmappedArea().mmapBase() - (long) PAGE * random.nextInt(64);
          case 17 -> mm.heap().currentBrk() + (long) PAGE * random.nextInt(-4, 5);
          case 18 -> mm.parts().startStack() - (long) PAGE * random.nextInt(80);
          default -> EDGES[random.nextInt(EDGES.length)];
        };
    at &= 0xffff_f000L;
    return at + (oneIn(40) ? random.nextInt(PAGE) : 0);
  }

  private long nearArea(MmStruct mm) {
    Vma area = area(mm);
    if (area == null) {
      return ARENA;
    }
    long bound = random.nextBoolean() ? area.start() : area.end();
    return bound + (long) PAGE * random.nextInt(-2, 3);
  }

  /** A page of an area, one of its first. */
  long inArea(MmStruct mm) {
    Vma area = area(mm);
    if (area == null) {
      return ARENA;
    }
    long pages = (area.end() - area.start()) / PAGE;
    return area.start() + PAGE * random.nextLong(Math.min(pages, 64));
  }

  /** How much from an address on. */
  int length(MmStruct mm, long at) {
    return switch (random.nextInt(40)) {
      case 0 -> 0;
      case 1 -> senselessLength();
      case 2, 3 -> random.nextInt(8 * PAGE);
      case 4, 5, 6 -> PAGE * random.nextInt(1, 64);
      case 7, 8, 9, 10 -> toBound(mm, at);
      default -> PAGE * random.nextInt(1, 9);
    };
  }

  /** One that nobody has. */
  int senselessLength() {
    return HUGE[random.nextInt(HUGE.length)];
  }

  /** To the end of an area that lies there, or a little more or less. */
  int toBound(MmStruct mm, long at) {
    Vma area = mm.findVma(at);
    if (area == null || area.end() <= at) {
      return PAGE;
    }
    return (int) (area.end() - at) + PAGE * random.nextInt(-1, 2);
  }

  /** Where a mapping of huge pages may be asked for. */
  long hugeAddress(MmStruct mm) {
    return switch (random.nextInt(8)) {
      case 0, 1 -> 0;
      case 2 -> HUGE_ARENA * random.nextInt(4);
      case 3 -> address(mm);
      case 4 -> address(mm) & -HUGE_PAGE;
      default -> HUGE_ARENA + (long) HUGE_PAGE * random.nextInt(6);
    };
  }

  /** How much of it. */
  int hugeLength() {
    return oneIn(3) ? HUGE_PAGE * random.nextInt(4) : random.nextInt(3 * HUGE_PAGE);
  }
}
