package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.PRIVATE;
import static org.memarium.mm.fault.TestSpace.RW;
import static org.memarium.mm.fault.TestSpace.SHARED;
import static org.memarium.mm.space.MmapFlags.MAP_LOCKED;

import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.ProcessorException;
import org.memarium.mm.Architecture;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultResult;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.file.TestFile;
import org.memarium.mm.trace.VmStatItem;

/** What becomes of pages that a program speaks of: lazily freed, paged out, guarded, locked. */
class AdviceTest {
  private static final long PAGE = 4096;
  private static final int MLOCK_ONFAULT = 1;

  private static long counter(TestSpace space, VmStatItem item) {
    return space.manager.vmStat().get(item);
  }

  // ---- MADV_FREE ----

  @Test
  void aShortageTakesLazilyFreedPagesThatNobodyWroteToSince() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, 4 * PAGE, RW, 0);
      for (int page = 0; page < 4; page++) {
        space.mmu.writeInt(at + page * PAGE, 7);
      }
      assertEquals(0, space.mm.madvise(at, 3 * PAGE, Madvise.FREE));
      space.audit();
      assertEquals(3, counter(space, VmStatItem.PGLAZYFREE));
      assertEquals(3, counter(space, VmStatItem.NR_INACTIVE_FILE));
      assertEquals(7, space.mmu.readInt(at));
      space.mmu.writeInt(at + PAGE, 8);

      assertEquals(2, space.reclaim.tryToFreePages());
      assertEquals(2, counter(space, VmStatItem.PGLAZYFREED));
      assertEquals(2, space.mm.rss().anon());
      space.audit();
      assertEquals(0, space.mmu.readInt(at));
      assertEquals(8, space.mmu.readInt(at + PAGE));
      assertEquals(0, space.mmu.readInt(at + 2 * PAGE));
      assertEquals(7, space.mmu.readInt(at + 3 * PAGE));
      // Written to, it is an anonymous page like others again.
      assertEquals(0, space.reclaim.tryToFreePages());
      assertEquals(0, counter(space, VmStatItem.NR_INACTIVE_FILE));
    }
  }

  @Test
  void aLazilyFreedPageIsLostOnlyForThoseWhoGaveItUp() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, 2 * PAGE, RW, 0);
      space.mmu.writeInt(at, 1);
      space.mmu.writeInt(at + PAGE, 2);
      MmStruct child = Objects.requireNonNull(space.mm.fork(space.limits));
      assertEquals(0, child.madvise(at, 2 * PAGE, Madvise.FREE));
      assertEquals(0, space.mm.madvise(at, PAGE, Madvise.FREE));
      // The parent's entry of the second page is dirty: the page stays.
      assertEquals(1, space.reclaim.tryToFreePages());
      space.audit();
      assertEquals(1, space.mm.rss().anon());
      assertEquals(0, space.reclaim.tryToFreePages());
      child.exit();
      assertEquals(0, space.mmu.readInt(at));
      assertEquals(2, space.mmu.readInt(at + PAGE));
    }
  }

  // ---- MADV_PAGEOUT and MADV_WILLNEED ----

  @Test
  void cleanPagesOfAFileGoAndComeBackAndDirtyOnesStayInTheCache() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, (int) (6 * PAGE));
      long at = space.mapFile(file, 6 * PAGE, RW, SHARED, 0);
      space.mmu.writeInt(at + PAGE, 9);
      assertEquals(0x0303_0303, space.mmu.readInt(at + 2 * PAGE));
      assertEquals(6, space.mm.rss().file());
      byte[] core = new byte[6];
      assertEquals(0, space.mm.madvise(at, 5 * PAGE, Madvise.PAGEOUT, one -> false));
      assertEquals(6, space.mm.rss().file());

      assertEquals(0, space.mm.madvise(at, 5 * PAGE, Madvise.PAGEOUT));
      assertEquals(1, space.mm.rss().file());
      assertEquals(2, file.mapping().cachedPages());
      assertEquals(6, space.mm.mincore(at, core, 6, FileAccess.ALL));
      assertEquals("010001", digits(core));
      assertEquals(6, space.mm.mincore(at, core, 6, one -> false));
      assertEquals("111111", digits(core));
      space.audit();
      assertEquals(0, space.mm.madvise(at, 6 * PAGE, Madvise.WILLNEED));
      assertEquals(6, file.mapping().cachedPages());
      assertEquals(9, space.mmu.readInt(at + PAGE));
    }
  }

  private static String digits(byte[] core) {
    StringBuilder text = new StringBuilder();
    for (byte one : core) {
      text.append(one);
    }
    return text.toString();
  }

  // ---- Guards ----

  @Test
  void guardsStayUntilTheyAreRemovedOrTheAreaGoes() {
    try (TestSpace space = TestSpace.boot(Architecture.COMPAT, 64)) {
      long at = space.mapAnon(0x1000_0000, 8 * PAGE, RW, MmapFlags.MAP_FIXED);
      space.mmu.writeInt(at, 1);
      space.mmu.writeInt(at + PAGE, 2);
      assertEquals(0, space.mm.madvise(at, PAGE, Madvise.GUARD_INSTALL));
      assertEquals(1, space.mm.rss().anon());
      assertEquals(0, space.mm.madvise(at, 8 * PAGE, Madvise.DONTNEED));
      assertThrows(ProcessorException.class, () -> space.mmu.writeInt(at, 1));
      assertEquals(FaultResult.SEGV_MAPERR, space.faults.lastResult());
      assertEquals(-Errno.ENOMEM, space.mm.mlock().mlock2(at, PAGE, 0));
      assertEquals(0, space.mm.mlock().munlock(at, PAGE));
      MmStruct child = Objects.requireNonNull(space.mm.fork(space.limits));
      assertEquals(-Errno.EFAULT, space.faults.gup().getUserPage(child, at, false));
      space.audit();
      child.exit();
      assertEquals(0, space.mm.madvise(at, 8 * PAGE, Madvise.GUARD_REMOVE));
      assertEquals(0, space.mmu.readInt(at));
    }
  }

  @Test
  void aKernelOf61HasNoGuards() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, PAGE, RW, 0);
      assertEquals(-Errno.EINVAL, space.mm.madvise(at, PAGE, Madvise.GUARD_INSTALL));
    }
  }

  // ---- mlock ----

  @Test
  void lockedPagesAreUnevictableWhileAnyLockedAreaMapsThem() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, (int) (2 * PAGE));
      long first = space.mapFile(file, 2 * PAGE, RW, SHARED | MAP_LOCKED, 0);
      long second = space.mapFile(file, 2 * PAGE, RW, PRIVATE, 0);
      assertEquals(0, space.mm.mlock().mlock2(second, PAGE, MLOCK_ONFAULT));
      assertEquals(3, space.mm.accounting().lockedVm());
      assertEquals(2, counter(space, VmStatItem.NR_MLOCK));
      assertEquals(0x0101_0101, space.mmu.readInt(second));
      space.audit();
      assertEquals(0, space.mm.mlock().munlock(first, 2 * PAGE));
      assertEquals(1, counter(space, VmStatItem.NR_MLOCK));
      assertEquals(1, counter(space, VmStatItem.NR_UNEVICTABLE));
      // A copy takes its place, and is locked instead.
      space.mmu.writeInt(second, 1);
      assertEquals(1, counter(space, VmStatItem.NR_MLOCK));
      assertEquals(1, counter(space, VmStatItem.UNEVICTABLE_PGS_MUNLOCKED) - 1);
      space.audit();
      assertEquals(0, space.mm.munmap(second, 2 * PAGE));
      assertEquals(0, counter(space, VmStatItem.NR_MLOCK));
      assertEquals(0, space.mm.accounting().lockedVm());
    }
  }

  // ---- All together ----

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void randomAdviceAndShortagesAddUp(long seed) {
    Random random = new Random(seed);
    int[] advices = {4, 8, 9, 20, 21, 22, 23, 24, 102, 103, 8, 8, 14, 12};
    try (TestSpace space = TestSpace.boot(Architecture.COMPAT, 64)) {
      TestFile file = TestFile.of(space.pageCache, (int) (12 * PAGE));
      long at = space.mapAnon(0x1000_0000, 32 * PAGE, RW, MmapFlags.MAP_FIXED);
      space.mm.mmap(at + 16 * PAGE, 8 * PAGE, RW, SHARED | MmapFlags.MAP_FIXED, file, 0);
      space.mm.mmap(at + 24 * PAGE, 8 * PAGE, RW, PRIVATE | MmapFlags.MAP_FIXED, file, 4);
      MmStruct child = null;
      for (int step = 0; step < 600; step++) {
        long from = at + random.nextInt(32) * PAGE;
        long bytes = (1 + random.nextInt(6)) * PAGE;
        MmStruct mm = child != null && random.nextBoolean() ? child : space.mm;
        switch (random.nextInt(10)) {
          case 0 -> {
            var _ = mm.mlock().mlock2(from, bytes, random.nextInt(2));
          }
          case 1 -> {
            var _ = mm.mlock().munlock(from, bytes);
          }
          case 2 -> {
            var _ = space.reclaim.tryToFreePages();
          }
          case 3, 4, 5 -> {
            var _ = mm.madvise(from, bytes, advices[random.nextInt(advices.length)]);
          }
          case 6 -> {
            if (child != null) {
              child.exit();
              child = null;
            } else {
              child = Objects.requireNonNull(space.mm.fork(space.limits));
            }
          }
          default -> {
            var _ = space.faults.gup().getUserPage(mm, from, random.nextBoolean());
          }
        }
        if (step % 20 == 0) {
          space.audit();
        }
      }
      if (child != null) {
        child.exit();
      }
      assertTrue(counter(space, VmStatItem.PGLAZYFREED) > 0, "seed " + seed);
      assertFalse(space.maps().isEmpty());
    }
  }
}
