package org.memarium.mm;

import org.memarium.mm.trace.VmStatItem;

/** {@code enum zone_type}: the kinds of zones, lowest first. An architecture has some of them. */
public enum ZoneType {
  /** What old devices can reach: the first 16 MiB. */
  DMA("DMA", VmStatItem.PGALLOC_DMA, VmStatItem.ALLOCSTALL_DMA, VmStatItem.PGSKIP_DMA),
  /** What devices of 32 bits can reach: the first 4 GiB. */
  DMA32("DMA32", VmStatItem.PGALLOC_DMA32, VmStatItem.ALLOCSTALL_DMA32, VmStatItem.PGSKIP_DMA32),
  /** Mapped by the kernel at all times. */
  NORMAL(
      "Normal", VmStatItem.PGALLOC_NORMAL, VmStatItem.ALLOCSTALL_NORMAL, VmStatItem.PGSKIP_NORMAL),
  /** Beyond what the kernel can map at all times. */
  HIGHMEM("HighMem", VmStatItem.PGALLOC_HIGH, VmStatItem.ALLOCSTALL_HIGH, VmStatItem.PGSKIP_HIGH),
  /** For movable pages only; nobody asked for one, so it has no frames. */
  MOVABLE(
      "Movable",
      VmStatItem.PGALLOC_MOVABLE,
      VmStatItem.ALLOCSTALL_MOVABLE,
      VmStatItem.PGSKIP_MOVABLE);

  private final String procName;
  private final VmStatItem pgalloc;
  private final VmStatItem allocstall;
  private final VmStatItem pgskip;

  ZoneType(String procName, VmStatItem pgalloc, VmStatItem allocstall, VmStatItem pgskip) {
    this.procName = procName;
    this.pgalloc = pgalloc;
    this.allocstall = allocstall;
    this.pgskip = pgskip;
  }

  /** The name in {@code /proc/buddyinfo} and {@code /proc/zoneinfo}. */
  public String procName() {
    return procName;
  }

  /** Counts the pages that zones of this kind hand out. */
  public VmStatItem pgalloc() {
    return pgalloc;
  }

  /** Counts the allocations, of those that may use zones up to this kind, that had to reclaim. */
  public VmStatItem allocstall() {
    return allocstall;
  }

  /** Counts the pages of zones of this kind that reclaim skipped for the sake of a lower zone. */
  public VmStatItem pgskip() {
    return pgskip;
  }
}
