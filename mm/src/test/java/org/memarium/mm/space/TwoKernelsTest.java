package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.memarium.mm.space.MmapFlags.MAP_ANONYMOUS;
import static org.memarium.mm.space.MmapFlags.MAP_DROPPABLE;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_GROWSDOWN;
import static org.memarium.mm.space.MmapFlags.MAP_HUGETLB;
import static org.memarium.mm.space.MmapFlags.MAP_HUGE_SHIFT;
import static org.memarium.mm.space.MmapFlags.MAP_LOCKED;
import static org.memarium.mm.space.MmapFlags.MAP_PRIVATE;
import static org.memarium.mm.space.MmapFlags.MREMAP_DONTUNMAP;
import static org.memarium.mm.space.MmapFlags.MREMAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_MAYMOVE;
import static org.memarium.mm.space.MmapFlags.PROT_READ;
import static org.memarium.mm.space.MmapFlags.PROT_WRITE;

import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memarium.mm.Architecture;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.file.TestFile;
import org.memarium.mm.trace.VmStatItem;

/** Where Linux 6.1 ({@code i386}) and 6.18 ({@code compat}) answer the same call differently. */
final class TwoKernelsTest {
  private static final long PAGE = 4096;
  private static final long AT = 0x1000_0000L;
  private static final long FAR = 0x2000_0000L;
  private static final int RW = PROT_READ | PROT_WRITE;
  private static final int MOVE = MREMAP_MAYMOVE | MREMAP_FIXED;

  private static TestSpace boot(Layout layout) {
    return TestSpace.boot(layout == Layout.I386 ? Architecture.I386 : Architecture.COMPAT, 64);
  }

  @ParameterizedTest
  @EnumSource
  void anAreaBetweenTwoThatHavePagesJoinsTheUpperInOldKernelsAndTheLowerInNewOnes(Layout layout) {
    try (TestSpace space = boot(layout)) {
      space.mapAnon(AT, PAGE, RW, MAP_FIXED);
      space.mapAnon(AT + 2 * PAGE, PAGE, RW, MAP_FIXED);
      space.mmu.writeInt(AT, 1);
      space.mmu.writeInt(AT + 2 * PAGE, 1);
      space.mapAnon(AT + PAGE, PAGE, RW, MAP_FIXED);
      assertEquals(
          layout == Layout.I386
              ? "10000000-10001000 rw-p\n10001000-10003000 rw-p\n"
              : "10000000-10002000 rw-p\n10002000-10003000 rw-p\n",
          space.maps());
      space.audit();
    }
  }

  @ParameterizedTest
  @EnumSource
  void anAreaWithPagesMergesIntoAnUntouchedOneSince616(Layout layout) {
    try (TestSpace space = boot(layout)) {
      space.mapAnon(AT, PAGE, PROT_READ, MAP_FIXED);
      space.mapAnon(AT + PAGE, PAGE, RW, MAP_FIXED);
      space.mmu.writeInt(AT + PAGE, 1);
      assertEquals(0, space.mm.mprotect(AT + PAGE, PAGE, PROT_READ));
      assertEquals(0, space.mm.mprotect(AT, PAGE, RW));
      assertEquals(2, space.mm.areas());
      assertEquals(0, space.mm.mprotect(AT + PAGE, PAGE, RW));
      assertEquals(layout == Layout.I386 ? 2 : 1, space.mm.areas());
      space.audit();
    }
  }

