package org.memarium.mm.frame;

import java.util.List;
import org.memarium.mm.trace.VmStatItem;

/** {@code enum lru_list}: the lists of a {@link Lruvec}, and the levels that count them. */
public enum LruList {
  /** Anonymous pages and shared memory that may be swapped out first. */
  INACTIVE_ANON(VmStatItem.NR_INACTIVE_ANON, VmStatItem.NR_ZONE_INACTIVE_ANON),
  /** Anonymous pages and shared memory in use. */
  ACTIVE_ANON(VmStatItem.NR_ACTIVE_ANON, VmStatItem.NR_ZONE_ACTIVE_ANON),
  /** Pages of files that may be dropped first. */
  INACTIVE_FILE(VmStatItem.NR_INACTIVE_FILE, VmStatItem.NR_ZONE_INACTIVE_FILE),
  /** Pages of files in use. */
  ACTIVE_FILE(VmStatItem.NR_ACTIVE_FILE, VmStatItem.NR_ZONE_ACTIVE_FILE),
  /** Pages that are locked in memory; only counted, as in Linux since 5.18. */
  UNEVICTABLE(VmStatItem.NR_UNEVICTABLE, VmStatItem.NR_ZONE_UNEVICTABLE);

  /** {@code for_each_evictable_lru}: all but the last, in their order. */
  public static final List<LruList> EVICTABLE =
      List.of(INACTIVE_ANON, ACTIVE_ANON, INACTIVE_FILE, ACTIVE_FILE);

  private final VmStatItem nodeItem;
  private final VmStatItem zoneItem;

  LruList(VmStatItem nodeItem, VmStatItem zoneItem) {
    this.nodeItem = nodeItem;
    this.zoneItem = zoneItem;
  }

  /** {@code is_file_lru}. */
  public boolean isFile() {
    return this == INACTIVE_FILE || this == ACTIVE_FILE;
  }

  /** {@code is_active_lru}. */
  public boolean isActive() {
    return this == ACTIVE_ANON || this == ACTIVE_FILE;
  }

  /** The machine's count of its pages. */
  public VmStatItem nodeItem() {
    return nodeItem;
  }

  /** The count of its pages in one zone. */
  public VmStatItem zoneItem() {
    return zoneItem;
  }
}
