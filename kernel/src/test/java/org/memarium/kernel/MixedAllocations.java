package org.memarium.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.memarium.hardware.Ram;
import org.memarium.mm.ZoneType;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.slab.Kmalloc;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabFlags;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.space.RLimits;

/**
 * A random run over all allocators of a machine. Each allocation is stamped at its first and last
 * byte and looked at when it is freed, so that no two can overlap. Times in which memory fills up,
 * until allocations fail, take turns with times in which it empties.
 */
final class MixedAllocations {
  private static final int PAGE = Ram.PAGE_SIZE;
  private static final int[] NO_FRAMES = {};

  /** After so many allocations that failed, more is freed than allocated for a while. */
  private static final int FAILURES_TO_TURN = 300;

  /** What an allocation came from. */
  private enum Kind {
    PAGES,
    KMALLOC,
    CACHE,
    VMALLOC,
    KVMALLOC,
    VMAP,
    VM_MAP_RAM,
    KMAP,
    ANONYMOUS,
    SHARED,
    IOREMAP
  }

  private static final Kind[] KINDS = Kind.values();

  /** What is tried in a hundred operations that allocate. */
  private static final int[] WEIGHTS = {14, 30, 26, 8, 5, 3, 3, 4, 4, 2, 1};

  private static final int[] PAGE_GFP = {
    Gfp.GFP_KERNEL,
    Gfp.GFP_KERNEL | Gfp.ZERO,
    Gfp.GFP_ATOMIC,
    Gfp.GFP_NOWAIT,
    Gfp.GFP_HIGHUSER,
    Gfp.GFP_HIGHUSER_MOVABLE,
    Gfp.GFP_USER | Gfp.RECLAIMABLE,
    Gfp.GFP_KERNEL | Gfp.NORETRY | Gfp.NOWARN,
    Gfp.GFP_KERNEL | Gfp.RETRY_MAYFAIL,
    Gfp.GFP_KERNEL | Gfp.DMA,
    Gfp.GFP_KERNEL | Gfp.COMP
  };

  /** The least there is of kmap's slots, less those that wait to be emptied. */
  private static final int MOST_KMAPS = 300;

  private final Machine machine;
  private final SplittableRandom random;
  private final Kmalloc kmalloc;
  private final List<KmemCache> caches = new ArrayList<>();
  private final MmStruct mm;
  private final Map<Integer, Integer> hog = new TreeMap<>();

  private Kind[] kinds = new Kind[1024];
  private long[] addresses = new long[1024];
  private long[] sizes = new long[1024];
  private long[] stamps = new long[1024];
  private int[][] frames = new int[1024][];
  private int live;
  private int kmaps;
  private long stamp;
  private int failures;
  private int turns;
  private int audits;

  MixedAllocations(Machine machine, long seed) {
    this.machine = machine;
    this.random = new SplittableRandom(seed);
    SlabAllocator slab = machine.slab();
    this.kmalloc = slab.kmalloc();
    int[] objectBytes = {24, 40, 132, 300, 700, 1576, 3000};
    for (int bytes : objectBytes) {
      int flags = bytes % 8 == 0 ? SlabFlags.RECLAIM_ACCOUNT : SlabFlags.HWCACHE_ALIGN;
      caches.add(
          Objects.requireNonNull(slab.kmemCacheCreate("mixed-" + bytes, bytes, 0, flags, null)));
    }
    RLimits limits = RLimits.initial(1000);
    Layout layout =
        machine.memory().allocator().architecture().name().equals("compat")
            ? Layout.COMPAT
            : Layout.I386;
    this.mm = Objects.requireNonNull(MmStruct.allocate(machine.memory(), layout, limits));
    // So kernel memory is reached through a process's page table, and late entries by faults.
    mm.activate();
  }