  /**
   * What a forked process has of its parent merges with an untouched area only where it grows in
   * place: {@code vma_merge_extend} does not say whose pages these are.
   */
  @ParameterizedTest
  @EnumSource
  void anAreaOfAForkedProcessMergesIntoAnUntouchedOneIfItGrowsInPlace(Layout layout) {
    try (TestSpace space = boot(layout)) {
      space.mapAnon(AT, PAGE, RW, MAP_FIXED);
      space.mapAnon(AT + 8 * PAGE, PAGE, RW, MAP_FIXED);
      space.mmu.writeInt(AT, 1);
      space.mmu.writeInt(AT + 8 * PAGE, 1);
      space.mapAnon(AT + 2 * PAGE, PAGE, RW, MAP_FIXED);
      MmStruct child = Objects.requireNonNull(space.mm.fork(space.limits));
      assertEquals(AT, child.mremap(AT, PAGE, 2 * PAGE, 0, 0));
      assertEquals(layout == Layout.I386 ? 3 : 2, child.areas());
      space.audit();
      // Not by new rights, and not by a move.
      int anon = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
      child.mmap(AT + 9 * PAGE, PAGE, PROT_READ, anon, null, 0);
      int areas = child.areas();
      assertEquals(0, child.mprotect(AT + 8 * PAGE, PAGE, PROT_READ));
      assertEquals(areas, child.areas());
      assertEquals(FAR, child.mremap(AT + 8 * PAGE, PAGE, PAGE, MOVE, FAR));
      assertEquals(AT + 8 * PAGE, child.mremap(FAR, PAGE, PAGE, MOVE, AT + 8 * PAGE));
      assertEquals(areas, child.areas());
      child.exit();
      space.audit();
    }
  }

  /** Whoever fills tables ahead comes again to a page that it waited for as to another one. */
  @ParameterizedTest
  @EnumSource
  void pagesThatAreLockedAreReadWithoutMajorFaultsAndAdvisedOnesSince69WithThem(Layout layout) {
    try (TestSpace space = boot(layout)) {
      TestFile file = TestFile.of(space.pageCache, (int) (3 * PAGE));
      file.cold = true;
      long at = space.mapFile(file, 3 * PAGE, PROT_READ, MAP_PRIVATE, 0);
      FaultCounts faults = space.manager.faultCounts();
      assertEquals(0, space.mm.mlock().mlock2(at, PAGE, 0));
      assertEquals(1, faults.minor());
      assertEquals(0, space.mm.madvise(at + PAGE, PAGE, Madvise.POPULATE_READ));
      assertEquals(layout == Layout.I386 ? 0 : 1, faults.major());
      assertEquals(2, faults.minor() + faults.major());
      space.mmu.readByte(at + 2 * PAGE);
      assertEquals(layout == Layout.I386 ? 1 : 2, faults.major());
      space.audit();
    }
  }

