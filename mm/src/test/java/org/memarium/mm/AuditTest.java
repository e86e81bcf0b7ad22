package org.memarium.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;

/** Each thing that may be wrong is found, and named. */
final class AuditTest {
  private static String message(Executable executable) {
    return String.valueOf(assertThrows(IllegalStateException.class, executable).getMessage());
  }

  private static String failure(BootedMemory memory, Audit audit) {
    return message(() -> memory.finish(audit));
  }

  @Test
  void aFrameThatNobodyClaimsIsFound() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 32)) {
      int pfn = memory.allocator.allocPages(Gfp.GFP_KERNEL, 0);
      String message = failure(memory, memory.beginAudit());
      assertTrue(message.contains("nobody owns frame 0x%x".formatted(pfn)), message);
      assertTrue(message.startsWith("audit: 2 differences\n"), message);
    }
  }

  @Test
  void aFrameWithTwoOwnersIsFound() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 32)) {
      int pfn = memory.allocator.allocPages(Gfp.GFP_KERNEL, 0);
      Audit audit = memory.beginAudit();
      audit.claim(pfn, "page table of pid 1");
      audit.claim(pfn, "page table of pid 2");
      audit.expectReference(pfn);
      assertEquals(
          "audit: 1 differences\n  frame 0x%x has two owners: page table of pid 1,".formatted(pfn)
              + " and page table of pid 2",
          failure(memory, audit));
    }
  }

  @Test
  void aFreeFrameThatSomebodyClaimsIsFound() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 32)) {
      PageAllocator allocator = memory.allocator;
      int pfn = allocator.allocPages(Gfp.GFP_KERNEL, 0);
      allocator.freePages(pfn, 0);
      Audit audit = memory.beginAudit();
      audit.claim(pfn, "somebody");
      String message = failure(memory, audit);
      assertTrue(
          message.contains("has two owners: somebody, and per-CPU list of order 0"), message);
    }
  }

  @Test
  void wrongCountsAreFound() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 32)) {
      int pfn = memory.allocator.allocPages(Gfp.GFP_KERNEL, 0);
      memory.allocator.memMap().getPage(pfn);
      memory.allocator.memMap().incrementMapcount(pfn);
      Audit audit = memory.beginAudit();
      audit.claim(pfn, "the page cache");
      audit.expectReference(pfn);
      String message = failure(memory, audit);
      assertTrue(message.contains("count of frame 0x%x".formatted(pfn)), message);
      assertTrue(message.contains("mapcount of frame 0x%x".formatted(pfn)), message);
      assertTrue(message.contains("owned by the page cache: a recount gives 1"), message);
    }
  }

  @Test
  void aReservedFrameThatSomebodyClaimsIsFound() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 32)) {
      Audit audit = memory.beginAudit();
      audit.claim(memory.allocator.zeroPfn(), "somebody");
      assertTrue(failure(memory, audit).contains("somebody owns the reserved frame"));
    }
  }

  @Test
  void claimsBeyondRamAndWrongCountersAreFound() {
    Audit audit = new Audit(100);
    audit.claim(99, 2, "somebody");
    audit.expectEqual("nr_dirty", 3, 4);
    assertEquals(2, audit.differences().size());
    assertTrue(audit.differences().getLast().contains("nr_dirty is 3, and a recount gives 4"));
    assertThrows(IllegalStateException.class, audit::finish);
  }

  @Test
  void aLongListIsCutAndSaysSo() {
    Audit audit = new Audit(1);
    for (int i = 0; i < 250; i++) {
      audit.difference("line " + i);
    }
    String message = message(audit::finish);
    assertTrue(message.startsWith("audit: 250 differences"), message);
    assertTrue(message.endsWith("and 50 more"), message);
  }
}
