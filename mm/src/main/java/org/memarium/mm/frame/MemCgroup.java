package org.memarium.mm.frame;

/**
 * {@code struct mem_cgroup}: a group of processes whose memory is counted together, and limited
 * (Linux 6.1 {@code mm/memcontrol.c}, cgroup v2). All sizes are in pages.
 *
 * <pre>
 *   0        min        low           high          max
 *   +---------+----------+-------------+-------------+
 *    never     only if     free to      whoever       reclaim at once,
 *    taken     all others  take         charges       then the OOM killer
 *              have none                reclaims and waits
 * </pre>
 *
 * <p>Objects of slabs are charged by the byte: the rest of the last page that was charged for them
 * is kept for the next ones.
 */
@SuppressWarnings("EnumOrdinal") // a place in the array here, never stored
public final class MemCgroup {
  /** {@code PAGE_COUNTER_MAX}, written {@code max}. */
  public static final long UNLIMITED = Integer.MAX_VALUE;

  /** What {@code memory.events} counts. */
  public enum Event {
    /** Reclaimed although it was below {@code memory.low}. */
    LOW,
    /** Reclaimed because it was above {@code memory.high}. */
    HIGH,
    /** A charge would have gone beyond {@code memory.max}. */
    MAX,
    /** The OOM killer was called for it. */
    OOM,
    /** A process of it was killed for want of memory. */
    OOM_KILL,
    /** All of it was. */
    OOM_GROUP_KILL,
    /** A charge went beyond {@code memory.swap.high}. */
    SWAP_HIGH,
    /** A page was refused a place in swap by {@code memory.swap.max}. */
    SWAP_MAX,
    /** A page found no place in swap. */
    SWAP_FAIL
  }

  private final int number;
  private final String name;
  private final Lruvec lruvec;
  private final long[] events = new long[Event.values().length];

  // ---- Limits ----
  private long max = UNLIMITED;
  private long high = UNLIMITED;
  private long low;
  private long min;
  private long swapMax = UNLIMITED;
  private long swapHigh = UNLIMITED;
  private boolean oomGroup;

  // ---- What is charged ----
  private long usage;
  private long peak;
  private long failures;
  private long kernel;
  private long stacks;
  private long swapUsage;
  private long swapFailures;
  private long objectBytes;
  private long reclaimableObjectBytes;

  /** {@code stock->nr_bytes}: charged for objects, and of no object. */
  private int stockBytes;

  MemCgroup(int number, String name, Lruvec lruvec) {
    this.number = number;
    this.name = name;
    this.lruvec = lruvec;
  }

  /** Its number, which {@link MemMap#group} tells of a page; 1 and up. */
  public int number() {
    return number;
  }

  /** Its path below {@code /sys/fs/cgroup}, such as {@code /program}. */
  public String path() {
    return name;
  }

  /** Its lists. */
  public Lruvec lruvec() {
    return lruvec;
  }

  // ---- Limits ----

  /** {@code memory.max}: no charge goes beyond it. */
  public long max() {
    return max;
  }

  /** See {@link #max()}. */
  public void setMax(long pages) {
    max = pages;
  }

  /** {@code memory.high}: whoever charges beyond it reclaims, and is slowed down. */
  public long high() {
    return high;
  }

  /** See {@link #high()}. */
  public void setHigh(long pages) {
    high = pages;
  }

  /** {@code memory.low}: what is not reclaimed as long as others have something. */
  public long low() {
    return low;
  }

  /** See {@link #low()}. */
  public void setLow(long pages) {
    low = pages;
  }

  /** {@code memory.min}: what is never reclaimed. */
  public long min() {
    return min;
  }

  /** See {@link #min()}. */
  public void setMin(long pages) {
    min = pages;
  }

  /** {@code memory.swap.max}. */
  public long swapMax() {
    return swapMax;
  }

  /** See {@link #swapMax()}. */
  public void setSwapMax(long pages) {
    swapMax = pages;
  }

  /** {@code memory.swap.high}. */
  public long swapHigh() {
    return swapHigh;
  }

  /** See {@link #swapHigh()}. */
  public void setSwapHigh(long pages) {
    swapHigh = pages;
  }

  /** {@code memory.oom.group}: whether all of it is killed where one of it would be. */
  public boolean isOomGroup() {
    return oomGroup;
  }

