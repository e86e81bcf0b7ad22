package org.memarium.bench;

import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Mmu;
import org.memarium.mm.Architecture;
import org.memarium.mm.ZoneType;
import org.memarium.mm.compaction.Compaction;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.CompactPriority;
import org.memarium.mm.frame.CompactResult;
import org.memarium.mm.frame.Compactor;
import org.memarium.mm.frame.FragmentationIndex;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.reclaim.Reclaim;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.VmStatItem;

/**
 * A workload that lets free memory fall into pieces: blocks of random orders that live for random
 * times, with and without migrate types, with and without compaction.
 *
 * <pre>
 *   part of RAM   what                        order   freed                        flags
 *      2 %        unmovable, short-lived      0 to 3  soon                         GFP_KERNEL
 *      8 %        unmovable, long-lived       0 to 3  late                         GFP_KERNEL
 *     12 %        reclaimable                 0 to 1  in between, or when short    + RECLAIMABLE
 *   40 to 66 %    movable, in groups of up    0       all of a group at once       GFP_HIGHUSER_MOVABLE
 *                 to 64 pages
 * </pre>
 *
 * <p>At every step one of the four is chosen by weight and gets a block; where it has more than its
 * part, one of its blocks is freed at random, so that lifetimes are geometric.
 *
 * <p>Load comes and goes: in each cycle movable pages fill memory up to nine tenths, and become
 * fewer again. After some cycles, at the low end of each, so many blocks of order 9 or 10 are asked
 * for as make up half of the free memory, or 16 of order 3 for the kernel, and given back; what
 * part of them is there is the success (Mel Gorman's {@code stress-highalloc} asks the same of
 * Linux).
 */
final class Fragmentation {
  /**
   * How long it runs.
   *
   * @param warmupCycles before the first that is measured
   * @param cycles that are measured; in each one order is asked for
   * @param steps at high load, and again at low load, of a cycle
   */
  record Scale(int ramMib, int warmupCycles, int cycles, int steps) {
    static final Scale FULL = new Scale(512, 10, 60, 25_000);
    static final Scale SMALL = new Scale(256, 2, 8, 8_000);
  }

  /**
   * What came out; success in percent, indices in thousandths.
   *
   * @param mixedBlocks pageblocks in percent that hold both pages that can be moved and others
   * @param usableAtEnd free memory in percent that order 9 can use at the end of the run, after
   *     {@code compact_memory} where there is compaction
   * @param pagesMoved by migration
   */
  record Figures(
      double success3,
      double success9,
      double success10,
      double unusable9,
      double extfrag9,
      double mixedBlocks,
      double usableAtEnd,
      long pagesMoved) {}

  private static final int[] ORDERS = {3, 9, 10};
  private static final int GROUP_ORDER = 6;
  private static final int HIGH_LOAD_PERCENT = 66;
  private static final int LOW_LOAD_PERCENT = 40;

  /** How many blocks of order 3 are asked for: the kernel never wants half of memory at once. */
  private static final int KERNEL_BLOCKS = 16;

  private static final int PROBE_GFP = Gfp.GFP_KERNEL | Gfp.NORETRY | Gfp.NOWARN;

  private final Memory memory;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final MovableOwner movable;
  private final SplittableRandom random;
  private final @Nullable Compaction compaction;
  private final Kernel[] kernels;
  private final Groups groups;

  private Fragmentation(Scale scale, long seed, boolean migrateTypes, boolean useCompaction) {
    memory = Memory.boot(Architecture.I386, scale.ramMib);
    allocator = memory.allocator();
    memMap = allocator.memMap();
    random = new SplittableRandom(seed);
    Mmu mmu = new Mmu(memory.ram(), Architecture.I386.pageTableFormat(), 64, 4);
    SlabAllocator slab = new SlabAllocator(allocator, SlabConfig.LINUX_6_1, new KernelLog());
    PageCache pageCache = new PageCache(allocator, slab);
    MemoryManager manager = new MemoryManager(allocator, memory.kernel(), mmu, pageCache, slab);
    Reclaim reclaim = new Reclaim(manager);
    movable = new MovableOwner(allocator, reclaim.movablePages());
    allocator.setGroupByMobility(migrateTypes);
    compaction = useCompaction ? reclaim.compaction() : null;
    if (!useCompaction) {
      allocator.slowPath().setCompactor(new NoCompaction());
    }
    int pages = (int) allocator.node().totalRamPages();
    Kernel shortLived = new Kernel(Gfp.GFP_KERNEL, 3, pages / 50, 60);
    Kernel longLived = new Kernel(Gfp.GFP_KERNEL, 3, pages * 8 / 100, 4);
    Kernel reclaimable = new Kernel(Gfp.GFP_KERNEL | Gfp.RECLAIMABLE, 1, pages * 12 / 100, 16);
    kernels = new Kernel[] {shortLived, longLived, reclaimable};
    groups = new Groups(pages, 20);
    allocator.slowPath().setReclaimer((gfpFlags, order) -> reclaimable.shrink());
  }

