package org.memarium.mm.file;

import org.memarium.mm.Audit;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;

/** The recount of one file's pages. */
final class AddressSpaceAudit {
  private final AddressSpace file;
  private final PageTree pages;
  private final MemMap memMap;
  private final Audit audit;

  AddressSpaceAudit(AddressSpace file, PageTree pages, MemMap memMap, Audit audit) {
    this.file = file;
    this.pages = pages;
    this.memMap = memMap;
    this.audit = audit;
  }

  /** See {@link AddressSpace#audit}. */
  long run(long[] writePending) {
    long count = 0;
    long dirty = 0;
    int number = file.number();
    String owner = "page cache of file " + number;
    Audit.Use use = file.store().isShmem() ? Audit.Use.SHMEM : Audit.Use.FILE;
    for (long index = pages.next(0); index >= 0; index = pages.next(index + 1)) {
      int pfn = pages.get(index);
      audit.claim(pfn, 1, owner, use);
      audit.expectReference(pfn);
      if (memMap.mapping(pfn) != number || memMap.index(pfn) != (int) index) {
        audit.difference(
            "page %d of file %d is in %s".formatted(index, number, memMap.describe(pfn)));
      }
      auditTags(index, pfn);
      if (memMap.isPageDirty(pfn)) {
        dirty++;
        writePending[memMap.zoneIndex(pfn)] += file.store().isPersistent() ? 1 : 0;
      }
      count++;
    }
    audit.expectEqual("nrpages of file " + number, file.cachedPages(), count);
    audit.expectEqual("dirty pages of file " + number, file.dirtyPages().count(), dirty);
    return count;
  }

  private void auditTags(long index, int pfn) {
    if (!file.store().isPersistent()) {
      return;
    }
    if (memMap.isPageDirty(pfn) != pages.hasTag(index, PageTree.TAG_DIRTY)
        || memMap.testFlags(pfn, PageFlags.WRITEBACK)
            != pages.hasTag(index, PageTree.TAG_WRITEBACK)) {
      audit.difference("its tags in the tree of pages are wrong: " + memMap.describe(pfn));
    }
  }
}
