package org.memarium.mm.swap;

import java.util.Objects;
import java.util.SplittableRandom;

/**
 * {@code scan_swap_map_slots} (Linux 6.1 {@code mm/swapfile.c}): looks for free slots in an area.
 *
 * <pre>
 *   disk     256 slots in a row; then the lowest 256 that are free together; if there are none,
 *            the next free ones
 *   no seeks slots of a free cluster, in order; if there is none, the next free ones
 * </pre>
 *
 * <p>When swap is half full, slots that only the swap cache has are taken from it.
 */
final class SlotScan {
  /** {@code LATENCY_LIMIT}. */
  private static final int LATENCY_LIMIT = 256;

  /** {@code SWAP_ADDRESS_SPACE_SHIFT}. */
  private static final int TREE_SHIFT = 14;

  private static final int TOOK = 0;
  private static final int TAKEN_ALREADY = 1;
  private static final int LOOK_ON = 2;
  private static final int AGAIN = 3;
  private static final int NO_PAGE = 4;

  /** What a scan asks of others. */
  interface Host {
    /** {@code vm_swap_full}. */
    boolean isFull();

    /** {@code __try_to_reclaim_swap}: takes the slot from the swap cache; whether it went. */
    boolean reclaim(SwapInfo area, int offset);

    /** The area has no free slot any more. */
    void full(SwapInfo area);
  }

  private final Host host;
  private final int clusterSlots;

  /** Where to go on with another 64 MiB of a device without seeks. */
  private final SplittableRandom random = new SplittableRandom(1);

  private SwapInfo area;
  private int offset;
  private int scanBase;
  private int latency;
  private boolean scannedMany;

  SlotScan(Host host, int clusterSlots, SwapInfo none) {
    this.host = host;
    this.clusterSlots = clusterSlots;
    this.area = none;
  }

  /** {@code prandom_u32_max}. */
  int random(int bound) {
    return random.nextInt(bound);
  }

  /**
   * Takes slots for the swap cache.
   *
   * @param wanted how many at most
   * @param slots gets their offsets
   * @return how many were found
   */
  int scan(SwapInfo of, int wanted, int[] slots) {
    area = of;
    latency = LATENCY_LIMIT;
    scannedMany = false;
    scanBase = area.clusterNext;
    offset = scanBase;
    int found = 0;
    if (!beginCluster() && !lookOn()) {
      return 0;
    }
    while (true) {
      int outcome = take(found > 0);
      if (outcome == NO_PAGE) {
        return found;
      }
      if (outcome == AGAIN) {
        continue;
      }
      if (outcome == LOOK_ON || (outcome == TAKEN_ALREADY && found == 0)) {
        if (!lookOn()) {
          return found;
        }
        continue;
      }
      if (outcome == TAKEN_ALREADY) {
        break;
      }
      slots[found++] = offset;
      if (found == wanted || offset >= area.highestBit || --latency < 0 || !goOn()) {
        break;
      }
    }
    setClusterNext(offset + 1);
    return found;
  }

  /** Where the search starts; false if clusters do not help. */
  private boolean beginCluster() {
    SwapClusters clusters = area.clusters;
    if (clusters != null) {
      return tryCluster(clusters);
    }
    if (area.clusterNr-- != 0) {
      return true;
    }
    area.clusterNr = clusterSlots - 1;
    if (area.pages - area.inUse < clusterSlots) {
      return true;
    }
    // The lowest run of free slots, wherever it begins: the used part of a disk shall be short.
    scanBase = area.lowestBit;
    int last = scanBase + clusterSlots - 1;
    SwapMap map = area.map();
    for (int at = scanBase; last <= area.highestBit; at++) {
      if (map.get(at) != 0) {
        last = at + clusterSlots;
      } else if (at == last) {
        offset = at - (clusterSlots - 1);
        area.clusterNext = offset;
        return true;
      }
    }
    offset = scanBase;
    return true;
  }

  private boolean tryCluster(SwapClusters clusters) {
    int slot = clusters.nextSlot(area.map(), area.max);
    if (slot == SwapClusters.NONE) {
      return false;
    }
    offset = slot;
    scanBase = slot;
    return true;
  }

  /** From the label {@code checks} on: takes the slot at hand, if it can be had. */
  private int take(boolean hasSome) {
    SwapClusters clusters = area.clusters;
    while (clusters != null && clusters.conflicts(offset)) {
      if (hasSome) {
        return TAKEN_ALREADY;
      }
      if (!tryCluster(clusters)) {
        return LOOK_ON;
      }
    }
    if (!area.writeOk || area.highestBit == 0) {
      return NO_PAGE;
    }
    if (offset > area.highestBit) {
      offset = area.lowestBit;
      scanBase = offset;
    }
    int usage = area.map().get(offset);
    if (usage == SwapMap.HAS_CACHE && host.isFull()) {
      return host.reclaim(area, offset) ? AGAIN : LOOK_ON;
    }
    if (usage != 0) {
      return TAKEN_ALREADY;
    }
    area.map().set(offset, SwapMap.HAS_CACHE);
    if (clusters != null) {
      clusters.take(offset);
    }
    rangeAlloc();
    return TOOK;
  }

  /** {@code swap_range_alloc}. */
  private void rangeAlloc() {
    if (offset == area.lowestBit) {
      area.lowestBit++;
    }
    if (offset == area.highestBit) {
      area.highestBit--;
    }
    if (++area.inUse == area.pages) {
      area.lowestBit = area.max;
      area.highestBit = 0;
      host.full(area);
    }
  }

  /** One more slot near the last: false if that is not to be had quickly. */
  private boolean goOn() {
    SwapClusters clusters = area.clusters;
    SwapMap map = area.map();
    if (clusters != null) {
      if (tryCluster(clusters)) {
        return true;
      }
    } else if (area.clusterNr != 0 && map.get(++offset) == 0) {
      area.clusterNr--;
      return true;
    }
    if (!scannedMany) {
      int limit = offset < scanBase ? scanBase : area.highestBit;
      for (; offset <= limit && --latency > 0; offset++) {
        if (map.get(offset) == 0) {
          return true;
        }
      }
    }
    return false;
  }

  /** From the label {@code scan} on: any slot, to the end of the area and then from its start. */
  private boolean lookOn() {
    while (++offset <= area.highestBit) {
      if (isAvailable()) {
        return true;
      }
      countStep();
    }
    offset = area.lowestBit;
    while (offset < scanBase) {
      if (isAvailable()) {
        return true;
      }
      countStep();
      offset++;
    }
    return false;
  }

  private void countStep() {
    if (--latency < 0) {
      latency = LATENCY_LIMIT;
      scannedMany = true;
    }
  }

  /** {@code swap_offset_available_and_locked}. */
  private boolean isAvailable() {
    int usage = area.map().get(offset);
    return usage == 0 || (usage == SwapMap.HAS_CACHE && host.isFull());
  }

  /** {@code set_cluster_next}. */
  private void setClusterNext(int next) {
    if (!area.solidState || area.clusterNext >> TREE_SHIFT == next >> TREE_SHIFT) {
      area.clusterNext = next;
      return;
    }
    if (area.highestBit <= area.lowestBit) {
      return;
    }
    int place = area.lowestBit + random(area.highestBit - area.lowestBit + 1);
    area.clusterNext = Math.max(place & -(1 << TREE_SHIFT), area.lowestBit);
  }

  /** The area of the latest scan; for messages. */
  @Override
  public String toString() {
    return Objects.toString(area);
  }
}
