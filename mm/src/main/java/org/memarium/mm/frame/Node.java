package org.memarium.mm.frame;

/** {@code struct pglist_data}: the zones of the one node that there is, taken together. */
public final class Node {
  private final Zone[] zones;

  Node(Zone[] zones) {
    this.zones = zones;
  }

  /** {@code totalram_pages}: what the allocator was given at boot. */
  public long totalRamPages() {
    long pages = 0;
    for (Zone zone : zones) {
      pages += zone.managedPages();
    }
    return pages;
  }

  /** {@code NR_FREE_PAGES} of all zones: what is on the free lists. */
  public long freePages() {
    long pages = 0;
    for (Zone zone : zones) {
      pages += zone.freePages();
    }
    return pages;
  }

  /** All frames that nobody has: those on the free lists, and those on the per-CPU lists. */
  public long freeFrames() {
    long pages = freePages();
    for (Zone zone : zones) {
      pages += zone.perCpuPages().count();
    }
    return pages;
  }

  /** {@code drain_all_pages}: everything on the per-CPU lists goes back to the free lists. */
  public void drainAllPages() {
    for (Zone zone : zones) {
      zone.perCpuPages().drain();
    }
  }

  /** {@code drain_local_pages}: the same for one zone. */
  public void drainPages(Zone zone) {
    zone.perCpuPages().drain();
  }
}
