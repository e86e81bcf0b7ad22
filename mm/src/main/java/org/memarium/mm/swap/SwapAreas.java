package org.memarium.mm.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.vmalloc.KvMalloc;
import org.memarium.mm.vmalloc.Vmalloc;

/**
 * {@code swap_info[]}: the swap areas of a machine, turned on and off, and their slots, handed out
 * by priority (Linux 6.1 {@code mm/swapfile.c}).
 *
 * <p>Slots are numbers: the area's type in bits 26 to 30, and the page on it below. So an area has
 * 2^26 pages, 256 GiB, at most, and no more than the offset of an entry has bits for.
 */
public final class SwapAreas {
  static final int OFFSET_BITS = 26;
  static final int OFFSET_MASK = (1 << OFFSET_BITS) - 1;

  /** {@code SWAP_FLAG_PREFER}: the low 15 bits are a priority. */
  public static final int FLAG_PREFER = 0x8000;

  /** {@code SWAP_FLAG_PRIO_MASK}. */
  public static final int FLAG_PRIORITY_MASK = 0x7fff;

  /** {@code SWAP_FLAG_DISCARD}. */
  public static final int FLAG_DISCARD = 0x10000;

  /** {@code SWAP_FLAG_DISCARD_ONCE}, {@code SWAP_FLAG_DISCARD_PAGES}. */
  private static final int FLAGS_DISCARD_WHAT = 0x60000;

  /** {@code SWAP_FLAGS_VALID}. */
  public static final int FLAGS_VALID =
      FLAG_PREFER | FLAG_PRIORITY_MASK | FLAG_DISCARD | FLAGS_DISCARD_WHAT;

  // ---- Sizes of Linux's objects, by the bytes of a pointer ----
  private static final int INFO_BYTES_PER_POINTER_BYTE = 64;

  private final PageAllocator allocator;
  private final Swap swap;
  private final SwapCache cache;
  private final int pointerBytes;
  private final List<SwapInfo> infos = new ArrayList<>();

  /** {@code swap_active_head}: by priority, the highest first. */
  private final List<SwapInfo> active = new ArrayList<>();

  /** {@code swap_avail_heads}: those that are not full. */
  private final List<SwapInfo> available = new ArrayList<>();

  private final SlotScan scan;
  private final int[] offsets = new int[SwapSlots.SIZE];
  private final SwapSlots slots = new SwapSlots(this);
  private @Nullable SwapAreaSetup setup;
  private @Nullable KvMalloc kvMalloc;
  private @Nullable KernelLog log;
  private @Nullable SwapCharge charge;

  /** {@code nr_swap_pages}: below 0 while an area is being turned off. */
  private long freePages;

  private long totalPages;
  private int leastPriority = -1;

  /** {@code nr_rotate_swap}. */
  private int rotational;

  /** {@code proc_poll_event}. */
  private int changes;

  SwapAreas(PageAllocator allocator, Swap swap, SwapCache cache) {
    this.allocator = allocator;
    this.swap = swap;
    this.cache = cache;
    boolean shortEntries = swap.format().entryBytes() == Integer.BYTES;
    this.pointerBytes = shortEntries ? Integer.BYTES : Long.BYTES;
    this.scan =
        new SlotScan(
            new ScanHost(), SwapAreaSetup.clusterSlots(swap.format()), new SwapInfo(-1, 0));
  }

  /** What a search for slots asks. */
  private final class ScanHost implements SlotScan.Host {
    @Override
    public boolean isFull() {
      return SwapAreas.this.isFull();
    }

    @Override
    public boolean reclaim(SwapInfo area, int offset) {
      return swap.reclaimSlot(slot(area.type, offset));
    }

    @Override
    public void full(SwapInfo area) {
      available.remove(area);
    }
  }

  // ---- Numbers ----

  static int slot(int type, int offset) {
    return type << OFFSET_BITS | offset;
  }

  static int type(int slot) {
    return slot >>> OFFSET_BITS;
  }

  static int offset(int slot) {
    return slot & OFFSET_MASK;
  }

  /** {@code swp_swap_info} of a slot that somebody has. */
  SwapInfo infoOf(int slot) {
    int type = type(slot);
    SwapInfo info = type < infos.size() ? infos.get(type) : null;
    if (info == null || !info.hasMap() || offset(slot) >= info.max) {
      throw new IllegalStateException(
          "slot %d of swap area %d, which has none such".formatted(offset(slot), type));
    }
    return info;
  }

  /** {@code total_swap_pages}. */
  long totalPages() {
    return totalPages;
  }

  /** {@code get_nr_swap_pages}. */
  long freePages() {
    return freePages;
  }

  /** {@code vm_swap_full}: less than half is free. */
  boolean isFull() {
    return freePages * 2 < totalPages;
  }

  /** Whether there is an area on a device that turns. */
  boolean hasRotational() {
    return rotational > 0;
  }

  /** How often an area was turned on or off: what a poll of {@code /proc/swaps} waits for. */
  public int changes() {
    return changes;
  }