  /** Takes large blocks until there is little left in each zone, so that memory runs out soon. */
  void leave(int pages) {
    for (Zone zone : machine.memory().allocator().zones()) {
      int gfp = zone.type() == ZoneType.HIGHMEM ? Gfp.GFP_HIGHUSER : Gfp.GFP_KERNEL;
      for (int order = machine.memory().allocator().maxOrder(); order >= 4; order--) {
        while (zone.type() != ZoneType.DMA && zone.freePages() > pages + (1 << order)) {
          int pfn = machine.pages().allocPages(gfp | Gfp.NOWARN, order);
          if (pfn < 0) {
            break;
          }
          hog.put(pfn, order);
        }
      }
    }
  }

  /** Runs, with an audit after each {@code auditEvery} operations and after some that fail. */
  void run(long operations, int auditEvery) {
    boolean filling = true;
    int failuresBefore = 0;
    int most = 0;
    for (long i = 0; i < operations; i++) {
      if (filling && failures - failuresBefore > FAILURES_TO_TURN) {
        filling = false;
        most = live;
        turns++;
      } else if (!filling && live < most / 4) {
        filling = true;
        failuresBefore = failures;
      }
      if (live == 0 || random.nextInt(100) < (filling ? 65 : 30)) {
        allocateSomething();
      } else if (random.nextInt(50) == 0) {
        change(random.nextInt(live));
      } else {
        free(random.nextInt(live));
      }
      if (i % auditEvery == auditEvery - 1) {
        audit();
      }
    }
  }

  /** Frees everything; what programs have goes with their address space. */
  void freeAll() {
    for (int index = live - 1; index >= 0; index--) {
      if (kinds[index] != Kind.ANONYMOUS && kinds[index] != Kind.SHARED) {
        free(index);
      }
    }
    hog.forEach((pfn, order) -> machine.pages().freePages(pfn, order));
    mm.exit();
    machine.mmu().loadCr3(machine.memory().kernelPageTable().pgd());
    audit();
  }

  private void audit() {
    machine.audit();
    audits++;
  }

  // ---- Allocation ----

  private void allocateSomething() {
    int dice = random.nextInt(100);
    int kind = 0;
    while (dice >= WEIGHTS[kind]) {
      dice -= WEIGHTS[kind++];
    }
    int before = live;
    switch (KINDS[kind]) {
      case PAGES -> pages();
      case KMALLOC -> kmalloc();
      case CACHE -> cache();
      case VMALLOC -> vmalloc();
      case KVMALLOC -> kvmalloc();
      case VMAP, VM_MAP_RAM -> map(KINDS[kind]);
      case KMAP -> kmap();
      case ANONYMOUS, SHARED -> mmap(KINDS[kind]);
      case IOREMAP -> ioremap();
    }
    if (live == before) {
      failures++;
      if (failures % 500 == 0) {
        audit();
      }
    }
  }

  private void pages() {
    int order = random.nextInt(4) == 0 ? random.nextInt(11) : random.nextInt(3);
    int pfn = machine.pages().allocPages(PAGE_GFP[random.nextInt(PAGE_GFP.length)], order);
    if (pfn >= 0) {
      enter(Kind.PAGES, pfn, order, NO_FRAMES);
      stampFrames(live - 1);
    }
  }

  private int smallSize() {
    return 1 + random.nextInt(1 << (3 + random.nextInt(8)));
  }

  private void kmalloc() {
    long bytes = random.nextInt(20) == 0 ? 1 + random.nextInt(1 << 17) : smallSize();
    int gfp = random.nextInt(8) == 0 ? Gfp.GFP_ATOMIC : Gfp.GFP_KERNEL;
    long address = kmalloc.kmalloc(bytes, random.nextInt(30) == 0 ? gfp | Gfp.DMA : gfp);
    if (address != 0) {
      enter(Kind.KMALLOC, address, bytes, NO_FRAMES);
      stampMemory(live - 1);
    }
  }

  private void cache() {
    int index = random.nextInt(caches.size());
    KmemCache cache = caches.get(index);
    if (random.nextInt(4) > 0) {
      cacheObject(index, cache.alloc(random.nextBoolean() ? Gfp.GFP_KERNEL : Gfp.GFP_ATOMIC));
      return;
    }
    long[] objects = new long[1 + random.nextInt(20)];
    int got = cache.allocBulk(Gfp.GFP_KERNEL, objects.length, objects);
    for (int i = 0; i < got; i++) {
      cacheObject(index, objects[i]);
    }
  }

