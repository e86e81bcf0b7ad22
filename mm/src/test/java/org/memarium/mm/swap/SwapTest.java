package org.memarium.mm.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.BlockDevice;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.Errno;
import org.memarium.mm.compaction.MigrateMode;
import org.memarium.mm.compaction.Migration;
import org.memarium.mm.fault.FaultResult;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.fault.TryToUnuse;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.trace.VmStatItem;

/** Pages go to swap and come back; whoever has their slots is counted. */
class SwapTest {
  private static final long PAGE = Ram.PAGE_SIZE;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPageComesBackWithItsContent(boolean compat) {
    try (TestSwap t = compat ? TestSwap.compat() : TestSwap.i386()) {
      t.on(1000);
      long at = t.space.mapAnon(0, 4 * PAGE, TestSpace.RW, 0);
      t.write(at, 0x1234);
      t.swapOut(at);
      assertTrue(SwapEntry.isSwapped(t.swap.format(), t.mm.pages().tables().pte(at)));
      assertEquals(1, t.mm.rss().swapEntries());
      assertEquals(0, t.mm.rss().anon());
      t.audit();
      assertEquals(0x1234, t.read(at));
      assertEquals(FaultResult.MAJOR, t.space.faults.lastResult());
      assertEquals(0, t.mm.rss().swapEntries());
      assertEquals(1, t.stat(VmStatItem.PSWPOUT));
      assertEquals(1, t.stat(VmStatItem.PSWPIN));
      assertEquals(1, t.stat(VmStatItem.PGMAJFAULT));
    }
  }