  @ParameterizedTest
  @EnumSource
  void severalAreasMoveAtOnceSince617(Layout layout) {
    try (TestSpace space = boot(layout)) {
      space.mapAnon(AT, PAGE, RW, MAP_FIXED);
      space.mapAnon(AT + 2 * PAGE, PAGE, PROT_READ, MAP_FIXED);
      space.mapAnon(FAR, 3 * PAGE, RW, MAP_FIXED);
      space.mmu.writeInt(AT, 7);
      boolean several = layout == Layout.COMPAT;
      assertEquals(
          several ? FAR : -Errno.EFAULT, space.mm.mremap(AT, 3 * PAGE, 3 * PAGE, MOVE, FAR));
      // 6.1 has unmapped the target before it looks; 6.18 leaves what lies between the areas.
      assertEquals(
          several
              ? "20000000-20001000 rw-p\n20001000-20002000 rw-p\n20002000-20003000 r--p\n"
              : "10000000-10001000 rw-p\n10002000-10003000 r--p\n",
          space.maps());
      assertEquals(7, space.mmu.readInt(several ? FAR : AT));
      space.audit();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMoveThatLeavesLockedMemoryBehind(Layout layout) {
    try (TestSpace space = boot(layout)) {
      space.mapAnon(AT, 4 * PAGE, RW, MAP_FIXED | MAP_LOCKED);
      space.mmu.writeInt(AT + 3 * PAGE, 1);
      assertEquals(FAR, space.mm.mremap(AT, 2 * PAGE, 2 * PAGE, MOVE | MREMAP_DONTUNMAP, FAR));
      assertEquals(layout == Layout.I386 ? 4 : 6, space.mm.accounting().lockedVm());
      assertEquals(6, space.mm.accounting().totalVm());
      space.audit();
      // Nobody unlocks what stays: it is so until it is freed.
      assertEquals(0, space.mm.mlock().munlock(AT, 4 * PAGE));
      assertEquals(4, space.manager.vmStat().get(VmStatItem.NR_MLOCK));
      assertEquals(0, space.mm.mlock().munlock(FAR, 2 * PAGE));
      assertEquals(2, space.manager.vmStat().get(VmStatItem.NR_MLOCK));
      space.audit();
      space.mm.munmap(0, layout.taskSize());
      assertEquals(0, space.manager.vmStat().get(VmStatItem.NR_MLOCK));
      assertEquals(layout == Layout.I386 ? 2 : 4, space.mm.accounting().lockedVm());
      space.audit();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMappingThatCannotBeChargedLeavesTheOldOneSince612(Layout layout) {
    try (TestSpace space = boot(layout)) {
      space.mapAnon(AT, 8 * PAGE, PROT_READ, MAP_FIXED);
      space.manager.committedMemory().setMode(MemoryManager.Overcommit.NEVER);
      space.manager.committedMemory().setLimitKibibytes(4);
      long result =
          space.mm.mmap(AT + PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, null, 0);
      assertEquals(-Errno.ENOMEM, result);
      assertEquals(
          layout == Layout.I386
              ? "10000000-10001000 r--p\n10002000-10008000 r--p\n"
              : "10000000-10001000 r--p\n10001000-10002000 r--p\n10002000-10008000 r--p\n",
          space.maps());
      space.audit();
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatOldKernelsDoNotHave(Layout layout) {
    try (TestSpace space = boot(layout)) {
      boolean has = layout == Layout.COMPAT;
      int droppable = MAP_DROPPABLE | MAP_ANONYMOUS | MAP_FIXED;
      assertEquals(has ? AT : -Errno.EINVAL, space.mm.mmap(AT, PAGE, RW, droppable, null, 0));
      int huge = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
      assertEquals(-Errno.ENOMEM, space.mm.mmap(0, PAGE, RW, huge, null, 0));
      for (int sizeLog : new int[] {21, 22, 30, 12}) {
        boolean exists = has ? sizeLog == 21 || sizeLog == 30 : sizeLog == 22;
        int flags = huge | sizeLog << MAP_HUGE_SHIFT;
        assertEquals(
            exists ? -Errno.ENOMEM : -Errno.EINVAL, space.mm.mmap(0, PAGE, RW, flags, null, 0));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theStackOfA64BitKernelMergesWithNothing(Layout layout) {
    try (TestSpace space = boot(layout)) {
      long top = layout.placement(false).stackTop(null);
      assertEquals(0, space.mm.stack().create(top));
      assertEquals(0, space.mm.stack().setUp(false));
      long start = Objects.requireNonNull(space.mm.findVma(top - PAGE)).start();
      space.mapAnon(start - PAGE, PAGE, RW, MAP_FIXED | MAP_GROWSDOWN);
      assertEquals(layout == Layout.I386 ? 1 : 2, space.mm.areas());
      space.mmu.writeInt(start, 5);
      space.audit();
    }
  }

  @ParameterizedTest
  @EnumSource
  void tablesOfPagesMoveWhole(Layout layout) {
    try (TestSpace space = boot(layout)) {
      long span = 8 << 20;
      space.mapAnon(AT, span, RW, MAP_FIXED);
      for (long at = AT; at < AT + span; at += 256 * PAGE) {
        space.mmu.writeInt(at, (int) at);
      }
      long tables = space.mm.pageTableBytes();
      assertEquals(FAR, space.mm.mremap(AT, span, span, MOVE, FAR));
      assertEquals(tables, space.mm.pageTableBytes());
      space.audit();
      for (long at = AT; at < AT + span; at += 256 * PAGE) {
        assertEquals((int) at, space.mmu.readInt(at - AT + FAR));
      }
    }
  }
}
