package org.memarium.mm.trace;

import java.util.Locale;

/**
 * The counters of {@code /proc/vmstat}, in its order and by its names in lower case: {@code enum
 * zone_stat_item}, {@code node_stat_item}, {@code writeback_stat_item} and {@code vm_event_item} of
 * Linux 6.1 without NUMA.
 *
 * <p>A counter that nothing raises yet is 0, and {@code docs/fidelity.md} says which those are. Of
 * the events of single zones a machine prints those of the zones that its architecture has.
 */
public enum VmStatItem {
  /** Free pages; the zones keep this level themselves: {@code Zone.freePages()}. */
  NR_FREE_PAGES(Kind.ZONE),
  /** Pages of the zone in the list of inactive anonymous pages. */
  NR_ZONE_INACTIVE_ANON(Kind.ZONE),
  /** Pages of the zone in the list of active anonymous pages. */
  NR_ZONE_ACTIVE_ANON(Kind.ZONE),
  /** Pages of the zone in the list of inactive file pages. */
  NR_ZONE_INACTIVE_FILE(Kind.ZONE),
  /** Pages of the zone in the list of active file pages. */
  NR_ZONE_ACTIVE_FILE(Kind.ZONE),
  /** Pages of the zone in the list of pages that cannot be reclaimed. */
  NR_ZONE_UNEVICTABLE(Kind.ZONE),
  /** Pages of the zone that are dirty or being written. */
  NR_ZONE_WRITE_PENDING(Kind.ZONE),
  /** Pages locked in memory by {@code mlock}. */
  NR_MLOCK(Kind.ZONE),
  /** Bounce buffers of the block layer. */
  NR_BOUNCE(Kind.ZONE),
  /** Pages of zsmalloc. */
  NR_ZSPAGES(Kind.ZONE),
  /** Free pages of the contiguous memory allocator. */
  NR_FREE_CMA(Kind.ZONE),
  /** Inactive anonymous pages. */
  NR_INACTIVE_ANON(Kind.NODE),
  /** Active anonymous pages. */
  NR_ACTIVE_ANON(Kind.NODE),
  /** Inactive pages of files. */
  NR_INACTIVE_FILE(Kind.NODE),
  /** Active pages of files. */
  NR_ACTIVE_FILE(Kind.NODE),
  /** Pages that cannot be reclaimed. */
  NR_UNEVICTABLE(Kind.NODE),
  /** Pages of slabs whose caches can shrink. */
  NR_SLAB_RECLAIMABLE(Kind.NODE),
  /** Pages of the other slabs. */
  NR_SLAB_UNRECLAIMABLE(Kind.NODE),
  /** Anonymous pages that reclaim or compaction took off their list. */
  NR_ISOLATED_ANON(Kind.NODE),
  /** Pages of files that reclaim or compaction took off their list. */
  NR_ISOLATED_FILE(Kind.NODE),
  /** Nodes of the page cache that hold shadow entries. */
  WORKINGSET_NODES(Kind.NODE),
  /** Anonymous pages that came back after they were reclaimed. */
  WORKINGSET_REFAULT_ANON(Kind.NODE),
  /** Pages of files that came back after they were reclaimed. */
  WORKINGSET_REFAULT_FILE(Kind.NODE),
  /** Refaulted anonymous pages that were made active at once. */
  WORKINGSET_ACTIVATE_ANON(Kind.NODE),
  /** Refaulted pages of files that were made active at once. */
  WORKINGSET_ACTIVATE_FILE(Kind.NODE),
  /** Refaulted anonymous pages that had been active. */
  WORKINGSET_RESTORE_ANON(Kind.NODE),
  /** Refaulted pages of files that had been active. */
  WORKINGSET_RESTORE_FILE(Kind.NODE),
  /** Nodes of shadow entries that were reclaimed. */
  WORKINGSET_NODERECLAIM(Kind.NODE),
  /** Anonymous pages that are mapped. */
  NR_ANON_PAGES(Kind.NODE),
  /** Pages of files that are mapped. */
  NR_MAPPED(Kind.NODE),
  /** Pages in the page cache. */
  NR_FILE_PAGES(Kind.NODE),
  /** Pages of files that were written to and not yet back. */
  NR_DIRTY(Kind.NODE),
  /** Pages that are being written back. */
  NR_WRITEBACK(Kind.NODE),
  /** Copies of pages that FUSE is writing. */
  NR_WRITEBACK_TEMP(Kind.NODE),
  /** Pages of shared memory. */
  NR_SHMEM(Kind.NODE),
  /** Huge pages of shared memory. */
  NR_SHMEM_HUGEPAGES(Kind.NODE),
  /** Huge pages of shared memory that are mapped as such. */
  NR_SHMEM_PMDMAPPED(Kind.NODE),
  /** Huge pages of files. */
  NR_FILE_HUGEPAGES(Kind.NODE),
  /** Huge pages of files that are mapped as such. */
  NR_FILE_PMDMAPPED(Kind.NODE),
  /** Anonymous huge pages. */
  NR_ANON_TRANSPARENT_HUGEPAGES(Kind.NODE),
  /** Pages that reclaim wrote. */
  NR_VMSCAN_WRITE(Kind.NODE),
  /** Pages to be reclaimed as soon as they are written. */
  NR_VMSCAN_IMMEDIATE_RECLAIM(Kind.NODE),
  /** Pages that became dirty, since boot. */
  NR_DIRTIED(Kind.NODE),
  /** Pages that were written back, since boot. */
  NR_WRITTEN(Kind.NODE),
  /** Pages written while reclaim waited. */
  NR_THROTTLED_WRITTEN(Kind.NODE),
  /** Other kernel pages that can be reclaimed. */
  NR_KERNEL_MISC_RECLAIMABLE(Kind.NODE),
  /** Pins taken on user pages. */
  NR_FOLL_PIN_ACQUIRED(Kind.NODE),
  /** Pins given back. */
  NR_FOLL_PIN_RELEASED(Kind.NODE),
  /** KiB of kernel stacks; the only level that is not in pages. */
  NR_KERNEL_STACK(Kind.NODE),
  /** Pages of page tables: those that hold PTEs and those that hold PMDs. */
  NR_PAGE_TABLE_PAGES(Kind.NODE),
  /** Pages of secondary page tables. */
  NR_SEC_PAGE_TABLE_PAGES(Kind.NODE),
  /** Pages in the swap cache. */
  NR_SWAPCACHED(Kind.NODE),
  /** Dirty pages at which writers are throttled; computed when it is read. */
  NR_DIRTY_THRESHOLD(Kind.LIMIT),
  /** Dirty pages at which writeback starts; computed when it is read. */
  NR_DIRTY_BACKGROUND_THRESHOLD(Kind.LIMIT),
  /** KiB read from block devices. */
  PGPGIN(Kind.EVENT),
  /** KiB written to block devices. */
  PGPGOUT(Kind.EVENT),
  /** Pages read from swap. */
  PSWPIN(Kind.EVENT),
  /** Pages written to swap. */
  PSWPOUT(Kind.EVENT),
  /** Pages handed out by zone DMA. */
  PGALLOC_DMA(Kind.EVENT),
  /** Pages handed out by zone DMA32. */
  PGALLOC_DMA32(Kind.EVENT),
  /** Pages handed out by zone Normal. */
  PGALLOC_NORMAL(Kind.EVENT),
  /** Pages handed out by zone HighMem. */
  PGALLOC_HIGH(Kind.EVENT),
  /** Pages handed out by zone Movable. */
  PGALLOC_MOVABLE(Kind.EVENT),
  /** Allocations from zone DMA downwards that had to reclaim. */
  ALLOCSTALL_DMA(Kind.EVENT),
  /** Allocations from zone DMA32 downwards that had to reclaim. */
  ALLOCSTALL_DMA32(Kind.EVENT),
  /** Allocations from zone Normal downwards that had to reclaim. */
  ALLOCSTALL_NORMAL(Kind.EVENT),
  /** Allocations from zone HighMem downwards that had to reclaim. */
  ALLOCSTALL_HIGH(Kind.EVENT),
  /** Allocations from zone Movable downwards that had to reclaim. */
  ALLOCSTALL_MOVABLE(Kind.EVENT),
  /** Pages of zone DMA that reclaim skipped because a lower zone was short. */
  PGSKIP_DMA(Kind.EVENT),
  /** Pages of zone DMA32 that reclaim skipped because a lower zone was short. */
  PGSKIP_DMA32(Kind.EVENT),
  /** Pages of zone Normal that reclaim skipped because a lower zone was short. */
  PGSKIP_NORMAL(Kind.EVENT),
  /** Pages of zone HighMem that reclaim skipped because a lower zone was short. */
  PGSKIP_HIGH(Kind.EVENT),
  /** Pages of zone Movable that reclaim skipped because a lower zone was short. */
  PGSKIP_MOVABLE(Kind.EVENT),
  /** Pages given back. */
  PGFREE(Kind.EVENT),
  /** Pages moved to an active list. */
  PGACTIVATE(Kind.EVENT),
  /** Pages moved to an inactive list. */
  PGDEACTIVATE(Kind.EVENT),
  /** Pages that {@code MADV_FREE} marked. */
  PGLAZYFREE(Kind.EVENT),
  /** Page faults. */
  PGFAULT(Kind.EVENT),
  /** Page faults that had to read from a file or from swap. */
  PGMAJFAULT(Kind.EVENT),
  /** Pages of {@code MADV_FREE} that reclaim dropped. */
  PGLAZYFREED(Kind.EVENT),
  /** Pages of active lists that were looked at. */
  PGREFILL(Kind.EVENT),
  /** Write faults that found themselves the page's only user and took it over. */
  PGREUSE(Kind.EVENT),
  /** Pages that kswapd reclaimed. */
  PGSTEAL_KSWAPD(Kind.EVENT),
  /** Pages that allocations reclaimed. */
  PGSTEAL_DIRECT(Kind.EVENT),
  /** Pages that kswapd moved to slower memory. */
  PGDEMOTE_KSWAPD(Kind.EVENT),
  /** Pages that allocations moved to slower memory. */
  PGDEMOTE_DIRECT(Kind.EVENT),
  /** Pages that kswapd looked at. */
  PGSCAN_KSWAPD(Kind.EVENT),
  /** Pages that allocations looked at. */
  PGSCAN_DIRECT(Kind.EVENT),
  /** Allocations that waited for kswapd. */
  PGSCAN_DIRECT_THROTTLE(Kind.EVENT),
  /** Anonymous pages that were looked at. */
  PGSCAN_ANON(Kind.EVENT),
  /** Pages of files that were looked at. */
  PGSCAN_FILE(Kind.EVENT),
  /** Anonymous pages that were reclaimed. */
  PGSTEAL_ANON(Kind.EVENT),
  /** Pages of files that were reclaimed. */
  PGSTEAL_FILE(Kind.EVENT),
  /** Pages that went with an inode that was reclaimed directly. */
  PGINODESTEAL(Kind.EVENT),
  /** Slab objects that shrinkers looked at. */
  SLABS_SCANNED(Kind.EVENT),
  /** Pages that went with an inode that kswapd reclaimed. */
  KSWAPD_INODESTEAL(Kind.EVENT),
  /** Times that the low watermark was reached again at once. */
  KSWAPD_LOW_WMARK_HIT_QUICKLY(Kind.EVENT),
  /** Times that the high watermark was reached again at once. */
  KSWAPD_HIGH_WMARK_HIT_QUICKLY(Kind.EVENT),
  /** Times that kswapd started to reclaim. */
  PAGEOUTRUN(Kind.EVENT),
  /** Written pages moved to the tail of their list. */
  PGROTATED(Kind.EVENT),
  /** Writes to {@code drop_caches} that dropped the page cache. */
  DROP_PAGECACHE(Kind.EVENT),
  /** Writes to {@code drop_caches} that shrank slabs. */
  DROP_SLAB(Kind.EVENT),
  /** Processes that the OOM killer ended. */
  OOM_KILL(Kind.EVENT),
  /** Pages that were migrated. */
  PGMIGRATE_SUCCESS(Kind.EVENT),
  /** Pages that could not be migrated. */
  PGMIGRATE_FAIL(Kind.EVENT),
  /** Huge pages that were migrated. */
  THP_MIGRATION_SUCCESS(Kind.EVENT),
  /** Huge pages that could not be migrated. */
  THP_MIGRATION_FAIL(Kind.EVENT),
  /** Huge pages that were split to migrate them. */
  THP_MIGRATION_SPLIT(Kind.EVENT),
  /** Pages that compaction's migration scanner looked at. */
  COMPACT_MIGRATE_SCANNED(Kind.EVENT),
  /** Pages that compaction's free scanner looked at. */
  COMPACT_FREE_SCANNED(Kind.EVENT),
  /** Pages that compaction took off their list. */
  COMPACT_ISOLATED(Kind.EVENT),
  /** Allocations that had to compact. */
  COMPACT_STALL(Kind.EVENT),
  /** Those of them that got no page by it. */
  COMPACT_FAIL(Kind.EVENT),
  /** Those of them that got one. */
  COMPACT_SUCCESS(Kind.EVENT),
  /** Times that kcompactd was woken. */
  COMPACT_DAEMON_WAKE(Kind.EVENT),
  /** Pages that kcompactd's migration scanner looked at. */
  COMPACT_DAEMON_MIGRATE_SCANNED(Kind.EVENT),
  /** Pages that kcompactd's free scanner looked at. */
  COMPACT_DAEMON_FREE_SCANNED(Kind.EVENT),
  /** Pages that hugetlb took from the buddy allocator. */
  HTLB_BUDDY_ALLOC_SUCCESS(Kind.EVENT),
  /** Pages that hugetlb could not get from it. */
  HTLB_BUDDY_ALLOC_FAIL(Kind.EVENT),
  /** Pages moved to the unevictable list. */
  UNEVICTABLE_PGS_CULLED(Kind.EVENT),
  /** Pages of the unevictable list that were looked at. */
  UNEVICTABLE_PGS_SCANNED(Kind.EVENT),
  /** Pages moved back from the unevictable list. */
  UNEVICTABLE_PGS_RESCUED(Kind.EVENT),
  /** Pages that {@code mlock} locked. */
  UNEVICTABLE_PGS_MLOCKED(Kind.EVENT),
  /** Pages that {@code munlock} unlocked. */
  UNEVICTABLE_PGS_MUNLOCKED(Kind.EVENT),
  /** Locked pages that were truncated or unmapped. */
  UNEVICTABLE_PGS_CLEARED(Kind.EVENT),
  /** Unlocked pages that stayed on the unevictable list. */
  UNEVICTABLE_PGS_STRANDED(Kind.EVENT),
  /** Huge pages that faults got. */
  THP_FAULT_ALLOC(Kind.EVENT),
  /** Faults that got small pages instead. */
  THP_FAULT_FALLBACK(Kind.EVENT),
  /** Those that a cgroup's limit refused. */
  THP_FAULT_FALLBACK_CHARGE(Kind.EVENT),
  /** Huge pages that khugepaged got. */
  THP_COLLAPSE_ALLOC(Kind.EVENT),
  /** Huge pages that khugepaged could not get. */
  THP_COLLAPSE_ALLOC_FAILED(Kind.EVENT),
  /** Huge pages of shared memory that were allocated. */
  THP_FILE_ALLOC(Kind.EVENT),
  /** Those that small pages replaced. */
  THP_FILE_FALLBACK(Kind.EVENT),
  /** Those that a cgroup's limit refused. */
  THP_FILE_FALLBACK_CHARGE(Kind.EVENT),
  /** Huge pages of files that were mapped. */
  THP_FILE_MAPPED(Kind.EVENT),
  /** Huge pages that were split. */
  THP_SPLIT_PAGE(Kind.EVENT),
  /** Huge pages that could not be split. */
  THP_SPLIT_PAGE_FAILED(Kind.EVENT),
  /** Huge pages queued to be split. */
  THP_DEFERRED_SPLIT_PAGE(Kind.EVENT),
  /** Entries of huge pages that were split. */
  THP_SPLIT_PMD(Kind.EVENT),
  /** Collapses given up for too many empty entries. */
  THP_SCAN_EXCEED_NONE_PTE(Kind.EVENT),
  /** Collapses given up for too many swapped pages. */
  THP_SCAN_EXCEED_SWAP_PTE(Kind.EVENT),
  /** Collapses given up for too many shared pages. */
  THP_SCAN_EXCEED_SHARE_PTE(Kind.EVENT),
  /** Times that the huge zero page was allocated. */
  THP_ZERO_PAGE_ALLOC(Kind.EVENT),
  /** Times that it could not be. */
  THP_ZERO_PAGE_ALLOC_FAILED(Kind.EVENT),
  /** Huge pages swapped out whole. */
  THP_SWPOUT(Kind.EVENT),
  /** Huge pages split to be swapped out. */
  THP_SWPOUT_FALLBACK(Kind.EVENT),
  /** Pages that a balloon took. */
  BALLOON_INFLATE(Kind.EVENT),
  /** Pages that a balloon gave back. */
  BALLOON_DEFLATE(Kind.EVENT),
  /** Pages of a balloon that were migrated. */
  BALLOON_MIGRATE(Kind.EVENT),
  /** Pages that swap read ahead. */
  SWAP_RA(Kind.EVENT),
  /** Those of them that were wanted. */
  SWAP_RA_HIT(Kind.EVENT),
  /** Copies of merged pages at swap-in. */
  KSM_SWPIN_COPY(Kind.EVENT),
  /** Copies of merged pages at a write. */
  COW_KSM(Kind.EVENT),
  /** Pages read from zswap. */
  ZSWPIN(Kind.EVENT),
  /** Pages written to zswap. */
  ZSWPOUT(Kind.EVENT),
  /** Large pages of the direct map split to pages of 4 KiB. */
  DIRECT_MAP_LEVEL2_SPLITS(Kind.EVENT),
  /** Gigabyte pages of the direct map split. */
  DIRECT_MAP_LEVEL3_SPLITS(Kind.EVENT);

  /** What a counter belongs to, and so how it moves. */
  public enum Kind {
    /** A level of each zone, in pages: {@link ZoneStat} holds it, {@link VmStat} the sum. */
    ZONE,
    /** A level of the machine's only node, in pages unless it says otherwise. */
    NODE,
    /** Not counted but computed, when it is read. */
    LIMIT,
    /** An event: it only counts up. */
    EVENT
  }

  private final Kind kind;
  private final String vmstatName = name().toLowerCase(Locale.ROOT);

  VmStatItem(Kind kind) {
    this.kind = kind;
  }

  /** What it belongs to. */
  public Kind kind() {
    return kind;
  }

  /** The name in {@code /proc/vmstat}. */
  public String vmstatName() {
    return vmstatName;
  }
}
