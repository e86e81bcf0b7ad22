package org.memarium.mm.frame;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;

/**
 * The memory groups of a machine: who pays for a page (Linux 6.1 {@code mm/memcontrol.c}).
 *
 * <pre>
 *   program's page, page of a file, shmem   {@link #charge}          before it enters the LRU lists
 *   page with GFP_ACCOUNT                   {@link #chargeKernel}    by the page allocator
 *   object of a slab                        {@link #chargeObject}    by the byte, with the pointer
 *   place in swap                           {@link #chargeSwap}      to the group of the page
 *
 *   limit reached -> memory.events max -> reclaim in the group, 16 times -> the OOM killer
 * </pre>
 *
 * <p>A charge lasts until the page is free, whoever uses it meanwhile. The root group, number 0,
 * pays for everything else and has no limit; a machine without groups has nothing but the root, and
 * every question is answered at once.
 *
 * <p>Linux charges 64 pages ahead for each processor; the limit counts them. Here nothing is
 * charged ahead: with one processor a charge fails at the very same page.
 */
public final class MemCgroups {
  static final int PAGE_SIZE = Ram.PAGE_SIZE;

  /** In mem_map: the page is the kernel's ({@code MEMCG_DATA_KMEM}), and on no LRU list. */
  static final int KERNEL = 0x80;

  /** {@code MAX_RECLAIM_RETRIES}. */
  private static final int MAX_RECLAIM_RETRIES = 16;

  /** Makes room in a group. */
  public interface Reclaimer {
    /**
     * {@code try_to_free_mem_cgroup_pages}.
     *
     * @param maySwap whether anonymous pages may go too
     * @param proactive whether nobody is short: {@code memory.reclaim}
     * @return how many pages were freed
     */
    long tryToFree(MemCgroup group, long pages, int gfpFlags, boolean maySwap, boolean proactive);
  }

  /** Ends processes of a group. */
  public interface OomKiller {
    /**
     * {@code mem_cgroup_out_of_memory}.
     *
     * @return whether the charge should be tried again
     */
    boolean outOfMemory(MemCgroup group, int gfpFlags, int order);

    /** {@code task_is_dying}, of the task that runs. */
    boolean isDying();
  }

  private final MemMap memMap;
  private final Lru lru;
  private final BooleanSupplier memalloc;
  private final List<MemCgroup> groups = new ArrayList<>();
  private IntSupplier current = () -> 0;
  private @Nullable Reclaimer reclaimer;
  private @Nullable OomKiller oomKiller;
  private boolean on;

  /** {@code set_active_memcg(root)}: what is allocated now is nobody's. */
  private boolean rootPays;

  private boolean reclaiming;

  private final OverHigh overHigh = new OverHigh();

  /**
   * No group yet.
   *
   * @param memalloc {@code PF_MEMALLOC}: whether reclaim or compaction runs
   */
  MemCgroups(MemMap memMap, Lru lru, BooleanSupplier memalloc) {
    this.memMap = memMap;
    this.lru = lru;
    this.memalloc = memalloc;
  }

  /**
   * {@code mem_cgroup_css_alloc}: a group below the root, with the next number.
   *
   * @param path below {@code /sys/fs/cgroup}, such as {@code /program}
   */
  public MemCgroup add(String path) {
    int number = groups.size() + 1;
    MemCgroup group = new MemCgroup(number, path, lru.addGroup(number, 0));
    groups.add(group);
    on = true;
    return group;
  }

  /** Names who knows the group of the task that runs; 0 for none. */
  public void setCurrent(IntSupplier group) {
    current = group;
  }

  /** Names who makes room in a group. */
  public void setReclaimer(Reclaimer reclaimer) {
    this.reclaimer = reclaimer;
  }

  /** Names who ends processes of a group. */
  public void setOomKiller(OomKiller oomKiller) {
    this.oomKiller = oomKiller;
  }

  /** Names who makes the task that runs come by {@link #handleOverHigh} soon. */
  public void setOnOverHigh(Runnable notify) {
    overHigh.setNotify(notify);
  }

