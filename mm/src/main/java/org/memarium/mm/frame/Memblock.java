package org.memarium.mm.frame;

import java.util.ArrayList;
import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;

/**
 * {@code struct memblock}: who has which RAM before there is a page allocator.
 *
 * <p>What is taken here is taken for ever, {@code .init} of the kernel apart. Allocation is
 * top-down, from the highest low memory (Linux {@code mm/memblock.c}). {@link PageAllocator#boot}
 * frees the rest.
 */
public final class Memblock {
  /** Linux keeps the first MiB to itself, because firmware is known to scribble there. */
  private static final long FIRST_MIB = 1 << 20;

  private static final String INIT = "Kernel init";

  private final Architecture architecture;
  private final PhysicalMemoryMap map;
  private final KernelImage kernelImage;

  /** Ordered by address, disjoint, on page boundaries. */
  private final List<Region> reserved = new ArrayList<>();

  private boolean closed;

  /**
   * Reserved RAM.
   *
   * @param name what for
   * @param startPfn its first frame
   * @param endPfn the first frame after it
   */
  public record Region(String name, int startPfn, int endPfn) {}

  /**
   * The state after {@code setup_arch}: the first MiB, the kernel image and the page tables that it
   * made for itself (its brk, behind the image) are reserved.
   *
   * @param map of the RAM that is there
   */
  public Memblock(Architecture architecture, PhysicalMemoryMap map) {
    this(architecture, map, KernelImage.forRam(map.ramBytes()));
  }

  /**
   * The same with a given kernel.
   *
   * @throws IllegalStateException if it overlaps the first MiB
   */
  public Memblock(Architecture architecture, PhysicalMemoryMap map, KernelImage kernelImage) {
    this.architecture = architecture;
    this.map = map;
    this.kernelImage = kernelImage;
    reserve("first MiB", 0, FIRST_MIB);
    for (KernelImage.Part part : kernelImage.parts()) {
      reserve(part.name(), part.start(), part.end());
    }
    reserve(INIT, kernelImage.initStart(), kernelImage.initEnd());
    long brk = kernelImage.parts().getLast().end();
    long tables = architecture.earlyPageTables(brk) * (long) Ram.PAGE_SIZE;
    reserve("early page tables", brk, brk + tables);
  }

  /** The architecture that it was made for. */
  public Architecture architecture() {
    return architecture;
  }

  /** Where RAM lies. */
  public PhysicalMemoryMap map() {
    return map;
  }

  /** Where the kernel lies. */
  public KernelImage kernelImage() {
    return kernelImage;
  }

  /** What is reserved so far, lowest first. */
  public List<Region> reserved() {
    return List.copyOf(reserved);
  }

  /** {@code max_low_pfn}: the first frame after the last one of RAM in the direct map. */
  public int maxLowPfn() {
    return (int) Math.min(map.maxPfn(), architecture.lowMemoryBytes() >>> Ram.PAGE_SHIFT);
  }

  /** Reserves the pages that hold the addresses from {@code start} to {@code end}, exclusive. */
  private void reserve(String name, long start, long end) {
    int startPfn = (int) (start >>> Ram.PAGE_SHIFT);
    int endPfn = (int) ((end + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT);
    int at = 0;
    while (at < reserved.size() && reserved.get(at).startPfn() < startPfn) {
      at++;
    }
    boolean overlapsBefore = at > 0 && reserved.get(at - 1).endPfn() > startPfn;
    boolean overlapsAfter = at < reserved.size() && reserved.get(at).startPfn() < endPfn;
    if (startPfn == endPfn) {
      return;
    }
    if (closed || overlapsBefore || overlapsAfter) {
      throw new IllegalStateException(
          "cannot reserve frames 0x%x to 0x%x for %s: %s"
              .formatted(
                  startPfn, endPfn, name, closed ? "the page allocator has them" : reserved));
    }
    reserved.add(at, new Region(name, startPfn, endPfn));
  }

  /**
   * {@code memblock_alloc}: takes pages for ever, from the top of low memory.
   *
   * @param name what for
   * @param pages how many, in one piece
   * @param alignPages alignment of the first, a power of two
   * @return the first frame; its bytes are zero, as all RAM is at boot
   * @throws IllegalArgumentException if RAM is too small, in one line
   */
  public int allocate(String name, int pages, int alignPages) {
    int limit = maxLowPfn();
    for (int i = reserved.size() - 1; i >= -1; i--) {
      int gapStart = i >= 0 ? reserved.get(i).endPfn() : 0;
      int gapEnd =
          Math.min(limit, i + 1 < reserved.size() ? reserved.get(i + 1).startPfn() : limit);
      int pfn = highestIn(gapStart, gapEnd, pages, alignPages);
      if (pfn >= 0) {
        reserve(name, (long) pfn << Ram.PAGE_SHIFT, (long) (pfn + pages) << Ram.PAGE_SHIFT);
        return pfn;
      }
    }
    throw new IllegalArgumentException(
        "RAM of %d MiB is too little: no room for %,d pages of %s"
            .formatted(map.ramBytes() >> 20, pages, name));
  }

  private int highestIn(int gapStart, int gapEnd, int pages, int alignPages) {
    for (int i = map.ranges().size() - 1; i >= 0; i--) {
      PhysicalMemoryMap.Range range = map.ranges().get(i);
      if (range.kind() == PhysicalMemoryMap.Kind.RAM) {
        int start = Math.max(gapStart, firstPfn(range));
        int pfn = (Math.min(gapEnd, endPfn(range)) - pages) & -alignPages;
        if (pfn >= start) {
          return pfn;
        }
      }
    }
    return -1;
  }

  /** The first whole frame of a range. */
  static int firstPfn(PhysicalMemoryMap.Range range) {
    return Math.toIntExact((range.start() + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT);
  }

  /** The first frame that is not wholly in a range. */
  static int endPfn(PhysicalMemoryMap.Range range) {
    return Math.toIntExact(range.end() >>> Ram.PAGE_SHIFT);
  }

  /**
   * {@code free_initmem}: what the kernel needed only to boot is not reserved any more.
   *
   * @return what that was
   */
  Region releaseInit() {
    for (Region region : reserved) {
      if (region.name().equals(INIT)) {
        reserved.remove(region);
        return region;
      }
    }
    throw new IllegalStateException("the kernel's .init is not reserved: " + reserved);
  }

  /** From now on the page allocator has the rest: nothing can be reserved any more. */
  void close() {
    closed = true;
  }
}
