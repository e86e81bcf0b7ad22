package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.ANON;
import static org.memarium.mm.fault.TestSpace.FIXED;
import static org.memarium.mm.fault.TestSpace.RW;

import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.PageFaultCode;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultResult;
import org.memarium.mm.fault.TestSpace;

/**
 * Calls whose n-th allocation of a descriptor fails, for n from 1 until the call succeeds: each
 * failure has Linux's error, maps and unmaps nothing, and the audit finds every object.
 */
class DescriptorFailureTest {
  private static final long PAGE = Ram.PAGE_SIZE;
  private static final int MOST = 20;

  private final TestSpace space = TestSpace.withFailslab();
  private final MmStruct mm = space.mm;

  @AfterEach
  void close() {
    space.slab.failSlab().attr().set(0, 0);
    space.close();
  }

  /** Makes the call until it succeeds; returns how often it failed. */
  private int failures(int errno, LongSupplier call) {
    for (int nth = 1; nth <= MOST; nth++) {
      long before = mm.accounting().totalVm();
      space.slab.failSlab().attr().set(nth, 1);
      long result = call.getAsLong();
      space.slab.failSlab().attr().set(0, 0);
      space.audit();
      if (!Errno.isError(result)) {
        return nth - 1;
      }
      assertEquals(Errno.name(-errno), Errno.name(result), "failure " + nth);
      assertEquals(before, mm.accounting().totalVm(), "failure " + nth);
    }
    throw new AssertionError("the call does not succeed");
  }

  private long anon(long at, long pages) {
    long result = mm.mmap(at, pages * PAGE, RW, ANON | FIXED, null, 0);
    assertEquals(at, result);
    return result;
  }

  private void touch(long address) {
    int write = PageFaultCode.USER | PageFaultCode.WRITE;
    assertTrue(space.faults.handleMmFault(mm, address, write).isHandled());
  }

  @Test
  void anAreaOfAnonymousMemory() {
    assertEquals(1, failures(Errno.ENOMEM, () -> space.mapAnon(0, PAGE, RW, 0)));
  }

  @Test
  void sharedMemoryNeedsAnInodeAnEntryAndAFile() {
    int shared = MmapFlags.MAP_SHARED | MmapFlags.MAP_ANONYMOUS;
    // The inode's failure has an error of its own, as Linux has it.
    space.slab.failSlab().attr().set(2, 1);
    assertEquals(-Errno.ENOSPC, mm.mmap(0, PAGE, RW, shared, null, 0));
    space.audit();
    for (int nth : new int[] {1, 3, 4}) {
      space.slab.failSlab().attr().set(nth, 1);
      assertEquals(-Errno.ENOMEM, mm.mmap(0, PAGE, RW, shared, null, 0), "failure " + nth);
      space.audit();
    }
    space.slab.failSlab().attr().set(5, 1);
    assertTrue(mm.mmap(0, PAGE, RW, shared, null, 0) > 0);
  }

  @Test
  void aHoleInAnAreaWithPagesNeedsAnAreaAndAChain() {
    long at = anon(0x2000_0000L, 9);
    touch(at);
    // The third failure is that of the split at the end; the one at the start stays, as on Linux.
    assertEquals(3, failures(Errno.ENOMEM, () -> mm.munmap(at + 4 * PAGE, PAGE)));
  }

  @Test
  void aNewBreakNeedsAnArea() {
    mm.heap().setBrk(0x0900_0000L, 0x0900_0000L);
    space.slab.failSlab().attr().set(1, 1);
    assertEquals(0x0900_0000L, mm.brk(0x0900_4000L));
    space.audit();
    assertEquals(0x0900_4000L, mm.brk(0x0900_4000L));
  }

  @Test
  void otherRightsInTheMidstNeedTwoAreas() {
    long at = anon(0x2000_0000L, 9);
    for (int nth = 1; nth <= 2; nth++) {
      space.slab.failSlab().attr().set(nth, 1);
      assertEquals(-Errno.ENOMEM, mm.mprotect(at + 3 * PAGE, PAGE, MmapFlags.PROT_READ));
      // Split or not, the rights are the old ones everywhere.
      assertTrue(!space.maps().contains("r--p"));
      space.audit();
    }
    space.slab.failSlab().attr().set(0, 0);
    assertEquals(0, mm.mprotect(at + 3 * PAGE, PAGE, MmapFlags.PROT_READ));
  }

  @Test
  void adviceThatSplitsSaysTryAgain() {
    long at = anon(0x2000_0000L, 3);
    space.slab.failSlab().attr().set(1, 1);
    assertEquals(-Errno.EAGAIN, mm.madvise(at + PAGE, PAGE, Madvise.RANDOM));
  }

  @Test
  void anAreaThatMovesNeedsAnotherArea() {
    long at = anon(0x2000_0000L, 2);
    anon(0x2000_2000L + 4 * PAGE, 1);
    touch(at);
    int move = MmapFlags.MREMAP_MAYMOVE | MmapFlags.MREMAP_FIXED;
    int failed =
        failures(Errno.ENOMEM, () -> mm.mremap(at, 2 * PAGE, 2 * PAGE, move, 0x3000_0000L));
    assertEquals(2, failed);
  }

  @Test
  void aFirstPageNeedsAnAnonVmaAndAChain() {
    long at = anon(0x2000_0000L, 1);
    for (int nth = 1; nth <= 2; nth++) {
      space.slab.failSlab().attr().set(nth, 1);
      int write = PageFaultCode.USER | PageFaultCode.WRITE;
      assertEquals(FaultResult.OOM, space.faults.handleMmFault(mm, at, write));
      space.audit();
    }
    space.slab.failSlab().attr().set(0, 0);
    touch(at);
  }

  @Test
  void anAddressSpaceNeedsItsDescriptor() {
    space.slab.failSlab().attr().set(1, 1);
    assertEquals(null, MmStruct.allocate(space.manager, mm.layout(), space.limits));
    space.audit();
  }
}
