package org.memarium.mm.swap;

import java.util.function.Consumer;
import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.vmalloc.KvMalloc;
import org.memarium.mm.vmalloc.Vmalloc;

/**
 * What {@code swapon} makes of a device, from its {@link SwapHeader}: the map of slots, the
 * clusters and the memory that they take (Linux 6.1 {@code mm/swapfile.c}, {@code
 * read_swap_header}, {@code setup_swap_map_and_extents}).
 */
final class SwapAreaSetup {
  /** {@code SWAPFILE_CLUSTER}: of a 32-bit kernel, and of one with {@code CONFIG_THP_SWAP}. */
  private static final int SHORT_CLUSTER_SLOTS = 256;

  private static final int LONG_CLUSTER_SLOTS = 512;

  /** {@code SWAP_CLUSTER_COLS}: clusters in 64 MiB. */
  private static final int TREE_SLOTS = 1 << SwapCache.TREE_SHIFT;

  // ---- Sizes of Linux's objects ----
  private static final int CLUSTER_INFO_BYTES = 8;
  private static final int EXTENT_BYTES = 32;

  private final PageAllocator allocator;
  private final SwapCache cache;
  private final SlotScan scan;
  private final PageTableFormat format;
  private final Vmalloc vmalloc;
  private final KvMalloc memory;
  private final Consumer<String> log;
  private final int clusterSlots;
  private final int pointerBytes;

  /**
   * For the areas of a machine.
   *
   * @param scan tells where a device without seeks is begun
   * @param log told what is wrong with a device
   */
  SwapAreaSetup(
      PageAllocator allocator,
      SwapCache cache,
      SlotScan scan,
      PageTableFormat format,
      Vmalloc vmalloc,
      KvMalloc memory,
      Consumer<String> log) {
    this.allocator = allocator;
    this.cache = cache;
    this.scan = scan;
    this.format = format;
    this.vmalloc = vmalloc;
    this.memory = memory;
    this.log = log;
    this.clusterSlots = clusterSlots(format);
    this.pointerBytes = format.entryBytes() == Integer.BYTES ? Integer.BYTES : Long.BYTES;
  }

  /** How many slots a cluster has. */
  static int clusterSlots(PageTableFormat format) {
    return format.entryBytes() == Integer.BYTES ? SHORT_CLUSTER_SLOTS : LONG_CLUSTER_SLOTS;
  }

  /**
   * Makes an area of a device.
   *
   * @return 0; -EINVAL if it has no {@link SwapHeader} that says how large it is; -ENOMEM; -EIO. Of
   *     a failure {@link #tearDown} gives back what it took
   */
  int setUp(SwapInfo area, SwapDevice device) {
    int pfn = allocator.allocPage(Gfp.GFP_KERNEL);
    if (pfn < 0) {
      return -Errno.ENOMEM;
    }
    try {
      if (device.pages() == 0) {
        return -Errno.EINVAL;
      }
      int error = device.read(0, allocator.ram(), pfn);
      return error != 0 ? error : setUp(area, device, SwapHeader.of(allocator.ram(), pfn));
    } finally {
      allocator.freePages(pfn, 0);
    }
  }

  private int setUp(SwapInfo area, SwapDevice device, SwapHeader header) {
    long slotCount = readHeader(device, header);
    if (slotCount == 0) {
      return -Errno.EINVAL;
    }
    area.max = (int) slotCount;
    area.pages = area.max - 1;
    area.inUse = 0;
    area.lowestBit = 1;
    area.highestBit = area.max - 1;
    area.clusterNext = 1;
    area.clusterNr = 0;
    area.solidState = !device.isRotational();
    SwapMap map = SwapMap.allocate(allocator, vmalloc, slotCount);
    if (map == null) {
      return -Errno.ENOMEM;
    }
    area.set(device, map);
    if (area.solidState) {
      area.clusterNext = 1 + scan.random(area.highestBit);
      SwapClusters clusters = new SwapClusters(area.max, clusterSlots);
      area.clusters = clusters;
      long bytes = (long) clusters.size() * CLUSTER_INFO_BYTES;
      area.clusterMemory = memory.kvzalloc(bytes, Gfp.GFP_KERNEL);
      if (area.clusterMemory == 0) {
        return -Errno.ENOMEM;
      }
    }
    int error = markBad(area, header);
    if (error != 0) {
      return error;
    }
    area.extentMemory = memory.kvzalloc(EXTENT_BYTES, Gfp.GFP_KERNEL);
    if (area.extentMemory == 0) {
      return -Errno.ENOMEM;
    }
    return cache.addArea(area.type, area.max, memory, pointerBytes) ? 0 : -Errno.ENOMEM;
  }

  /** {@code read_swap_header}: how many slots the area has, 0 if that is no swap area. */
  private long readHeader(SwapDevice device, SwapHeader header) {
    if (!header.hasSignature()) {
      log.accept("Unable to find swap-space signature");
      return 0;
    }
    if (header.version() != 1) {
      log.accept("Unable to handle swap header version %d".formatted(header.version()));
      return 0;
    }
    long last = header.lastPage();
    if (last == 0) {
      log.accept("Empty swap-file");
      return 0;
    }
    long most = Math.min(SwapEntry.maxSwapPages(format), 1L << SwapAreas.OFFSET_BITS);
    if (last > most) {
      log.accept(
          "Truncating oversized swap area, only using %dk out of %dk"
              .formatted(most << 2, last << 2));
    }
    long pages = most > last ? last + 1 : most;
    if (pages > device.pages()) {
      log.accept("Swap area shorter than signature indicates");
      return 0;
    }
    long bad = header.badPageCount();
    return bad > SwapHeader.MAX_BAD_PAGES || (bad > 0 && device.isFile()) ? 0 : pages;
  }

  /** {@code setup_swap_map_and_extents}. */
  private int markBad(SwapInfo area, SwapHeader header) {
    SwapMap map = area.map();
    SwapClusters clusters = area.clusters;
    for (int i = 0; i < header.badPageCount(); i++) {
      long page = header.badPage(i);
      if (page == 0 || page > header.lastPage()) {
        return -Errno.EINVAL;
      }
      if (page < area.max && map.get((int) page) == 0) {
        map.set((int) page, SwapMap.BAD);
        area.pages--;
        if (clusters != null) {
          clusters.markBad((int) page);
        }
      }
    }
    if (area.pages <= 0) {
      log.accept("Empty swap-file");
      return -Errno.EINVAL;
    }
    map.set(0, SwapMap.BAD);
    if (clusters != null) {
      clusters.markBad(0);
      int columns = TREE_SLOTS / clusterSlots;
      clusters.begin(columns, area.clusterNext / clusterSlots % columns);
    }
    return 0;
  }

  /** Gives back what an area took from the machine. */
  void tearDown(SwapInfo area) {
    cache.removeArea(area.type, memory);
    if (area.hasMap()) {
      area.map().free();
    }
    if (area.clusterMemory != 0) {
      memory.kvfree(area.clusterMemory);
    }
    if (area.extentMemory != 0) {
      memory.kvfree(area.extentMemory);
    }
    area.clear();
  }
}