  /** Whether there is a group beside the root. */
  public boolean areOn() {
    return on;
  }

  /** The groups beside the root. */
  public List<MemCgroup> all() {
    return List.copyOf(groups);
  }

  /** The group of a number, 1 and up; null for the root. */
  public @Nullable MemCgroup find(int number) {
    return number == 0 ? null : groups.get(number - 1);
  }

  /** {@code mem_cgroup_from_task(current)}: the number of the group of the task that runs. */
  public int current() {
    return on && !rootPays ? current.getAsInt() : 0;
  }

  /**
   * {@code set_active_memcg}: does something for which no group pays, though a task of it runs.
   *
   * @return what the work returned
   */
  public <T> T asRoot(Supplier<T> work) {
    boolean before = rootPays;
    rootPays = true;
    try {
      return work.get();
    } finally {
      rootPays = before;
    }
  }

  /** {@code page_memcg}: the number of the group that pays for a page; 0 for none. */
  public int groupOf(int pfn) {
    return memMap.group(pfn) & ~KERNEL;
  }

  // ---- Pages on the LRU lists ----

  /**
   * {@code mem_cgroup_charge}: a group pays for a page that is on no list yet.
   *
   * @param number of the group; 0 pays nothing
   * @param gfpFlags of the allocation: what may be done to make room
   * @return false if its limit does not allow it
   */
  public boolean charge(int pfn, int number, int gfpFlags) {
    if (number == 0) {
      return true;
    }
    if (!tryCharge(groups.get(number - 1), 1, gfpFlags)) {
      return false;
    }
    memMap.setGroup(pfn, number);
    return true;
  }

  /** {@code mem_cgroup_migrate}: what was charged for a page is charged for another from now on. */
  public void migrate(int from, int to) {
    memMap.setGroup(to, memMap.group(from));
    memMap.setGroup(from, 0);
  }

  // ---- Pages of the kernel ----

  /** {@code __memcg_kmem_charge_page}: false if the limit does not allow it. */
  boolean chargeKernel(int pfn, int order, int gfpFlags) {
    int number = current();
    if (number == 0) {
      return true;
    }
    MemCgroup group = groups.get(number - 1);
    if (!tryCharge(group, 1L << order, gfpFlags)) {
      return false;
    }
    group.countKernel(1L << order);
    memMap.setGroup(pfn, number | KERNEL);
    return true;
  }

  /** {@code account_kernel_stack}: a block that is, or was, the stack of a task. */
  public void countStack(int pfn, long pages) {
    MemCgroup group = find(groupOf(pfn));
    if (group != null) {
      group.countStack(pages);
    }
  }

  /** {@code split_page_memcg}: each frame of a block has its part of the charge. */
  void split(int first, int order) {
    int charged = memMap.group(first);
    for (int pfn = first; pfn < first + (1 << order); pfn++) {
      memMap.setGroup(pfn, charged);
    }
  }

  /** {@code mem_cgroup_uncharge}: a block is free. */
  void uncharge(int pfn, int order) {
    int charged = memMap.group(pfn);
    if (charged == 0) {
      return;
    }
    MemCgroup group = groups.get((charged & ~KERNEL) - 1);
    group.uncharge(1L << order);
    if ((charged & KERNEL) != 0) {
      group.countKernel(-(1L << order));
    }
    memMap.setGroup(pfn, 0);
  }

  // ---- Objects of slabs ----