  @Test
  void aPageThatWasOnlyReadKeepsItsSlotAndIsNotWrittenAgain() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(1000);
      long at = t.swappedOut(7);
      assertEquals(7, t.read(at));
      int pfn = t.frameOf(at);
      assertTrue(t.swap.isCached(pfn));
      t.audit();
      t.swapOut(at);
      assertEquals(1, t.stat(VmStatItem.PSWPOUT), "it had not changed");
      assertEquals(7, t.read(at));
    }
  }

  @Test
  void aWriteGivesTheSlotUp() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(1000);
      long free = t.swap.freePages();
      long at = t.swappedOut(7);
      t.write(at, 8);
      int pfn = t.frameOf(at);
      assertFalse(t.swap.isCached(pfn));
      assertTrue(t.space.memory.allocator.memMap().isPageDirty(pfn));
      assertEquals(free, t.swap.areas().freePages() + kept(t));
      t.swapOut(at);
      assertEquals(2, t.stat(VmStatItem.PSWPOUT));
      assertEquals(8, t.read(at));
    }
  }

  /** Slots that are taken ahead, or wait to be given back. */
  private static long kept(TestSwap t) {
    return t.swap.areas().lines().getFirst().usedKib() >> 2;
  }

  @Test
  void aForkedProcessHasTheSlotToo() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(1000);
      long at = t.space.mapAnon(0, 2 * PAGE, TestSpace.RW, 0);
      t.write(at, 7);
      t.write(at + PAGE, 9);
      t.swapOut(at);
      long entry = t.mm.pages().tables().pte(at);
      MmStruct child = Objects.requireNonNull(t.mm.fork(t.space.limits));
      assertEquals(2, t.swap.count(entry));
      assertEquals(1, child.rss().swapEntries());
      t.audit();
      // The parent reads, then writes: the page is shared with the child through the cache.
      assertEquals(7, t.read(at));
      t.audit();
      t.write(at, 8);
      t.audit();
      child.activate();
      assertEquals(7, readAs(t, child, at));
      t.mm.activate();
      assertEquals(8, t.read(at));
      t.audit();
      child.exit();
      t.audit();
    }
  }

  private static int readAs(TestSwap t, MmStruct mm, long address) {
    int pfn = t.space.faults.gup().getUserPage(mm, address, false);
    return t.space.memory.ram.getInt((long) pfn << Ram.PAGE_SHIFT);
  }

  @Test
  void manyProcessesHaveTheSameSlot() {
    try (TestSwap t = new TestSwap(Architecture.I386, 256)) {
      t.on(1000);
      long at = t.swappedOut(7);
      long entry = t.mm.pages().tables().pte(at);
      MmStruct[] children = new MmStruct[9000];
      for (int i = 0; i < children.length; i++) {
        children[i] = Objects.requireNonNull(t.mm.fork(t.space.limits), "fork " + i);
        if (i == 61 || i == 62 || i == 8000) {
          assertEquals(i + 2, t.swap.count(entry));
        }
      }
      assertEquals(9001, t.swap.count(entry));
      t.audit();
      for (MmStruct child : children) {
        child.exit();
      }
      assertEquals(1, t.swap.count(entry));
      assertEquals(7, t.read(at));
    }
  }

  @Test
  void unmappingGivesTheSlotUp() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(1000);
      long at = t.space.mapAnon(0, 8 * PAGE, TestSpace.RW, 0);
      for (int i = 0; i < 8; i++) {
        t.write(at + i * PAGE, i);
        t.swapOut(at + i * PAGE);
      }
      assertEquals(8, t.mm.rss().swapEntries());
      assertEquals(0, t.mm.munmap(at, 4 * PAGE));
      assertEquals(4, t.mm.rss().swapEntries());
      t.audit();
      for (int i = 4; i < 8; i++) {
        assertEquals(i, t.read(at + i * PAGE));
      }
    }
  }

  @Test
  void pagesOfTheCacheAreFreedWithTheirLastUser() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(1000);
      MemMap memMap = t.space.memory.allocator.memMap();
      long at = t.space.mapAnon(0, PAGE, TestSpace.RW, 0);
      t.write(at, 7);
      int pfn = t.unmap(t.mm, at);
      assertEquals(1, memMap.pageCount(pfn));
      assertEquals(0, t.mm.munmap(at, PAGE));
      assertEquals(0, memMap.pageCount(pfn), "nobody needs it");
      assertEquals(0, t.stat(VmStatItem.NR_SWAPCACHED));
    }
  }

  @Test
  void aReadErrorIsSigbusAndTheSlotStays() {
    try (TestSwap t = TestSwap.i386()) {
      DiskSwap device = t.on(1000);
      long at = t.swappedOut(7);
      device.disk().injectErrors((number, write, page) -> !write);
      assertEquals(FaultResult.SIGBUS, t.space.faults.handleMmFault(t.mm, at, 4));
      t.audit();
      device.disk().injectErrors((number, write, page) -> false);
      // The page that could not be read is in the cache until reclaim takes it.
      assertEquals(FaultResult.SIGBUS, t.space.faults.handleMmFault(t.mm, at, 4));
      int pfn = t.swap.peek(t.mm.pages().tables().pte(at));
      t.evict(pfn);
      assertEquals(7, t.read(at));
    }
  }

  @Test
  void aWriteErrorLeavesThePageDirtyInTheCache() {
    try (TestSwap t = TestSwap.i386()) {
      DiskSwap device = t.on(1000);
      long at = t.space.mapAnon(0, PAGE, TestSpace.RW, 0);
      t.write(at, 7);
      int pfn = t.unmap(t.mm, at);
      device.disk().injectErrors((number, write, page) -> write);
      assertEquals(-Errno.EIO, t.swap.writePage(pfn));
      t.audit();
      assertTrue(t.space.memory.allocator.memMap().isPageDirty(pfn));
      assertEquals(7, t.read(at));
    }
  }

  @Test
  void swapoffBringsEverythingBack() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(1000);
      long at = t.space.mapAnon(0, 20 * PAGE, TestSpace.RW, 0);
      for (int i = 0; i < 20; i++) {
        t.write(at + i * PAGE, i + 1);
      }
      for (int i = 0; i < 20; i++) {
        t.swapOut(at + i * PAGE);
      }
      MmStruct child = Objects.requireNonNull(t.mm.fork(t.space.limits));
      assertEquals(0, t.swap.areas().swapOff(0, new TryToUnuse(t.space.manager)));
      t.audit();
      assertFalse(t.swap.isOn());
      assertEquals(0, t.mm.rss().swapEntries());
      assertEquals(0, t.stat(VmStatItem.NR_SWAPCACHED));
      for (int i = 0; i < 20; i++) {
        assertEquals(i + 1, t.read(at + i * PAGE));
        assertEquals(i + 1, readAs(t, child, at + i * PAGE));
      }
      child.exit();
    }
  }

  @Test
  void whatCannotBeReadIsSigbusAfterSwapoff() {
    try (TestSwap t = TestSwap.i386()) {
      DiskSwap device = t.on(1000);
      long at = t.swappedOut(7);
      device.disk().injectErrors((number, write, page) -> !write);
      assertEquals(0, t.swap.areas().swapOff(0, new TryToUnuse(t.space.manager)));
      t.audit();
      assertEquals(FaultResult.SIGBUS, t.space.faults.handleMmFault(t.mm, at, 4));
    }
  }

  @Test
  void areasOfOnePriorityTakeTurnsAndLowerOnesWait() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(50, SwapAreas.FLAG_PREFER | 5, true);
      t.on(50, SwapAreas.FLAG_PREFER | 5, true);
      t.on(50);
      long at = t.space.mapAnon(0, 110 * PAGE, TestSpace.RW, 0);
      for (int i = 0; i < 110; i++) {
        t.write(at + i * PAGE, i);
        t.swapOut(at + i * PAGE);
        if (i == 39) {
          assertEquals(20, t.swap.areas().inUse(0));
          assertEquals(20, t.swap.areas().inUse(1));
          assertEquals(0, t.swap.areas().inUse(2));
        }
      }
      assertEquals(49, t.swap.areas().inUse(0));
      assertEquals(12, t.swap.areas().inUse(2));
      t.audit();
      for (int i = 0; i < 110; i++) {
        assertEquals(i, t.read(at + i * PAGE));
      }
    }
  }

  @Test
  void swaponWantsAHeader() {
    try (TestSwap t = TestSwap.i386()) {
      BlockDevice blank = BlockDevice.temporary(System.getProperty("java.io.tmpdir"), 100 * PAGE);
      DiskSwap device = new DiskSwap(blank, "/dev/vda", true);
      assertEquals(-Errno.EINVAL, t.swap.areas().swapOn(device, 0));
      assertEquals(0, DiskSwap.format(blank, t.space.memory.allocator));
      assertEquals(0, t.swap.areas().swapOn(device, 0));
      assertEquals(99, t.swap.totalPages());
      assertEquals(-2, t.swap.areas().lines().getFirst().priority());
      blank.close();
    }
  }

  /** Moves a page to another frame, as compaction does. */
  private static int migrate(TestSwap t, int pfn) {
    PageAllocator allocator = t.space.memory.allocator;
    Migration migration = t.space.reclaim.migration();
    assertTrue(migration.isolate(pfn, MigrateMode.SYNC));
    PageList pages = new PageList();
    pages.add(pfn);
    Migration.Target target =
        new Migration.Target() {
          @Override
          public int allocate(int fromPfn) {
            return allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
          }

          @Override
          public void free(int unused) {
            allocator.freePages(unused, 0);
          }
        };
    int result = migration.migratePages(pages, target, MigrateMode.SYNC, "test");
    migration.putback(pages);
    t.audit();
    return result;
  }

  @Test
  void pagesOfTheSwapCacheMove() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(1000);
      long at = t.swappedOut(7);
      assertEquals(7, t.read(at));
      int mapped = t.frameOf(at);
      assertTrue(t.swap.isCached(mapped));
      assertEquals(0, migrate(t, mapped));
      int moved = t.frameOf(at);
      assertTrue(moved != mapped && t.swap.isCached(moved));
      assertFalse(t.swap.isCached(mapped));
      assertEquals(7, t.read(at));
      // Nothing maps it, and it is in the cache only.
      t.unmap(t.mm, at);
      assertEquals(0, migrate(t, moved));
      assertEquals(7, t.read(at));
      assertEquals(1, t.stat(VmStatItem.PSWPIN));
      t.write(at, 8);
      t.audit();
    }
  }
}
