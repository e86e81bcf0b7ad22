package org.memarium.mm.swap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultResult;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.fault.TryToUnuse;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.Shmem;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.FileAccess;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VmStatItem;

/** Pages of files of memory go to swap and come back; the file knows where they are. */
class ShmemSwapTest {
  private static final long PAGE = Ram.PAGE_SIZE;
  private static final long SEED = 4711;
  private static final int WILLNEED = 3;
  private static final int PAGEOUT = 21;

  private static TestSwap machine() {
    TestSwap t = TestSwap.i386();
    t.on(1000, 0, false);
    return t;
  }

  private static long map(TestSwap t, long pages) {
    int flags = MmapFlags.MAP_SHARED | MmapFlags.MAP_ANONYMOUS;
    return t.mm.mmap(0, pages * PAGE, TestSpace.RW, flags, null, 0);
  }

  private static AddressSpace file(TestSwap t, long address) {
    return Objects.requireNonNull(Objects.requireNonNull(t.mm.findVma(address)).mapping());
  }

  private static Shmem shmem(TestSwap t, long address) {
    return Objects.requireNonNull(file(t, address).shmem());
  }

  /** Lets MADV_PAGEOUT swap pages out; they are in the swap cache still. */
  private static void pageOut(TestSwap t, long address, long pages) {
    assertEquals(0, t.mm.madvise(address, pages * PAGE, PAGEOUT));
    t.space.memory.allocator.pendingIo().waitForAll(IoWait.SWAP_WRITE);
  }

  /** Swaps pages out, all the way. */
  private static void swapOut(TestSwap t, long address, int pages) {
    int[] pfns = new int[pages];
    for (int i = 0; i < pages; i++) {
      pfns[i] = Pte.pfn(t.mm.pages().tables().pte(address + i * PAGE));
    }
    long before = shmem(t, address).swappedPages();
    pageOut(t, address, pages);
    assertEquals(before + pages, shmem(t, address).swappedPages());
    for (int pfn : pfns) {
      t.evict(pfn);
    }
  }

