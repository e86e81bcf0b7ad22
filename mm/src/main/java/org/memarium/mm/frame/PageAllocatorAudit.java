package org.memarium.mm.frame;

import org.memarium.mm.Audit;

/** The recount of the page allocator. */
public final class PageAllocatorAudit {
  private PageAllocatorAudit() {}

  /**
   * Claims the free frames and checks the free lists. When every other room has had its say too,
   * {@link MemMapAudit#audit} compares.
   */
  public static void audit(PageAllocator allocator, Audit audit) {
    MemMap memMap = allocator.memMap();
    for (Zone zone : allocator.zones()) {
      zone.audit(audit);
    }
    allocator.lru().audit(audit);
    allocator.groups().audit(audit);
    long handedOut = 0;
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      if (memMap.isAllocated(pfn)) {
        handedOut += 1L << memMap.order(pfn);
        auditTails(memMap, audit, pfn);
      }
    }
    audit.expectEqual(
        "pages given to the allocator, less those handed out",
        allocator.node().freeFrames(),
        allocator.node().totalRamPages() - handedOut);
  }

  private static void auditTails(MemMap memMap, Audit audit, int head) {
    boolean compound = memMap.isPageHead(head);
    for (int pfn = head + 1; pfn < head + (1 << memMap.order(head)); pfn++) {
      if (memMap.isPageTail(pfn) != compound || (compound && memMap.compoundHead(pfn) != head)) {
        audit.difference(
            "%s should%s be a tail of the compound page at 0x%x"
                .formatted(memMap.describe(pfn), compound ? "" : " not", head));
      }
    }
  }
}
