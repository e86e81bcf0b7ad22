package org.memarium.mm.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.RW;
import static org.memarium.mm.fault.TestSpace.SHARED;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.VmStatItem;

final class WritebackTest {
  private static final int PAGE = 4096;
  private static final long SECOND = 1_000_000_000;

  private final TestSpace space = TestSpace.i386();

  @AfterEach
  void auditAndClose() {
    space.audit();
    space.close();
  }

  private long vmStat(VmStatItem item) {
    return space.memory.allocator.vmStat().get(item);
  }

  private void pass(long nanos) {
    long now = space.pageCache.nanos();
    space.pageCache.trace.time().waitUntil(now + nanos, IoWait.FILE_WRITE);
  }

  private static void dirty(TestFile file, int pages) {
    assertEquals(
        (long) pages * PAGE, file.mapping().write(0, new byte[pages * PAGE], 0, pages * PAGE));
  }

  @Test
  void aPageIsUnderWritebackUntilTheDeviceIsDone() {
    TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
    dirty(file, 4);
    assertEquals(0, file.mapping().dirtyPages().startWriteBack(1, 2));
    assertEquals(2, vmStat(VmStatItem.NR_WRITEBACK));
    assertEquals(2, vmStat(VmStatItem.NR_DIRTY));
    assertEquals(0, vmStat(VmStatItem.NR_WRITTEN));
    space.audit();
    file.mapping().dirtyPages().await();
    assertEquals(0, vmStat(VmStatItem.NR_WRITEBACK));
    assertEquals(2, vmStat(VmStatItem.NR_WRITTEN));
    assertEquals(8, vmStat(VmStatItem.PGPGOUT));
    assertTrue(space.pageCache.nanos() > 0);
  }

  @Test
  void theFlusherWritesWhatHasBeenDirtyForThirtySeconds() {
    TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
    dirty(file, 3);
    pass(29 * SECOND);
    space.pageCache.atSafePoint();
    assertEquals(3, file.mapping().dirtyPages().count());
    pass(6 * SECOND);
    space.pageCache.atSafePoint();
    assertEquals(0, file.mapping().dirtyPages().count());
    assertEquals(3, file.pagesWritten);
  }

  @Test
  void aWriterWaitsWhenTooMuchIsDirty() {
    space.pageCache.dirtyLimits().setBytes(64 * PAGE);
    TestFile file = TestFile.of(space.pageCache, PAGE);
    for (int i = 0; i < 256; i++) {
      file.mapping().write((long) i * PAGE, new byte[PAGE], 0, PAGE);
      long pending = vmStat(VmStatItem.NR_DIRTY) + vmStat(VmStatItem.NR_WRITEBACK);
      assertTrue(pending <= 64 + 32, "pending " + pending);
    }
    assertNotEquals(0, space.pageCache.trace.time().waits(IoWait.FILE_WRITE));
  }

  @Test
  void whatIsWrittenThroughAMappingAfterMsyncIsDirtyAgain() {
    TestFile file = TestFile.of(space.pageCache, PAGE);
    long at = space.mapFile(file, PAGE, RW, SHARED, 0);
    space.mmu.writeByte(at, 1);
    assertEquals(0, file.mapping().dirtyPages().writeBack());
    assertEquals(0, file.mapping().dirtyPages().count());
    space.mmu.writeByte(at, 2);
    assertEquals(1, file.mapping().dirtyPages().count());
    assertEquals(0, file.mapping().dirtyPages().writeBack());
    assertEquals(2, file.content[0]);
  }

  @Test
  void truncationWaitsForPagesUnderWriteback() {
    TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
    dirty(file, 4);
    assertEquals(0, file.mapping().dirtyPages().startWriteBack(0, 3));
    assertEquals(0, file.mapping().truncate(PAGE));
    assertEquals(1, file.mapping().cachedPages());
    space.audit();
    file.mapping().punchHole(0, PAGE);
    assertEquals(0, file.mapping().cachedPages());
  }

  @Test
  void anErrorIsToldOnceToEachWhoHasTheFileOpen() {
    TestFile file = TestFile.of(space.pageCache, PAGE);
    AddressSpace mapping = file.mapping();
    int first = mapping.dirtyPages().errors().sample();
    int second = mapping.dirtyPages().errors().sample();
    dirty(file, 1);
    space.pageCache.failMakeRequest().failNth(1);
    assertEquals(-Errno.EIO, mapping.dirtyPages().startWriteBack(0, 0));
    assertEquals(1, mapping.dirtyPages().count());
    assertEquals(0, mapping.dirtyPages().writeBack());
    assertEquals(-Errno.EIO, mapping.dirtyPages().errors().since(first));
    first = mapping.dirtyPages().errors().advance();
    assertEquals(0, mapping.dirtyPages().errors().since(first));
    assertEquals(-Errno.EIO, mapping.dirtyPages().errors().since(second));
    assertEquals(0, mapping.dirtyPages().errors().since(mapping.dirtyPages().errors().sample()));
  }

  @Test
  void anErrorAtAnyPageLosesNothing() {
    for (int failing = 1; failing <= 12; failing++) {
      TestFile file = TestFile.of(space.pageCache, 8 * PAGE);
      byte[] bytes = new byte[8 * PAGE];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) (i * 31 + failing);
      }
      assertEquals(bytes.length, file.mapping().write(0, bytes, 0, bytes.length));
      space.pageCache.failMakeRequest().failNth(failing);
      assertEquals(failing <= 8 ? -Errno.EIO : 0, file.mapping().dirtyPages().writeBack());
      space.audit();
      space.pageCache.failMakeRequest().set(0, 0);
      assertEquals(0, file.mapping().dirtyPages().writeBack());
      assertEquals(Arrays.hashCode(bytes), Arrays.hashCode(file.content));
    }
  }

  @Test
  void whatTheStoreHasAheadIsNotMovedTwiceUnlessItChanges() {
    TestFile file = TestFile.of(space.pageCache, 2 * PAGE);
    dirty(file, 2);
    assertEquals(0, file.mapping().dirtyPages().storeAhead(0, 1));
    assertEquals(2, file.pagesWritten);
    assertEquals(2, file.mapping().dirtyPages().count());
    file.mapping().write(PAGE, new byte[] {5}, 0, 1);
    assertEquals(0, file.mapping().dirtyPages().writeBack());
    assertEquals(3, file.pagesWritten);
    assertEquals(5, file.content[PAGE]);
    assertEquals(0, file.mapping().dirtyPages().count());
  }
}