  /** See {@link #isOomGroup()}. */
  public void setOomGroup(boolean on) {
    oomGroup = on;
  }

  // ---- Events ----

  /** {@code memcg_memory_event}. */
  public void count(Event event) {
    events[event.ordinal()]++;
  }

  /** How often it has happened. */
  public long events(Event event) {
    return events[event.ordinal()];
  }

  // ---- Charges ----

  /** {@code memory.current}: pages that are charged. */
  public long usage() {
    return usage;
  }

  /** {@code memory.peak}: the most that were at once. */
  public long peak() {
    return peak;
  }

  /** {@code memory.failcnt}: charges that the limit refused. */
  public long failures() {
    return failures;
  }

  /** {@code memory.kmem}: pages of the kernel among the charged ones. */
  public long kernelPages() {
    return kernel;
  }

  /** {@code mem_cgroup_margin}: how many more may be charged. */
  public long margin() {
    return Math.max(0, max - usage);
  }

  /** {@code page_counter_try_charge}. */
  boolean tryCharge(long pages) {
    if (usage + pages > max) {
      failures++;
      return false;
    }
    charge(pages);
    return true;
  }

  /** {@code page_counter_charge}: whatever the limit says. */
  void charge(long pages) {
    usage += pages;
    peak = Math.max(peak, usage);
  }

  /** {@code page_counter_uncharge}. */
  void uncharge(long pages) {
    usage -= pages;
    if (usage < 0) {
      throw new IllegalStateException("group %s has %d pages charged".formatted(name, usage));
    }
  }

  /** Of what is charged, so many pages more are the kernel's; negative: fewer. */
  void countKernel(long pages) {
    kernel += pages;
  }

  void countStack(long pages) {
    stacks += pages;
  }

  /** {@code kernel_stack}: pages of stacks among those of the kernel. */
  public long stackPages() {
    return stacks;
  }

  // ---- Objects ----

  /** {@code consume_obj_stock}: takes bytes out of what is charged already. */
  boolean consumeStock(int bytes) {
    if (stockBytes < bytes) {
      return false;
    }
    stockBytes -= bytes;
    return true;
  }

  /** {@code refill_obj_stock}: bytes that were charged are of no object. */
  void refillStock(int bytes) {
    stockBytes += bytes;
  }

  /** Whole pages of the stock, beyond the first, which can be uncharged; they leave it. */
  int takePagesOfStock() {
    if (stockBytes <= MemCgroups.PAGE_SIZE) {
      return 0;
    }
    int pages = stockBytes / MemCgroups.PAGE_SIZE;
    stockBytes %= MemCgroups.PAGE_SIZE;
    return pages;
  }

  /** The stock's bytes. */
  int stockBytes() {
    return stockBytes;
  }

  /** So many bytes more are objects of slabs; negative: fewer. */
  void countObjects(int bytes, boolean reclaimable) {
    objectBytes += bytes;
    reclaimableObjectBytes += reclaimable ? bytes : 0;
  }

  /** {@code slab}: bytes of objects, as they are charged. */
  public long objectBytes() {
    return objectBytes;
  }

  /** {@code slab_reclaimable}. */
  public long reclaimableObjectBytes() {
    return reclaimableObjectBytes;
  }

  // ---- Swap ----

  /** {@code memory.swap.current}: pages that have a place in swap. */
  public long swapUsage() {
    return swapUsage;
  }

  /** {@code swap: failcnt}: places that the limit refused. */
  public long swapFailures() {
    return swapFailures;
  }

  /** How many more pages may have a place in swap. */
  public long swapMargin() {
    return Math.max(0, swapMax - swapUsage);
  }

  /** {@code __mem_cgroup_try_charge_swap}. */
  boolean tryChargeSwap() {
    if (swapUsage >= swapMax) {
      swapFailures++;
      count(Event.SWAP_MAX);
      count(Event.SWAP_FAIL);
      return false;
    }
    swapUsage++;
    return true;
  }

  /** {@code __mem_cgroup_uncharge_swap}. */
  void unchargeSwap() {
    if (--swapUsage < 0) {
      throw new IllegalStateException("group %s has no page in swap".formatted(name));
    }
  }
}