  /** Compaction that never finds a zone suitable. */
  private static final class NoCompaction implements Compactor {
    @Override
    public CompactResult tryToCompactPages(
        int gfpFlags, int order, int allocFlags, int highestZone, CompactPriority priority) {
      return CompactResult.SKIPPED;
    }

    @Override
    public int takeCapturedPage() {
      return -1;
    }

    @Override
    public boolean zonelistSuitable(int order, int highestZone, int allocFlags) {
      return false;
    }

    @Override
    public void deferReset(Zone zone, int order, boolean success) {
      // Nothing is deferred.
    }
  }

  // ---- Who allocates ----

  /** Blocks of the kernel, of one kind. */
  private final class Kernel {
    private final int gfpFlags;
    private final int maxOrder;
    private final int quotaPages;
    private final int weight;
    private final int[] pfns;
    private final byte[] orders;
    private int blocks;
    private int pages;

    Kernel(int gfpFlags, int maxOrder, int quotaPages, int weight) {
      this.gfpFlags = gfpFlags | Gfp.NORETRY | Gfp.NOWARN;
      this.maxOrder = maxOrder;
      this.quotaPages = quotaPages;
      this.weight = weight;
      this.pfns = new int[quotaPages + 8];
      this.orders = new byte[quotaPages + 8];
    }

    void step() {
      // Each order is half as frequent as the one below.
      int order = Math.min(maxOrder, Integer.numberOfTrailingZeros(random.nextInt() | 1 << 30));
      int pfn = allocator.allocPages(gfpFlags, order);
      if (pfn >= 0) {
        pfns[blocks] = pfn;
        orders[blocks++] = (byte) order;
        pages += 1 << order;
      }
      while (pages > quotaPages) {
        freeOne();
      }
    }

    private int freeOne() {
      int at = random.nextInt(blocks);
      int order = orders[at];
      allocator.freePages(pfns[at], order);
      pfns[at] = pfns[--blocks];
      orders[at] = orders[blocks];
      pages -= 1 << order;
      return 1 << order;
    }

    /** The shrinker: gives back 32 pages or a little more. */
    int shrink() {
      int freed = 0;
      while (freed < 32 && blocks > 0) {
        freed += freeOne();
      }
      return freed;
    }
  }

  /** Groups of pages that can be moved; the pages of a group come and go together. */
  private final class Groups {
    private final int weight;
    private final int[][] slots;
    private int size;
    private int pages;
    private int quotaPages;

    Groups(int mostPages, int weight) {
      this.weight = weight;
      this.slots = new int[mostPages + 1][];
    }

    void step() {
      int[] group = new int[1 << random.nextInt(GROUP_ORDER + 1)];
      int got = 0;
      while (got < group.length) {
        int slot = movable.allocate(Gfp.GFP_HIGHUSER_MOVABLE | Gfp.NORETRY | Gfp.NOWARN);
        if (slot < 0) {
          break;
        }
        group[got++] = slot;
      }
      if (got == group.length) {
        slots[size++] = group;
        pages += got;
      } else {
        for (int i = 0; i < got; i++) {
          movable.free(group[i]);
        }
      }
      while (pages > quotaPages) {
        int at = random.nextInt(size);
        for (int slot : slots[at]) {
          movable.free(slot);
        }
        pages -= slots[at].length;
        slots[at] = slots[--size];
      }
    }
  }

  private void step() {
    int total = groups.weight;
    for (Kernel kernel : kernels) {
      total += kernel.weight;
    }
    int choice = random.nextInt(total);
    for (Kernel kernel : kernels) {
      choice -= kernel.weight;
      if (choice < 0) {
        kernel.step();
        return;
      }
    }
    groups.step();
  }