  /**
   * {@code obj_cgroup_charge}: the group of the task that runs pays for an object.
   *
   * @param bytes of the object and what goes with it
   * @return the group; 0 if nobody pays; -1 if the limit does not allow it
   */
  public int chargeObject(int bytes, boolean reclaimable, int gfpFlags) {
    int number = current();
    if (number == 0) {
      return 0;
    }
    MemCgroup group = groups.get(number - 1);
    if (!group.consumeStock(bytes)) {
      int pages = (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
      if (!tryCharge(group, pages, gfpFlags)) {
        return -1;
      }
      group.countKernel(pages);
      group.refillStock(pages * PAGE_SIZE - bytes);
    }
    group.countObjects(bytes, reclaimable);
    return number;
  }

  /** {@code obj_cgroup_uncharge}: an object that a group paid for is free. */
  public void unchargeObject(int number, int bytes, boolean reclaimable) {
    MemCgroup group = groups.get(number - 1);
    group.countObjects(-bytes, reclaimable);
    group.refillStock(bytes);
    int pages = group.takePagesOfStock();
    group.countKernel(-pages);
    group.uncharge(pages);
  }

  // ---- Swap ----

  /** {@code mem_cgroup_try_charge_swap}: a page gets a place in swap; false if it may not. */
  public boolean chargeSwap(int pfn) {
    MemCgroup group = find(memMap.group(pfn));
    return group == null || group.tryChargeSwap();
  }

  /** {@code mem_cgroup_uncharge_swap}: a place in swap is free that a group's page had. */
  public void unchargeSwap(int number) {
    MemCgroup group = find(number);
    if (group != null) {
      group.unchargeSwap();
    }
  }

  /** {@code mem_cgroup_get_nr_swap_pages}, without regard to what there is. */
  public long swapMargin(int number) {
    MemCgroup group = find(number);
    return group == null ? Long.MAX_VALUE : group.swapMargin();
  }

  // ---- Limits ----

  /** Whether one more page of the task that runs takes none from its group. */
  boolean haveRoom() {
    MemCgroup group = find(current());
    return group == null || group.usage() < Math.min(group.max(), group.high());
  }

  /** {@code try_charge_memcg}. */
  private boolean tryCharge(MemCgroup group, long pages, int gfpFlags) {
    if (group.tryCharge(pages)) {
      noteHigh(group, pages);
      return true;
    }
    return makeRoom(group, pages, gfpFlags);
  }

  private boolean makeRoom(MemCgroup group, long pages, int gfpFlags) {
    // Who reclaims may go beyond the limit: what it allocates will give back more.
    boolean force = reclaiming || memalloc.getAsBoolean();
    boolean raised = false;
    boolean drained = false;
    boolean passedOom = false;
    int retries = MAX_RECLAIM_RETRIES;
    while (!force && (gfpFlags & Gfp.DIRECT_RECLAIM) != 0) {
      group.count(MemCgroup.Event.MAX);
      raised = true;
      long freed = tryToFree(group, pages, gfpFlags, false);
      if (group.margin() < pages) {
        if (!drained) {
          // Linux gives back here what it had charged ahead, and tries once more.
          drained = true;
        } else if ((gfpFlags & Gfp.NORETRY) != 0) {
          break;
        } else if (freed == 0 && retries-- <= 0) {
          if ((gfpFlags & Gfp.RETRY_MAYFAIL) != 0
              || (passedOom && isDying())
              || !outOfMemory(group, pages, gfpFlags)) {
            break;
          }
          passedOom = true;
          retries = MAX_RECLAIM_RETRIES;
        }
      }
      if (group.tryCharge(pages)) {
        noteHigh(group, pages);
        return true;
      }
    }
    if (!force && (gfpFlags & (Gfp.NOFAIL | Gfp.HIGH)) == 0) {
      return false;
    }
    if (!raised) {
      group.count(MemCgroup.Event.MAX);
    }
    group.charge(pages);
    return true;
  }

  private boolean isDying() {
    return oomKiller != null && oomKiller.isDying();
  }

  /** {@code mem_cgroup_oom}. */
  private boolean outOfMemory(MemCgroup group, long pages, int gfpFlags) {
    int order = Long.SIZE - Long.numberOfLeadingZeros(pages - 1);
    if (order > PerCpuPages.COSTLY_ORDER || oomKiller == null) {
      return false;
    }
    group.count(MemCgroup.Event.OOM);
    return group.margin() >= 1L << order || oomKiller.outOfMemory(group, gfpFlags, order);
  }

  private long tryToFree(MemCgroup group, long pages, int gfpFlags, boolean proactive) {
    if (reclaimer == null || reclaiming) {
      return 0;
    }
    reclaiming = true;
    try {
      return reclaimer.tryToFree(group, pages, gfpFlags, true, proactive);
    } finally {
      reclaiming = false;
    }
  }

  /**
   * {@code memory_max_write}: another limit; what is beyond it is reclaimed, and if that is not
   * enough, processes are killed.
   */
  public void setMax(MemCgroup group, long pages) {
    group.setMax(pages);
    int retries = MAX_RECLAIM_RETRIES;
    // Who sets the limit may be its victim: then the rest goes with his end.
    while (group.usage() > pages && !isDying()) {
      if (retries > 0) {
        if (tryToFree(group, group.usage() - pages, Gfp.GFP_KERNEL, false) == 0) {
          retries--;
        }
        continue;
      }
      group.count(MemCgroup.Event.OOM);
      if (oomKiller == null || !oomKiller.outOfMemory(group, Gfp.GFP_KERNEL, 0)) {
        return;
      }
    }
  }

  /** {@code memory_high_write}. */
  public void setHigh(MemCgroup group, long pages) {
    group.setHigh(pages);
    int retries = MAX_RECLAIM_RETRIES;
    while (group.usage() > pages && retries > 0) {
      if (tryToFree(group, group.usage() - pages, Gfp.GFP_KERNEL, false) == 0) {
        retries--;
      }
    }
  }

  /**
   * {@code memory_reclaim}: takes pages from a group that is not short.
   *
   * @return whether so many were freed
   */
  public boolean reclaimProactively(MemCgroup group, long pages) {
    int retries = MAX_RECLAIM_RETRIES;
    long freed = 0;
    while (freed < pages) {
      long now = tryToFree(group, pages - freed, Gfp.GFP_KERNEL, true);
      if (now == 0 && retries-- == 0) {
        return false;
      }
      freed += now;
    }
    return true;
  }

  // ---- memory.high ----

  private void noteHigh(MemCgroup group, long pages) {
    if (!reclaiming) {
      overHigh.charged(group, pages);
    }
  }

  /** Whether {@link #handleOverHigh} has something to do. */
  public boolean isOverHigh() {
    return overHigh.isDue();
  }

  /**
   * {@code mem_cgroup_handle_over_high}: on its way back to the program, a task that charged beyond
   * {@code memory.high} or {@code memory.swap.high} reclaims as much, and waits the longer the
   * further the group is beyond.
   *
   * @return for how many nanoseconds it is to sleep; 0 not at all
   */
  public long handleOverHigh() {
    return overHigh.handle(
        (group, pages) -> tryToFree(group, pages, Gfp.GFP_KERNEL, false), MAX_RECLAIM_RETRIES);
  }

  // ---- Audit ----

  /** Recounts what each group has to pay for. */
  void audit(Audit audit) {
    long[] pages = new long[groups.size() + 1];
    long[] kernel = new long[groups.size() + 1];
    if (groups.isEmpty()) {
      return;
    }
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      int charged = memMap.group(pfn);
      if (charged != 0) {
        int number = charged & ~KERNEL;
        pages[number] += 1L << memMap.order(pfn);
        kernel[number] += (charged & KERNEL) != 0 ? 1L << memMap.order(pfn) : 0;
        if (!memMap.isAllocated(pfn)) {
          audit.difference("group %d pays for %s".formatted(number, memMap.describe(pfn)));
        }
      }
    }
    for (MemCgroup group : groups) {
      long objectBytes = group.objectBytes() + group.stockBytes();
      audit.expectEqual(
          "bytes charged for objects beyond whole pages, group " + group.path(),
          objectBytes % PAGE_SIZE,
          0);
      long forObjects = objectBytes / PAGE_SIZE;
      audit.expectEqual(
          "memory.current of " + group.path(), group.usage(), pages[group.number()] + forObjects);
      audit.expectEqual(
          "kernel pages of " + group.path(),
          group.kernelPages(),
          kernel[group.number()] + forObjects);
    }
  }
}