  private static int kept(TestSwap t) {
    return (int) (t.swap.areas().lines().getFirst().usedKib() >> 2);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void moreSharedMemoryThanRamIsThereAfterwards(int seed) {
    int pages = 6000;
    SplittableRandom random = new SplittableRandom(SEED + seed);
    int[] expected = new int[pages];
    try (TestSwap t = new TestSwap(Architecture.I386, 16)) {
      t.on(4 * pages, 0, false);
      long at = map(t, pages);
      for (int step = 0; step < 3 * pages; step++) {
        int page = random.nextInt(pages);
        assertEquals(expected[page], t.read(at + page * PAGE), "seed " + seed);
        if (random.nextInt(3) > 0) {
          expected[page] = random.nextInt();
          t.write(at + page * PAGE, expected[page]);
        }
      }
      t.audit();
      assertTrue(t.stat(VmStatItem.PSWPOUT) > 1000);
      assertTrue(t.stat(VmStatItem.PSWPIN) > 1000);
      assertTrue(t.stat(VmStatItem.WORKINGSET_REFAULT_ANON) > 0);
      assertEquals(0, t.mm.rss().swapEntries(), "no page table has the slots");
      MmStruct child = Objects.requireNonNull(t.mm.fork(t.space.limits));
      for (int page = 0; page < pages; page++) {
        int pfn = t.space.faults.gup().getUserPage(child, at + page * PAGE, false);
        assertEquals(expected[page], t.space.memory.ram.getInt((long) pfn << Ram.PAGE_SHIFT));
      }
      t.audit();
      child.exit();
    }
  }

  @Test
  void aPageGoesFromTheCacheToItsSlotAndBack() {
    try (TestSwap t = machine()) {
      long at = map(t, 4);
      t.write(at, 7);
      t.write(at + PAGE, 8);
      assertEquals(2, t.stat(VmStatItem.NR_SHMEM));
      swapOut(t, at, 1);
      t.audit();
      assertEquals(1, t.stat(VmStatItem.NR_SHMEM));
      assertEquals(1, shmem(t, at).swappedPages());
      assertEquals(2, shmem(t, at).allocatedPages());
      assertEquals(0, t.mm.pages().tables().pte(at));
      assertEquals(7, t.read(at));
      assertEquals(FaultResult.MAJOR, t.space.faults.lastResult());
      assertEquals(1, t.stat(VmStatItem.PGMAJFAULT));
      assertEquals(1, t.stat(VmStatItem.PSWPIN));
      assertEquals(0, shmem(t, at).swappedPages());
      assertFalse(t.swap.isCached(Pte.pfn(t.mm.pages().tables().pte(at))));
      t.audit();
      // It has no slot any more, so it is written again although it did not change.
      swapOut(t, at, 1);
      assertEquals(2, t.stat(VmStatItem.PSWPOUT));
      assertEquals(7, t.read(at));
    }
  }

  @Test
  void whatIsInTheSwapCacheStillNeedNotBeRead() {
    try (TestSwap t = machine()) {
      long at = map(t, 1);
      t.write(at, 7);
      pageOut(t, at, 1);
      assertEquals(1, t.stat(VmStatItem.NR_SWAPCACHED));
      t.audit();
      t.write(at + 4, 8);
      assertEquals(FaultResult.MINOR, t.space.faults.lastResult());
      assertEquals(7, t.read(at));
      assertEquals(0, t.stat(VmStatItem.PSWPIN));
      assertEquals(0, t.stat(VmStatItem.NR_SWAPCACHED));
    }
  }

  @Test
  void withoutSwapAndWhileItIsLockedAPageStays() {
    try (TestSwap t = TestSwap.i386()) {
      long at = map(t, 1);
      t.write(at, 7);
      pageOut(t, at, 1);
      assertEquals(1, t.stat(VmStatItem.NR_SHMEM));
      t.on(1000);
      file(t, at).setUnevictable(true); // SHM_LOCK
      t.write(at, 8);
      pageOut(t, at, 1);
      assertEquals(1, t.stat(VmStatItem.NR_SHMEM));
      file(t, at).setUnevictable(false);
      pageOut(t, at, 1);
      assertEquals(0, t.stat(VmStatItem.NR_SHMEM));
      assertEquals(8, t.read(at));
    }
  }

  @Test
  void readAndWriteBringPagesIn() {
    try (TestSwap t = machine()) {
      long at = map(t, 3);
      for (int i = 0; i < 3; i++) {
        t.write(at + i * PAGE, 100 + i);
      }
      swapOut(t, at, 3);
      byte[] bytes = new byte[4];
      assertEquals(4, file(t, at).read(PAGE, bytes, 0, 4));
      assertArrayEquals(new byte[] {101, 0, 0, 0}, bytes);
      assertEquals(4, file(t, at).write(2 * PAGE + 8, new byte[] {9, 0, 0, 0}, 0, 4));
      t.audit();
      assertEquals(102, t.read(at + 2 * PAGE));
      assertEquals(9, t.read(at + 2 * PAGE + 8));
      assertEquals(1, shmem(t, at).swappedPages());
      assertEquals(0, t.stat(VmStatItem.PGMAJFAULT), "no fault waited");
    }
  }

  @Test
  void truncationAndHolesGiveSlotsUp() {
    try (TestSwap t = machine()) {
      long at = map(t, 16);
      for (int i = 0; i < 16; i++) {
        t.write(at + i * PAGE, i + 1);
        t.write(at + i * PAGE + 2048, i + 1);
      }
      swapOut(t, at, 16);
      int used = kept(t);
      file(t, at).punchHole(2 * PAGE + 1024, 5 * PAGE + 1024);
      t.audit();
      assertEquals(12, shmem(t, at).swappedPages(), "two are gone, two came back to be cut");
      assertEquals(3, t.read(at + 2 * PAGE));
      assertEquals(0, t.read(at + 2 * PAGE + 2048));
      assertEquals(0, t.read(at + 3 * PAGE));
      assertEquals(0, t.read(at + 5 * PAGE));
      assertEquals(6, t.read(at + 5 * PAGE + 2048));
      assertEquals(0, file(t, at).truncate(8 * PAGE + 1024));
      t.audit();
      assertEquals(0, file(t, at).truncate(16 * PAGE));
      assertEquals(9, t.read(at + 8 * PAGE));
      assertEquals(0, t.read(at + 8 * PAGE + 2048), "what was behind the end is lost");
      assertEquals(0, t.read(at + 12 * PAGE));
      assertEquals(4, shmem(t, at).swappedPages());
      assertTrue(kept(t) <= used);
      assertEquals(0, t.mm.munmap(at, 16 * PAGE));
      assertEquals(0, t.stat(VmStatItem.NR_SHMEM));
      t.audit();
    }
  }

  @Test
  void mincoreKnowsTheSwapCacheAndWillneedReadsIntoIt() {
    try (TestSwap t = machine()) {
      long at = map(t, 4);
      for (int i = 0; i < 4; i++) {
        t.write(at + i * PAGE, i + 1);
      }
      swapOut(t, at, 3);
      byte[] there = new byte[4];
      assertEquals(4, t.mm.mincore(at, there, 4, FileAccess.ALL));
      assertArrayEquals(new byte[] {0, 0, 0, 1}, there);
      assertEquals(0, t.mm.madvise(at, 2 * PAGE, WILLNEED));
      t.space.memory.allocator.pendingIo().waitForAll(IoWait.SWAP_READ);
      assertEquals(4, t.mm.mincore(at, there, 4, FileAccess.ALL));
      assertArrayEquals(new byte[] {1, 1, 0, 1}, there);
      assertEquals(2, t.stat(VmStatItem.PSWPIN));
      t.audit();
      assertEquals(1, t.read(at));
      assertEquals(FaultResult.MINOR, t.space.faults.lastResult());
    }
  }

  @Test
  void pagesAroundTheSlotAreReadAhead() {
    try (TestSwap t = TestSwap.i386()) {
      t.on(1000); // turns: slots follow each other
      long at = map(t, 16);
      for (int i = 0; i < 16; i++) {
        t.write(at + i * PAGE, i + 1);
      }
      swapOut(t, at, 16);
      for (int i = 0; i < 16; i++) {
        assertEquals(i + 1, t.read(at + i * PAGE));
      }
      assertEquals(16, t.stat(VmStatItem.PSWPIN));
      assertTrue(t.stat(VmStatItem.PGMAJFAULT) < 6, "most were in the swap cache");
      assertNotEquals(0, t.stat(VmStatItem.SWAP_RA_HIT));
    }
  }

  @Test
  void aReadErrorLosesThePageAndSaysSo() {
    try (TestSwap t = machine()) {
      long at = map(t, 2);
      t.write(at, 7);
      t.write(at + PAGE, 8);
      swapOut(t, at, 2);
      t.swap.readahead().setPageCluster(0);
      diskOf(t).disk().injectErrors((number, write, page) -> !write);
      assertEquals(FaultResult.SIGBUS, t.space.faults.handleMmFault(t.mm, at, 4));
      t.audit();
      byte[] bytes = new byte[4];
      assertEquals(-Errno.EIO, file(t, at).read(PAGE, bytes, 0, 4));
      t.audit();
      diskOf(t).disk().injectErrors((number, write, page) -> false);
      // shmem_set_folio_swapin_error: the slot is gone, and nobody shall see zeroes instead.
      assertEquals(FaultResult.SIGBUS, t.space.faults.handleMmFault(t.mm, at, 6));
      assertEquals(-Errno.EIO, file(t, at).write(0, bytes, 0, 4));
      assertEquals(0, shmem(t, at).swappedPages());
      file(t, at).punchHole(0, PAGE);
      assertEquals(0, t.read(at), "a hole is one again");
      t.audit();
    }
  }

  private static DiskSwap diskOf(TestSwap t) {
    return (DiskSwap) t.swap.areas().infoOf(SwapAreas.slot(0, 1)).device();
  }

  @Test
  void aWriteErrorLeavesThePageInTheSwapCache() {
    try (TestSwap t = machine()) {
      long at = map(t, 1);
      t.write(at, 7);
      diskOf(t).disk().injectErrors((number, write, page) -> write);
      pageOut(t, at, 1);
      t.audit();
      assertEquals(1, shmem(t, at).swappedPages());
      assertEquals(7, t.read(at));
      assertEquals(0, t.stat(VmStatItem.PSWPIN));
      t.audit();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void swapoffBringsEverythingBackButWhatCannotBeRead(boolean broken) {
    try (TestSwap t = machine()) {
      long at = map(t, 20);
      long other = map(t, 20);
      for (int i = 0; i < 20; i++) {
        t.write(at + i * PAGE, i + 1);
        t.write(other + i * PAGE, -i);
      }
      swapOut(t, at, 20);
      pageOut(t, other, 20);
      assertEquals(0, t.mm.munmap(at + PAGE, 19 * PAGE), "unmapped pages come, too");
      diskOf(t).disk().injectErrors((number, write, page) -> broken && !write);
      assertEquals(0, t.swap.areas().swapOff(0, new TryToUnuse(t.space.manager)));
      t.audit();
      assertEquals(0, shmem(t, at).swappedPages());
      assertEquals(broken ? 20 : 40, t.stat(VmStatItem.NR_SHMEM));
      byte[] bytes = new byte[1];
      assertEquals(broken ? -Errno.EIO : 1, file(t, at).read(19 * PAGE, bytes, 0, 1));
      assertEquals(broken ? 0 : 20, bytes[0]);
      assertEquals(-19, t.read(other + 19 * PAGE));
    }
  }

  @Test
  void pagesThatFallocateTookAreSwappedAsZeroes() {
    try (TestSwap t = machine()) {
      long at = map(t, 8);
      assertEquals(0, shmem(t, at).fallocate(0, 8));
      assertEquals(8, shmem(t, at).allocatedPages());
      for (int i = 0; i < 8; i++) {
        assertEquals(-1, file(t, at).findPage(i), "a hole still");
      }
      assertEquals(0, t.read(at + 2 * PAGE));
      assertTrue(file(t, at).findPage(2) >= 0);
      pageOut(t, at, 8);
      assertEquals(1, shmem(t, at).swappedPages());
      assertEquals(0, t.read(at + 2 * PAGE));
      t.audit();
    }
  }
}
