package org.memarium.mm.swap;

import java.util.Arrays;

/**
 * {@code cluster_info[]} of a swap area on a device without seeks (Linux 6.1 {@code
 * mm/swapfile.c}): how many slots of each run of neighbouring slots are used, and a list of the
 * runs that are free. Whoever swaps out takes a free cluster, and fills it from its first slot on.
 */
final class SwapClusters {
  static final int NONE = -1;

  private static final int FREE = -1;

  /** {@code SWAPFILE_CLUSTER}. */
  private final int clusterSlots;

  /** By cluster: used slots, or {@link #FREE}. */
  private final int[] used;

  /** By cluster: the next on the list of free ones. */
  private final int[] next;

  private int head = NONE;
  private int tail = NONE;

  /** {@code percpu_cluster}: the cluster that is being filled. */
  private int current = NONE;

  private int currentNext;

  /**
   * No slot is used, and no cluster is on the list yet.
   *
   * @param slots of the area; behind its end all are used
   */
  SwapClusters(int slots, int clusterSlots) {
    this.clusterSlots = clusterSlots;
    int clusters = (slots + clusterSlots - 1) / clusterSlots;
    used = new int[clusters];
    next = new int[clusters];
    Arrays.fill(next, NONE);
    used[clusters - 1] = clusters * clusterSlots - slots;
  }

  int size() {
    return used.length;
  }

  /** {@code inc_cluster_info_page} of a slot that is never to be used, before {@link #begin}. */
  void markBad(int offset) {
    used[offset / clusterSlots]++;
  }

  /**
   * Puts all unused clusters on the list, those of every 64 MiB by turns ({@code
   * setup_swap_map_and_extents}), so that the pages of neighbours lie in different trees of the
   * swap cache.
   *
   * @param columns {@code SWAP_CLUSTER_COLS}
   * @param first with which of them to begin
   */
  void begin(int columns, int first) {
    int rows = (used.length + columns - 1) / columns;
    for (int k = 0; k < columns; k++) {
      int column = (k + first) % columns;
      for (int row = 0; row < rows; row++) {
        int cluster = row * columns + column;
        if (cluster < used.length && used[cluster] == 0) {
          addTail(cluster);
        }
      }
    }
  }

  private void addTail(int cluster) {
    used[cluster] = FREE;
    next[cluster] = NONE;
    if (tail == NONE) {
      head = cluster;
    } else {
      next[tail] = cluster;
    }
    tail = cluster;
  }

  /** {@code inc_cluster_info_page}: a slot is used from now on. */
  void take(int offset) {
    int cluster = offset / clusterSlots;
    if (used[cluster] == FREE) {
      if (cluster != head) {
        throw new IllegalStateException(
            "cluster %d is taken, and %d is the first free one".formatted(cluster, head));
      }
      head = next[cluster];
      tail = head == NONE ? NONE : tail;
      used[cluster] = 0;
    }
    used[cluster]++;
  }

  /** {@code dec_cluster_info_page}: a slot is free from now on. */
  void give(int offset) {
    int cluster = offset / clusterSlots;
    if (--used[cluster] == 0) {
      addTail(cluster);
    }
  }

  /**
   * {@code scan_swap_map_ssd_cluster_conflict}: whether a slot lies in the middle of the list, from
   * where it must not be taken.
   */
  boolean conflicts(int offset) {
    int cluster = offset / clusterSlots;
    boolean conflict = head != NONE && cluster != head && used[cluster] == FREE;
    if (conflict) {
      current = NONE;
    }
    return conflict;
  }

  /**
   * {@code scan_swap_map_try_ssd_cluster}: the next free slot of the cluster that is being filled,
   * or of the first free one.
   *
   * @return {@link #NONE} if there is none: slots may still be free in clusters that are not
   */
  int nextSlot(SwapMap map, int slots) {
    while (true) {
      if (current == NONE) {
        if (head == NONE) {
          return NONE;
        }
        current = head;
        currentNext = current * clusterSlots;
      }
      int end = Math.min(slots, (current + 1) * clusterSlots);
      int offset = currentNext;
      while (offset < end && map.get(offset) != 0) {
        offset++;
      }
      if (offset < end) {
        currentNext = offset + 1;
        return offset;
      }
      current = NONE;
    }
  }
}