  private void cacheObject(int index, long address) {
    if (address != 0) {
      enter(Kind.CACHE, address, caches.get(index).objectSize(), new int[] {index});
      stampMemory(live - 1);
    }
  }

  private void vmalloc() {
    long bytes =
        random.nextInt(40) == 0
            ? (long) PAGE * (1000 + random.nextInt(2000))
            : 1 + random.nextInt(24 * PAGE);
    long align = random.nextInt(5) == 0 ? 1L << random.nextInt(18) : 1;
    int gfp = random.nextInt(6) == 0 ? Gfp.GFP_KERNEL | Gfp.ZERO : Gfp.GFP_KERNEL;
    entered(Kind.VMALLOC, machine.vmalloc().vmalloc(bytes, align, gfp, 0, "mixed"), bytes);
  }

  private void kvmalloc() {
    long bytes = 1 + random.nextLong(40 * PAGE);
    entered(Kind.KVMALLOC, machine.kvMalloc().kvmalloc(bytes, Gfp.GFP_KERNEL, "mixed"), bytes);
  }

  private void ioremap() {
    entered(
        Kind.IOREMAP, machine.vmalloc().ioremap(0xb_8000, 1 + random.nextInt(PAGE), "mixed"), 1);
  }

  private void entered(Kind kind, long address, long bytes) {
    if (address != 0) {
      enter(kind, address, bytes, NO_FRAMES);
      if (kind != Kind.IOREMAP) {
        stampMemory(live - 1);
      }
    }
  }

  /** A few frames, one by one, and one address for all. */
  private void map(Kind kind) {
    int[] pfns = new int[1 + random.nextInt(kind == Kind.VMAP ? 12 : 40)];
    for (int i = 0; i < pfns.length; i++) {
      pfns[i] = machine.pages().allocPages(Gfp.GFP_HIGHUSER, 0);
      if (pfns[i] < 0) {
        freeFrames(Arrays.copyOf(pfns, i));
        return;
      }
    }
    long address =
        kind == Kind.VMAP
            ? machine.vmalloc().vmap(pfns, "mixed")
            : machine.vmalloc().vmMapRam(pfns);
    if (address == 0) {
      freeFrames(pfns);
      return;
    }
    enter(kind, address, (long) pfns.length * PAGE, pfns);
    stampMemory(live - 1);
  }

  private void freeFrames(int[] pfns) {
    for (int pfn : pfns) {
      machine.pages().freePages(pfn, 0);
    }
  }

  private void kmap() {
    int pfn = kmaps < MOST_KMAPS ? machine.pages().allocPages(Gfp.GFP_HIGHUSER, 0) : -1;
    if (pfn >= 0) {
      kmaps++;
      enter(Kind.KMAP, machine.kmap().kmap(pfn), PAGE, new int[] {pfn});
      stampMemory(live - 1);
    }
  }

  /** Memory of a program, of which some pages are touched. */
  private void mmap(Kind kind) {
    long bytes = (long) PAGE * (1 + random.nextInt(60));
    int flags = kind == Kind.SHARED ? MmapFlags.MAP_SHARED : MmapFlags.MAP_PRIVATE;
    int prot = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;
    long address = mm.mmap(0, bytes, prot, flags | MmapFlags.MAP_ANONYMOUS, null, 0);
    if (address > 0) {
      enter(kind, address, bytes, NO_FRAMES);
      touch(live - 1);
    }
  }

  private void touch(int index) {
    for (long at = 0; at < sizes[index]; at += PAGE) {
      int dice = random.nextInt(4);
      if (dice < 3 && machine.faults().gup().getUserPage(mm, addresses[index] + at, dice < 2) < 0) {
        failures++;
        return;
      }
    }
  }

  // ---- The table ----

  private void enter(Kind kind, long address, long size, int[] pfns) {
    if (live == kinds.length) {
      kinds = Arrays.copyOf(kinds, 2 * live);
      addresses = Arrays.copyOf(addresses, 2 * live);
      sizes = Arrays.copyOf(sizes, 2 * live);
      stamps = Arrays.copyOf(stamps, 2 * live);
      frames = Arrays.copyOf(frames, 2 * live);
    }
    kinds[live] = kind;
    addresses[live] = address;
    sizes[live] = size;
    frames[live] = pfns;
    live++;
  }

