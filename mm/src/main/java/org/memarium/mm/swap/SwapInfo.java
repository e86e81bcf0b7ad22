package org.memarium.mm.swap;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code struct swap_info_struct}: a swap area. Its number is the type in swap entries; when it is
 * off, the next area gets it.
 */
final class SwapInfo {
  /** {@code si->type}. */
  final int type;

  /** The object that Linux allocates for it, which stays when the area is off. */
  final long slabAddress;

  /** {@code SWP_USED}: there is an area. */
  boolean used;

  /** {@code SWP_WRITEOK}: slots may be taken. */
  boolean writeOk;

  /** {@code SWP_SOLIDSTATE}. */
  boolean solidState;

  /** {@code SWP_DISCARDABLE}, and what of: the area when it is turned on, clusters when free. */
  int discard;

  int priority;
  private @Nullable SwapDevice device;
  private @Nullable SwapMap map;

  /** Of a device without seeks; else null. */
  @Nullable SwapClusters clusters;

  /** {@code kvcalloc(nr_cluster, sizeof(struct swap_cluster_info))}; 0 for none. */
  long clusterMemory;

  /** {@code struct swap_extent}: one, as the area lies in one piece. */
  long extentMemory;

  /** {@code p->max}: slots, the header's too. */
  int max;

  /** {@code p->pages}: slots that can be used. */
  int pages;

  /** {@code inuse_pages}. */
  int inUse;

  int lowestBit;
  int highestBit;
  int clusterNext;
  int clusterNr;

  SwapInfo(int type, long slabAddress) {
    this.type = type;
    this.slabAddress = slabAddress;
  }

  void set(SwapDevice area, SwapMap areaMap) {
    device = area;
    map = areaMap;
  }

  void clear() {
    device = null;
    map = null;
    clusters = null;
    clusterMemory = 0;
    extentMemory = 0;
    max = 0;
    used = false;
  }

  boolean hasMap() {
    return map != null;
  }

  SwapDevice device() {
    return Objects.requireNonNull(device, "no swap area");
  }

  SwapMap map() {
    return Objects.requireNonNull(map, "no swap area");
  }

  @Override
  public String toString() {
    return "swap area %d (%s)".formatted(type, device == null ? "off" : device.name());
  }
}