  // ---- Measuring ----

  /** Runs the workload on a machine of its own. */
  static Figures run(Scale scale, long seed, boolean migrateTypes, boolean compaction) {
    Fragmentation run = new Fragmentation(scale, seed, migrateTypes, compaction);
    try {
      return run.measure(scale);
    } finally {
      run.memory.ram().close();
    }
  }

  private Figures measure(Scale scale) {
    for (int i = 0; i < scale.warmupCycles; i++) {
      cycle(scale.steps);
    }
    Zone zone = largestZone();
    int[] asked = new int[ORDERS.length];
    int[] got = new int[ORDERS.length];
    long unusable = 0;
    long extfrag = 0;
    double mixed = 0;
    for (int i = 0; i < scale.cycles; i++) {
      cycle(scale.steps);
      unusable += FragmentationIndex.unusableFreeIndex(zone, 9);
      extfrag += FragmentationIndex.fragmentationIndex(zone, 9);
      mixed += mixedBlocks(zone);
      int which = i % ORDERS.length;
      int half = (int) ((allocator.node().freePages() / 2) >> ORDERS[which]);
      int wanted = ORDERS[which] > 3 ? half : Math.min(half, KERNEL_BLOCKS);
      asked[which] += wanted;
      got[which] += obtain(ORDERS[which], wanted);
    }
    return new Figures(
        100.0 * got[0] / asked[0],
        100.0 * got[1] / asked[1],
        100.0 * got[2] / asked[2],
        (double) unusable / scale.cycles,
        (double) extfrag / scale.cycles,
        mixed / scale.cycles,
        usableAtEnd(zone),
        allocator.vmStat().get(VmStatItem.PGMIGRATE_SUCCESS));
  }

  private double usableAtEnd(Zone zone) {
    if (compaction != null) {
      compaction.compactNodes();
    }
    allocator.node().drainAllPages();
    return 100 - FragmentationIndex.unusableFreeIndex(zone, 9) / 10.0;
  }

  /** Load rises and falls. */
  private void cycle(int steps) {
    int pages = (int) allocator.node().totalRamPages();
    groups.quotaPages = pages * HIGH_LOAD_PERCENT / 100;
    for (int i = 0; i < steps; i++) {
      step();
    }
    groups.quotaPages = pages * LOW_LOAD_PERCENT / 100;
    for (int i = 0; i < steps; i++) {
      step();
    }
  }

  /** Asks for blocks and gives them back; how many there were. */
  private int obtain(int order, int wanted) {
    int gfp = order > 3 ? PROBE_GFP | Gfp.MOVABLE : PROBE_GFP;
    int[] blocks = new int[wanted];
    int got = 0;
    for (int i = 0; i < wanted; i++) {
      int pfn = allocator.allocPages(gfp, order);
      if (pfn >= 0) {
        blocks[got++] = pfn;
      }
    }
    for (int i = 0; i < got; i++) {
      allocator.freePages(blocks[i], order);
    }
    return got;
  }

  private Zone largestZone() {
    Zone largest = null;
    for (Zone zone : allocator.zones()) {
      if (zone.type() == ZoneType.NORMAL) {
        largest = zone;
      }
    }
    return Objects.requireNonNull(largest);
  }

  /** Pageblocks, in percent, that hold pages that can be moved and pages that cannot. */
  private double mixedBlocks(Zone zone) {
    int blockPages = zone.pageblocks().pages();
    int blocks = 0;
    int mixed = 0;
    for (int start = (zone.startPfn() + blockPages - 1) & -blockPages;
        start + blockPages <= zone.endPfn();
        start += blockPages) {
      boolean hasMovable = false;
      boolean hasOther = false;
      boolean reserved = false;
      for (int pfn = start; pfn < start + blockPages && !(hasMovable && hasOther); pfn++) {
        int flags = memMap.flags(pfn);
        reserved |= (flags & PageFlags.RESERVED) != 0;
        hasMovable |= (flags & PageFlags.MOVABLE) != 0;
        hasOther |= (flags & (PageFlags.ALLOCATED | PageFlags.MOVABLE)) == PageFlags.ALLOCATED;
      }
      if (!reserved) {
        blocks++;
        mixed += hasMovable && hasOther ? 1 : 0;
      }
    }
    return 100.0 * mixed / blocks;
  }
}