  private void stampMemory(int index) {
    stamps[index] = ++stamp;
    machine.kernelMemory().writeByte(addresses[index], (int) stamp);
    machine.kernelMemory().writeByte(addresses[index] + sizes[index] - 1, (int) stamp);
  }

  private void stampFrames(int index) {
    stamps[index] = ++stamp;
    Ram ram = machine.memory().allocator().ram();
    ram.putLong(addresses[index] << Ram.PAGE_SHIFT, stamp);
    ram.putLong(((addresses[index] + (1L << sizes[index])) << Ram.PAGE_SHIFT) - 8, stamp);
  }

  private void checkMemory(int index) {
    int first = machine.kernelMemory().readByte(addresses[index]);
    int last = machine.kernelMemory().readByte(addresses[index] + sizes[index] - 1);
    check(index, (byte) first == (byte) stamps[index] && (byte) last == (byte) stamps[index]);
  }

  private void check(int index, boolean right) {
    if (!right) {
      throw new AssertionError(
          "%s at 0x%x of 0x%x bytes lost its stamp %d"
              .formatted(kinds[index], addresses[index], sizes[index], stamps[index]));
    }
  }

  /** krealloc, or more pages of a program touched. */
  private void change(int index) {
    if (kinds[index] == Kind.KMALLOC) {
      checkMemory(index);
      long bytes = smallSize();
      long address = kmalloc.krealloc(addresses[index], bytes, Gfp.GFP_KERNEL);
      if (address != 0) {
        addresses[index] = address;
        sizes[index] = bytes;
        stampMemory(index);
      }
    } else if (kinds[index] == Kind.ANONYMOUS || kinds[index] == Kind.SHARED) {
      touch(index);
    }
  }

  private void free(int index) {
    long address = addresses[index];
    switch (kinds[index]) {
      case PAGES -> {
        Ram ram = machine.memory().allocator().ram();
        long end = (address + (1L << sizes[index])) << Ram.PAGE_SHIFT;
        check(
            index,
            ram.getLong(address << Ram.PAGE_SHIFT) == stamps[index]
                && ram.getLong(end - 8) == stamps[index]);
        machine.pages().freePages((int) address, (int) sizes[index]);
      }
      case KMALLOC -> {
        checkMemory(index);
        kmalloc.kfree(address);
      }
      case CACHE -> {
        checkMemory(index);
        caches.get(frames[index][0]).free(address);
      }
      case VMALLOC -> {
        checkMemory(index);
        machine.vmalloc().vfree(address);
      }
      case KVMALLOC -> {
        checkMemory(index);
        machine.kvMalloc().kvfree(address);
      }
      case VMAP -> {
        checkMemory(index);
        machine.vmalloc().vunmap(address);
        freeFrames(frames[index]);
      }
      case VM_MAP_RAM -> {
        checkMemory(index);
        machine.vmalloc().vmUnmapRam(address, frames[index].length);
        freeFrames(frames[index]);
      }
      case KMAP -> {
        checkMemory(index);
        kmaps--;
        machine.kmap().kunmap(frames[index][0]);
        freeFrames(frames[index]);
      }
      case ANONYMOUS, SHARED -> {
        // An area that must be split needs a descriptor, for which there may be no memory.
        if (mm.munmap(address, sizes[index]) != 0) {
          failures++;
          return;
        }
      }
      case IOREMAP -> machine.vmalloc().iounmap(address);
    }
    live--;
    kinds[index] = kinds[live];
    addresses[index] = addresses[live];
    sizes[index] = sizes[live];
    stamps[index] = stamps[live];
    frames[index] = frames[live];
  }

  // ---- What happened ----

  /** Allocations that failed. */
  int failures() {
    return failures;
  }

  int audits() {
    return audits;
  }

  /** How often memory was full and became emptier again. */
  int turns() {
    return turns;
  }
}