  void setCharge(SwapCharge swapCharge) {
    charge = swapCharge;
  }

  @Nullable SwapCharge charge() {
    return charge;
  }

  SwapSlots slots() {
    return slots;
  }

  /**
   * Names where the kernel's memory for areas comes from; without, none can be turned on.
   *
   * @param kernelLog told of areas and their errors
   */
  public void connect(Vmalloc virtualMemory, KvMalloc kernelMemory, KernelLog kernelLog) {
    kvMalloc = kernelMemory;
    setup =
        new SwapAreaSetup(
            allocator, cache, scan, swap.format(), virtualMemory, kernelMemory, this::log);
    log = kernelLog;
  }

  void log(String line) {
    if (log != null) {
      log.print(KernelLog.INFO, line);
    }
  }

  // ---- Slots ----

  /** {@code get_swap_pages}: takes slots of one area; returns how many. */
  int takeSlots(int wanted, int[] taken) {
    if (freePages <= 0) {
      return 0;
    }
    int goal = (int) Math.min(Math.min(wanted, SwapSlots.SIZE), freePages);
    freePages -= goal;
    int found = 0;
    for (SwapInfo area : available.toArray(new SwapInfo[0])) {
      if (!available.contains(area)) {
        continue;
      }
      requeue(area);
      if (area.highestBit == 0 || !area.writeOk) {
        available.remove(area);
        continue;
      }
      found = scan.scan(area, goal, offsets);
      if (found > 0) {
        for (int i = 0; i < found; i++) {
          taken[i] = slot(area.type, offsets[i]);
        }
        break;
      }
    }
    freePages += goal - found;
    return found;
  }

  /** {@code plist_requeue}: behind others of the same priority, which so take turns. */
  private void requeue(SwapInfo area) {
    available.remove(area);
    insert(available, area);
  }

  private static void insert(List<SwapInfo> list, SwapInfo area) {
    int place = 0;
    while (place < list.size() && list.get(place).priority >= area.priority) {
      place++;
    }
    list.add(place, area);
  }

  /** {@code swap_entry_free}: a slot that nobody has can be taken again. */
  void freeSlot(int slot) {
    SwapInfo area = infoOf(slot);
    int offset = offset(slot);
    if (area.map().get(offset) != SwapMap.HAS_CACHE) {
      throw new IllegalStateException(
          "slot %d of %s is freed, and used: 0x%02x"
              .formatted(offset, area, area.map().get(offset)));
    }
    area.map().set(offset, 0);
    if (area.clusters != null) {
      area.clusters.give(offset);
    }
    if (charge != null) {
      charge.uncharge(slot);
    }
    // swap_range_free
    area.lowestBit = Math.min(area.lowestBit, offset);
    if (offset > area.highestBit) {
      boolean wasFull = area.highestBit == 0;
      area.highestBit = offset;
      if (wasFull && area.writeOk) {
        insert(available, area);
      }
    }
    freePages++;
    area.inUse--;
    swap.io().forget(slot);
    cache.clearShadow(slot);
  }

  // ---- swapon ----

  /**
   * {@code swapon}: pages may go to a device from now on. The caller has checked who asks.
   *
   * @param device belongs to the area while it is on; of a failure it is the caller's
   * @param flags as the system call takes them
   * @return 0; -EINVAL if it has no {@link SwapHeader} that says how large it is; -EPERM if there
   *     are too many areas; -ENOMEM; -EIO if the header cannot be read
   */
  public int swapOn(SwapDevice device, int flags) {
    if ((flags & ~FLAGS_VALID) != 0) {
      return -Errno.EINVAL;
    }
    SwapInfo area = allocInfo();
    if (area == null) {
      return infos.size() < SwapEntry.MAX_SWAPFILES ? -Errno.ENOMEM : -Errno.EPERM;
    }
    int error = setup().setUp(area, device);
    if (error != 0) {
      setup().tearDown(area);
      return error;
    }
    rotational += area.solidState ? 0 : 1;
    enable(area, (flags & FLAG_PREFER) != 0 ? flags & FLAG_PRIORITY_MASK : -1);
    log(
        "Adding %dk swap on %s.  Priority:%d extents:1 across:%dk %s"
            .formatted(
                (long) area.pages << 2,
                device.name(),
                area.priority,
                (long) area.pages << 2,
                area.solidState ? "SS" : ""));
    changes++;
    enableSlots();
    return 0;
  }

  /** {@code enable_swap_slots_cache}, with its memory when it is needed first. */
  private void enableSlots() {
    if (!slots.hasMemory()) {
      allocSlotCache();
    }
    slots.enable(!active.isEmpty());
  }

  /** {@code alloc_swap_slot_cache}: an array of slots to take, one of slots given back, or none. */
  private void allocSlotCache() {
    long bytes = (long) SwapSlots.SIZE * pointerBytes;
    long toTake = memory().kvzalloc(bytes, Gfp.GFP_KERNEL);
    if (toTake == 0) {
      return;
    }
    if (memory().kvzalloc(bytes, Gfp.GFP_KERNEL) == 0) {
      memory().kvfree(toTake);
      return;
    }
    slots.setHasMemory();
  }

