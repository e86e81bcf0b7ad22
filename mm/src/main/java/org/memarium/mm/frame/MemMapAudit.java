package org.memarium.mm.frame;

import org.memarium.mm.Audit;

/** The recount of mem_map, when everybody has told what he has. */
public final class MemMapAudit {
  private MemMapAudit() {}

  /**
   * Compares what all rooms told the audit with what stands here: each frame of RAM has exactly one
   * owner, reserved frames are nobody else's, and both counts are what was told.
   */
  public static void audit(MemMap memMap, Audit audit) {
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      int flags = memMap.flags(pfn);
      boolean reserved = (flags & PageFlags.RESERVED) != 0;
      if (!reserved && !audit.isClaimed(pfn)) {
        audit.difference("nobody owns " + memMap.describe(pfn));
      }
      if (reserved && audit.isClaimed(pfn)) {
        audit.difference(
            "%s owns the reserved %s".formatted(audit.owner(pfn), memMap.describe(pfn)));
      }
      expect(
          memMap,
          audit,
          pfn,
          "count",
          memMap.pageCount(pfn),
          reserved ? 0 : audit.expectedReferences(pfn));
      expect(memMap, audit, pfn, "mapcount", memMap.pageMapcount(pfn), audit.expectedMappings(pfn));
    }
  }

  private static void expect(
      MemMap memMap, Audit audit, int pfn, String what, int counter, int recount) {
    if (counter != recount) {
      audit.difference(
          "%s of %s, owned by %s: a recount gives %d"
              .formatted(what, memMap.describe(pfn), audit.owner(pfn), recount));
    }
  }
}