  private SwapAreaSetup setup() {
    return Objects.requireNonNull(setup, "no kernel memory for swap areas");
  }

  private KvMalloc memory() {
    return Objects.requireNonNull(kvMalloc, "no kernel memory for swap areas");
  }

  /** {@code alloc_swap_info}: null without memory, or if there are too many. */
  private @Nullable SwapInfo allocInfo() {
    for (SwapInfo info : infos) {
      if (!info.used) {
        info.used = true;
        return info;
      }
    }
    if (infos.size() == SwapEntry.MAX_SWAPFILES) {
      return null;
    }
    long address =
        memory().kvzalloc((long) INFO_BYTES_PER_POINTER_BYTE * pointerBytes, Gfp.GFP_KERNEL);
    if (address == 0) {
      return null;
    }
    SwapInfo info = new SwapInfo(infos.size(), address);
    infos.add(info);
    info.used = true;
    return info;
  }

  /** {@code enable_swap_info}. */
  private void enable(SwapInfo area, int priority) {
    area.priority = priority >= 0 ? priority : --leastPriority;
    insertEnabled(area);
  }

  private void insertEnabled(SwapInfo area) {
    area.writeOk = true;
    freePages += area.pages;
    totalPages += area.pages;
    insert(active, area);
    insert(available, area);
  }

  // ---- swapoff ----

  /** Brings everything back that is on an area ({@code try_to_unuse}). */
  @FunctionalInterface
  public interface Unuse {
    /**
     * Gives up every slot of an area.
     *
     * @return 0; -ENOMEM if there is no room in memory; -EINTR
     */
    int tryToUnuse(int type);
  }

  /** The area on a device of this name that pages may go to, or -1. */
  public int typeOf(String name) {
    for (SwapInfo area : active) {
      if (area.writeOk && area.device().name().equals(name)) {
        return area.type;
      }
    }
    return -1;
  }

  /** {@code p->pages} of an area: what memory must make room for at most. */
  public long pagesOf(int type) {
    return infos.get(type).pages;
  }

  /** {@code si->inuse_pages}. */
  public long inUse(int type) {
    return infos.get(type).inUse;
  }

  /** {@code find_next_to_unuse}: the next slot of an area that somebody has, or 0. */
  int nextUsed(int type, int previous) {
    SwapInfo area = infos.get(type);
    for (int offset = previous + 1; offset < area.max; offset++) {
      int usage = area.map().get(offset);
      if (usage != 0 && (usage & ~SwapMap.HAS_CACHE) != SwapMap.BAD) {
        return offset;
      }
    }
    return 0;
  }

  /**
   * {@code swapoff}: brings everything back that is on an area. The caller has checked who asks,
   * and that as much may be committed without it.
   *
   * @param type as {@link #typeOf} found it
   * @return 0, or what kept it from being emptied: it is on as before then
   */
  public int swapOff(int type, Unuse unuse) {
    SwapInfo area = infos.get(type);
    available.remove(area);
    if (area.priority < 0) {
      for (SwapInfo other : active.subList(active.indexOf(area) + 1, active.size())) {
        other.priority++;
      }
      leastPriority++;
    }
    active.remove(area);
    freePages -= area.pages;
    totalPages -= area.pages;
    area.writeOk = false;
    slots.disable();
    int error = unuse.tryToUnuse(type);
    if (error != 0) {
      // setup_swap_info of the priority that it had; another negative one may be taken by now.
      area.priority = area.priority >= 0 ? area.priority : --leastPriority;
      insertEnabled(area);
      slots.enable(true);
      return error;
    }
    slots.enable(!active.isEmpty());
    rotational -= area.solidState ? 0 : 1;
    SwapDevice device = area.device();
    setup().tearDown(area);
    device.close();
    changes++;
    return 0;
  }

  /** Closes the devices, as the machine ends. */
  void close() {
    for (SwapInfo area : infos) {
      if (area.hasMap()) {
        area.device().close();
      }
    }
  }

  // ---- /proc/swaps ----

  /**
   * A line of {@code /proc/swaps}.
   *
   * @param isFile else a partition
   */
  public record Line(String name, boolean isFile, long kib, long usedKib, int priority) {}

  /** The areas, by type. */
  public List<Line> lines() {
    List<Line> lines = new ArrayList<>();
    for (SwapInfo area : infos) {
      if (area.used && area.hasMap()) {
        SwapDevice device = area.device();
        lines.add(
            new Line(
                device.name(),
                device.isFile(),
                (long) area.pages << 2,
                (long) area.inUse << 2,
                area.priority));
      }
    }
    return lines;
  }

  // ---- Audit ----

  /**
   * Recounts: every byte of the maps against what others told.
   *
   * @param entries by slot: how many page-table entries and files of memory have it
   */
  void audit(Audit audit, SwapRecount entries) {
    SwapAreasAudit recount = new SwapAreasAudit(audit, entries, cache, slots);
    infos.forEach(recount::area);
    recount.expect(totalPages, freePages);
  }
}
