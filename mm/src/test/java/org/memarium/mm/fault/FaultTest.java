package org.memarium.mm.fault;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.ANON;
import static org.memarium.mm.fault.TestSpace.PRIVATE;
import static org.memarium.mm.fault.TestSpace.RW;
import static org.memarium.mm.fault.TestSpace.SHARED;
import static org.memarium.mm.space.MmapFlags.MAP_ANONYMOUS;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_GROWSDOWN;
import static org.memarium.mm.space.MmapFlags.MAP_NORESERVE;
import static org.memarium.mm.space.MmapFlags.PROT_EXEC;
import static org.memarium.mm.space.MmapFlags.PROT_NONE;
import static org.memarium.mm.space.MmapFlags.PROT_READ;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.ProcessorException;
import org.memarium.mm.Architecture;
import org.memarium.mm.file.TestFile;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.trace.VmStatItem;

final class FaultTest {
  private static final int PAGE = 4096;

  static Stream<Architecture> architectures() {
    return Stream.of(Architecture.I386, Architecture.I386_PAE, Architecture.COMPAT);
  }

  private static FaultResult failure(TestSpace space, Runnable access) {
    assertThrows(ProcessorException.class, access::run);
    return space.faults.lastResult();
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void aReadOfUntouchedMemoryMapsTheZeroPageAndAWriteThenGivesAFrame(Architecture architecture) {
    try (TestSpace space = TestSpace.boot(architecture, 64)) {
      long at = space.mapAnon(0, 3 * PAGE, RW, 0);
      assertEquals(0, space.mmu.readInt(at + 8));
      assertEquals(1, space.faults.faults(FaultKind.ZERO_PAGE));
      assertEquals(0, space.mm.rss().total());
      assertEquals(space.memory.allocator.zeroPfn(), Pte.pfn(space.mm.pages().tables().pte(at)));
      space.audit();
      space.mmu.writeInt(at + 8, 0x1234);
      assertEquals(1, space.faults.faults(FaultKind.COPY_ON_WRITE));
      assertEquals(0x1234, space.mmu.readInt(at + 8));
      assertEquals(0, space.mmu.readInt(at + 12));
      assertEquals(1, space.mm.rss().anon());
      assertEquals(2, space.manager.faultCounts().minor());
      // The frame of zeroes is untouched.
      assertEquals(0, space.memory.ram.getInt(((long) space.memory.allocator.zeroPfn() << 12) + 8));
    }
  }

  @Test
  void aFirstWriteGivesAZeroedFrameInOneFault() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, 3 * PAGE, RW, 0);
      space.mmu.writeInt(at + PAGE, 5);
      assertEquals(0, space.mmu.readInt(at + PAGE + 4));
      assertEquals(1, space.faults.faults(FaultKind.ANONYMOUS));
      assertEquals(1, space.manager.faultCounts().minor());
      assertEquals(1, space.memory.allocator.vmStat().get(VmStatItem.NR_ANON_PAGES));
    }
  }

  @Test
  void accessesThatTheAreaForbidsAreAccessErrors() {
    try (TestSpace space = TestSpace.i386()) {
      long none = space.mapAnon(0x1000_0000, PAGE, PROT_NONE, MAP_FIXED);
      long read = space.mapAnon(0x2000_0000, PAGE, PROT_READ, MAP_FIXED);
      assertEquals(FaultResult.SEGV_ACCERR, failure(space, () -> space.mmu.readInt(none)));
      assertEquals(FaultResult.SEGV_ACCERR, failure(space, () -> space.mmu.writeInt(read, 1)));
      assertEquals(0, space.mmu.readInt(read));
      assertEquals(FaultResult.SEGV_ACCERR, failure(space, () -> space.mmu.writeInt(read, 1)));
      assertEquals(FaultResult.SEGV_MAPERR, failure(space, () -> space.mmu.readInt(read + PAGE)));
      assertEquals(FaultResult.SEGV_MAPERR, failure(space, () -> space.mmu.readInt(0)));
      assertEquals(1, space.manager.faultCounts().minor());
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void theKernelsHalfIsNoPlaceForAProgram(Architecture architecture) {
    try (TestSpace space = TestSpace.boot(architecture, 64)) {
      long at = 0xffff_f000L;
      assertEquals(FaultResult.SEGV_MAPERR, failure(space, () -> space.mmu.readInt(at)));
    }
  }

  @Test
  void withNxAnAreaWithoutExecutionFaultsOnFetch() {
    try (TestSpace space = TestSpace.boot(Architecture.COMPAT, 64)) {
      long at = space.mapAnon(0, PAGE, RW, 0);
      space.mmu.writeInt(at, 0x90);
      assertEquals(FaultResult.SEGV_ACCERR, failure(space, () -> space.mmu.physicalForFetch(at)));
      assertEquals(0, space.mm.mprotect(at, PAGE, PROT_READ | PROT_EXEC));
      assertTrue(space.mmu.physicalForFetch(at) > 0);
    }
  }

  // ---- Files ----

  @Test
  void aReadMapsTheWindowOfSixteenPagesAroundIt() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 64 * PAGE);
      // Page 4 of the file lies at a multiple of 64 KiB.
      long at = space.mm.mmap(0x1000_c000, 60 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, file, 0);
      assertEquals(0x1000_c000, at);
      assertEquals(0x0a0a_0a0a, space.mmu.readInt(at + 9 * PAGE));
      assertEquals(16, space.mm.rss().file());
      assertEquals(16, file.pagesRead);
      assertEquals(4, firstMapped(space, at));
      // The window begins with the area here, and still is sixteen pages wide.
      assertEquals(0x0101_0101, space.mmu.readInt(at));
      assertEquals(20, space.mm.rss().file());
      assertEquals(0x1010_1010, space.mmu.readInt(at + 15 * PAGE));
      assertEquals(2, space.manager.faultCounts().minor());
      assertEquals(0, space.manager.faultCounts().major());
    }
  }

  private static long firstMapped(TestSpace space, long start) {
    long page = 0;
    while (space.mm.pages().tables().pte(start + page * PAGE) == 0) {
      page++;
    }
    return page;
  }

  @Test
  void faultAroundEndsWithAreaFileAndPageTable() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 6 * PAGE + 1);
      long at = space.mm.mmap(0x1000_0000, 32 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, file, 0);
      space.mmu.readByte(at + PAGE);
      assertEquals(7, space.mm.rss().file());
      TestFile other = TestFile.of(space.pageCache, 64 * PAGE);
      long split = 0x2000_0000L + (1024 - 4) * PAGE;
      space.mm.mmap(split, 32 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, other, 0);
      space.mmu.readByte(split + PAGE);
      assertEquals(7 + 4, space.mm.rss().file());
      long small = space.mm.mmap(0x3000_0000, 3 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, other, 8);
      space.mmu.readByte(small);
      assertEquals(7 + 4 + 3, space.mm.rss().file());
    }
  }

  @Test
  void aWindowThatTheAreaCutsAtItsBeginningIsNotShorter() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 64 * PAGE);
      long at = space.mm.mmap(0x1000_3000, 60 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, file, 0);
      space.mmu.readByte(at + PAGE);
      assertEquals(16, space.mm.rss().file());
      assertEquals(0, firstMapped(space, at));
    }
  }

  @Test
  void aWriteToAPrivatePageCopiesInOneFaultAndLeavesTheFile() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
      long at = space.mapFile(file, 4 * PAGE, RW, PRIVATE, 0);
      space.mmu.writeByte(at + 5, 0x77);
      assertEquals(1, space.manager.faultCounts().minor());
      assertEquals(1, space.mm.rss().anon());
      assertEquals(0, space.mm.rss().file());
      assertEquals(0x01, space.mmu.readByte(at + 4));
      assertEquals(0x77, space.mmu.readByte(at + 5));
      space.audit();
      // Mapped for reading first: the write replaces the page.
      assertEquals(2, space.mmu.readByte(at + PAGE));
      assertEquals(3, space.mm.rss().file());
      space.mmu.writeByte(at + PAGE, 9);
      assertEquals(2, space.mm.rss().file());
      assertEquals(2, space.mm.rss().anon());
      assertEquals(2, space.faults.faults(FaultKind.COPY_ON_WRITE));
      byte[] bytes = new byte[2];
      assertEquals(2, file.mapping().read(PAGE, bytes, 0, 2));
      assertEquals(2, bytes[0]);
      assertEquals(0, file.mapping().dirtyPages().count());
    }
  }

  @Test
  void aSharedPageIsTheFilesOwnAndItsFirstWriteIsNoticed() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
      long at = space.mapFile(file, 4 * PAGE, RW, SHARED, 0);
      assertEquals(1, space.mmu.readByte(at));
      assertEquals(0, file.mapping().dirtyPages().count());
      space.mmu.writeByte(at + 7, 0x55);
      assertEquals(1, file.mapping().dirtyPages().count());
      assertEquals(1, space.faults.faults(FaultKind.WRITE_PROTECTED));
      assertEquals(4, space.mm.rss().file());
      assertEquals(0, space.mm.rss().anon());
      byte[] bytes = new byte[8];
      file.mapping().read(0, bytes, 0, 8);
      assertEquals(0x55, bytes[7]);
      assertEquals(0, file.mapping().dirtyPages().writeBack());
      assertEquals(0x55, file.content[7]);
      // Clean again: the next write is noticed again.
      assertEquals(0, file.mapping().dirtyPages().count());
      space.mmu.writeByte(at + 8, 0x66);
      assertEquals(1, file.mapping().dirtyPages().count());
      assertEquals(2, space.faults.faults(FaultKind.WRITE_PROTECTED));
    }
  }

  @Test
  void aSharedPageThatWasNeverReadIsMappedForWritingAtOnce() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
      long at = space.mapFile(file, 4 * PAGE, RW, SHARED, 0);
      space.mmu.writeByte(at + PAGE, 1);
      assertEquals(1, space.manager.faultCounts().minor());
      assertEquals(1, space.mm.rss().file());
      assertEquals(1, file.mapping().dirtyPages().count());
    }
  }

  @Test
  void beyondTheEndOfTheFileIsSigbusAndTheTailOfTheLastPageIsZero() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, PAGE + 3);
      long at = space.mapFile(file, 4 * PAGE, PROT_READ, PRIVATE, 0);
      assertEquals(0x0002_0202, space.mmu.readInt(at + PAGE));
      assertEquals(0, space.mmu.readInt(at + 2 * PAGE - 4));
      assertEquals(FaultResult.SIGBUS, failure(space, () -> space.mmu.readByte(at + 2 * PAGE)));
    }
  }

  /** As on Linux, which looks around before it looks at the page itself. */
  @Test
  void aReadBehindTheEndOfTheFileMapsWhatLiesBeforeTheEnd() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 2 * PAGE);
      long at = space.mapFile(file, 4 * PAGE, RW, SHARED, 0);
      assertEquals(FaultResult.SIGBUS, failure(space, () -> space.mmu.writeByte(at + 2 * PAGE, 1)));
      assertEquals(0, space.mm.pageTableBytes());
      assertEquals(FaultResult.SIGBUS, failure(space, () -> space.mmu.readByte(at + 2 * PAGE)));
      assertEquals(2, space.mm.rss().file());
      assertEquals(PAGE, space.mm.pageTableBytes());
    }
  }

  @Test
  void aFileThatCannotBeReadIsSigbus() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, PAGE);
      file.broken = true;
      long at = space.mapFile(file, PAGE, RW, PRIVATE, 0);
      assertEquals(FaultResult.SIGBUS, failure(space, () -> space.mmu.readByte(at)));
      assertEquals(FaultResult.SIGBUS, failure(space, () -> space.mmu.writeByte(at, 1)));
      assertEquals(0, space.mm.rss().total());
      assertEquals(0, space.mm.pageTableBytes());
    }
  }

  @Test
  void truncationTakesMappedPagesAway() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
      long at = space.mapFile(file, 4 * PAGE, RW, PRIVATE, 0);
      space.mmu.readByte(at);
      space.mmu.writeByte(at + 3 * PAGE, 1);
      file.mapping().truncate(PAGE + 10);
      space.audit();
      assertEquals(2, space.mm.rss().total());
      assertEquals(0x0000_0202, space.mmu.readInt(at + PAGE + 8));
      assertEquals(FaultResult.SIGBUS, failure(space, () -> space.mmu.readByte(at + 3 * PAGE)));
      file.mapping().truncate(4 * PAGE);
      assertEquals(0, space.mmu.readByte(at + 3 * PAGE));
    }
  }

  @Test
  void onlyColdFilesMakeMajorFaults() {
    try (TestSpace space = TestSpace.i386()) {
      TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
      file.cold = true;
      long at = space.mapFile(file, 4 * PAGE, PROT_READ, PRIVATE, 0);
      space.mmu.readByte(at);
      assertEquals(1, space.manager.faultCounts().major());
      assertEquals(1, space.mm.rss().file());
      space.mmu.readByte(at + PAGE);
      assertEquals(2, space.manager.faultCounts().major());
      assertEquals(0, space.mm.munmap(at, 4 * PAGE));
      long again = space.mapFile(file, 4 * PAGE, PROT_READ, PRIVATE, 0);
      space.mmu.readByte(again + PAGE);
      assertEquals(1, space.manager.faultCounts().minor());
      assertEquals(2, space.mm.rss().file());
    }
  }

  @Test
  void sharedAnonymousMemoryCountsAsSharedMemory() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mm.mmap(0, 4 * PAGE, RW, SHARED | MAP_ANONYMOUS, null, 0);
      assertEquals(0, space.mmu.readInt(at));
      space.mmu.writeInt(at + PAGE, 1);
      space.mmu.writeInt(at, 1);
      assertEquals(2, space.mm.rss().shmem());
      assertEquals(2, space.memory.allocator.vmStat().get(VmStatItem.NR_SHMEM));
      // Writable at once: nobody has to notice the first write.
      assertEquals(2, space.manager.faultCounts().minor());
      assertEquals(0, space.mm.munmap(at, 4 * PAGE));
      assertEquals(0, space.memory.allocator.vmStat().get(VmStatItem.NR_SHMEM));
      assertEquals(0, space.manager.committedMemory().pages());
    }
  }

  // ---- Rights that change ----

  @Test
  void aPageKeepsItsContentWhileItCannotBeReached() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, 2 * PAGE, RW, 0);
      space.mmu.writeInt(at, 7);
      assertEquals(0, space.mm.mprotect(at, 2 * PAGE, PROT_NONE));
      space.audit();
      assertEquals(FaultResult.SEGV_ACCERR, failure(space, () -> space.mmu.readInt(at)));
      assertEquals(1, space.mm.rss().anon());
      assertEquals(0, space.mm.mprotect(at, 2 * PAGE, RW));
      long faults = space.manager.faultCounts().minor();
      assertEquals(7, space.mmu.readInt(at));
      space.mmu.writeInt(at, 8);
      // Its own page: mprotect gave the right to write back at once.
      assertEquals(faults, space.manager.faultCounts().minor());
    }
  }

  @Test
  void theTlbForgetsARightThatIsTakenAway() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, 2 * PAGE, RW, 0);
      space.mmu.writeInt(at, 7);
      assertEquals(0, space.mm.mprotect(at, PAGE, PROT_READ));
      assertEquals(FaultResult.SEGV_ACCERR, failure(space, () -> space.mmu.writeInt(at, 1)));
      assertEquals(7, space.mmu.readInt(at));
      assertEquals(0, space.mm.munmap(at, PAGE));
      assertEquals(FaultResult.SEGV_MAPERR, failure(space, () -> space.mmu.readInt(at)));
    }
  }

  @Test
  void upTo33PagesAreInvalidatedOneByOneAndMoreAllAtOnce() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, 100 * PAGE, RW, 0);
      for (long page = 0; page < 100; page++) {
        space.mmu.writeInt(at + page * PAGE, 1);
      }
      var before = space.mmu.statistics();
      space.mm.munmap(at, 33 * PAGE);
      var after = space.mmu.statistics();
      assertEquals(before.invalidations() + 33, after.invalidations());
      assertEquals(before.flushesByCr3(), after.flushesByCr3());
      space.mm.munmap(at + 33 * PAGE, 34 * PAGE);
      assertEquals(after.invalidations(), space.mmu.statistics().invalidations());
      assertEquals(after.flushesByCr3() + 1, space.mmu.statistics().flushesByCr3());
    }
  }

  @Test
  void adviceThatPagesAreNotNeededDropsThem() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, 4 * PAGE, RW, 0);
      space.mmu.writeInt(at, 7);
      assertEquals(0, space.mm.madvise(at, PAGE, 4));
      assertEquals(0, space.mm.rss().total());
      assertEquals(1, space.mm.rss().peak());
      assertEquals(0, space.mmu.readInt(at));
    }
  }

  @Test
  void mremapMovesPagesWithTheirContent() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0x1000_0000, 4 * PAGE, RW, MAP_FIXED);
      space.mapAnon(0x1000_4000, PAGE, PROT_READ, MAP_FIXED);
      space.mmu.writeInt(at + PAGE, 7);
      long moved = space.mm.mremap(at, 4 * PAGE, 8 * PAGE, 1, 0);
      assertTrue(moved > 0 && moved != at);
      space.audit();
      assertEquals(7, space.mmu.readInt(moved + PAGE));
      assertEquals(FaultResult.SEGV_MAPERR, failure(space, () -> space.mmu.readInt(at)));
      assertEquals(1, space.mm.rss().anon());
    }
  }

  // ---- The stack ----

  private static long stack(TestSpace space) {
    long top = space.mm.placement().stackTop(null);
    assertEquals(0, space.mm.stack().create(top));
    assertEquals(0, space.mm.stack().setUp(false));
    return top;
  }

  /** What nobody may write is promised to nobody, and growing changes nothing of that. */
  @Test
  void anAreaThatIsNotChargedGrowsWithoutCharge() {
    try (TestSpace space = TestSpace.i386()) {
      space.mapAnon(0x2010_0000L, 4096, PROT_READ, MAP_FIXED | MAP_GROWSDOWN);
      assertEquals(0, space.mmu.readInt(0x200f_0000L));
      assertEquals("200f0000-20101000 r--p\n", space.maps());
      assertEquals(0, space.manager.committedMemory().pages());
    }
  }

  @Test
  void theStackBeginsWith33PagesAndGrowsToItsLimit() {
    try (TestSpace space = TestSpace.i386()) {
      long top = stack(space);
      assertEquals("bffdf000-c0000000 rw-p\n", space.maps());
      assertEquals(33, space.mm.accounting().stackVm());
      space.mmu.writeInt(0xbff0_0000L, 1);
      assertEquals("bff00000-c0000000 rw-p\n", space.maps());
      assertEquals(1, space.faults.stackGrowths());
      long lowest = top - (8 << 20);
      space.mmu.writeInt(lowest, 1);
      assertEquals(
          FaultResult.SEGV_MAPERR, failure(space, () -> space.mmu.writeInt(lowest - 4, 1)));
      assertEquals(2048, space.mm.accounting().stackVm());
      assertEquals(2, space.mm.rss().total());
    }
  }

  @Test
  void theStackKeepsItsDistanceToWhatCanBeReachedBelow() {
    try (TestSpace space = TestSpace.i386()) {
      stack(space);
      long below = 0xbfe0_0000L;
      space.mapAnon(below, PAGE, PROT_READ, MAP_FIXED);
      long nearest = below + PAGE + 256 * PAGE;
      assertEquals(
          FaultResult.SEGV_MAPERR, failure(space, () -> space.mmu.writeInt(nearest - 4, 1)));
      space.mmu.writeInt(nearest, 1);
      // What nobody can reach may be nearer.
      assertEquals(0, space.mm.mprotect(below, PAGE, PROT_NONE));
      space.mmu.writeInt(below + PAGE, 1);
      assertEquals(FaultResult.SEGV_ACCERR, failure(space, () -> space.mmu.writeInt(below, 1)));
    }
  }

  // ---- Memory that is not there ----

  @Test
  void whenNoFrameIsLeftCleanPagesOfFilesGoFirst() {
    try (TestSpace space = TestSpace.boot(Architecture.I386, 20)) {
      TestFile file = TestFile.of(space.pageCache, 256 * PAGE);
      byte[] bytes = new byte[256 * PAGE];
      assertEquals(bytes.length, file.mapping().read(0, bytes, 0, bytes.length));
      assertEquals(256, file.mapping().cachedPages());
      long free = space.memory.allocator.node().freeFrames();
      long at = space.mapAnon(0, 64 << 20, RW, MAP_NORESERVE);
      long pages = 0;
      while (file.mapping().cachedPages() > 0) {
        space.mmu.writeInt(at + pages++ * PAGE, 1);
      }
      assertTrue(pages > free);
      space.audit();
      assertEquals(bytes.length, file.mapping().read(0, bytes, 0, PAGE) + bytes.length - PAGE);
      assertEquals(FaultResult.OOM, exhaust(space, at));
      space.audit();
    }
  }

  private static FaultResult exhaust(TestSpace space, long at) {
    return failure(
        space,
        () -> {
          for (long page = at; ; page += PAGE) {
            space.mmu.writeInt(page, 1);
          }
        });
  }

  @Test
  void whatIsMappedOrDirtyIsWrittenBackBeforeItGoes() {
    try (TestSpace space = TestSpace.boot(Architecture.I386, 20)) {
      TestFile file = TestFile.of(space.pageCache, 16 * PAGE);
      long shared = space.mapFile(file, 16 * PAGE, RW, SHARED, 0);
      space.mmu.writeInt(shared, 0x1234_5678);
      TestFile other = TestFile.of(space.pageCache, 16 * PAGE);
      assertEquals(4, other.mapping().write(PAGE, new byte[] {9, 8, 7, 6}, 0, 4));
      long at = space.mapAnon(0, 64 << 20, RW, MAP_NORESERVE);
      assertEquals(FaultResult.OOM, exhaust(space, at));
      assertEquals(0x78, file.content[0]);
      assertEquals(0, file.mapping().cachedPages());
      assertEquals(0, space.mm.munmap(at, 64 << 20));
      assertEquals(0x1234_5678, space.mmu.readInt(shared));
      assertEquals(0, other.mapping().cachedPages());
      assertEquals(9, other.content[PAGE]);
      assertEquals(1, other.pagesWritten);
    }
  }

  @Test
  void aUserPageIsFoundOrFaultedInForTheKernel() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mapAnon(0, 2 * PAGE, RW, 0);
      int pfn = space.faults.gup().getUserPage(space.mm, at, true);
      space.memory.ram.putInt((long) pfn << 12, 99);
      assertEquals(99, space.mmu.readInt(at));
      assertEquals(pfn, space.faults.gup().getUserPage(space.mm, at, false));
      assertEquals(-14, space.faults.gup().getUserPage(space.mm, at + 2 * PAGE, false));
      assertTrue((space.mm.pages().tables().pte(at) & PageTableEntry.DIRTY) != 0);
    }
  }

  @Test
  void populatingBringsAllPagesIn() {
    try (TestSpace space = TestSpace.i386()) {
      long at = space.mm.mmap(0, 8 * PAGE, RW, ANON | 0x8000, null, 0);
      assertEquals(8, space.mm.rss().anon());
      long faults = space.manager.faultCounts().minor();
      space.mmu.writeInt(at + 7 * PAGE, 1);
      assertEquals(faults, space.manager.faultCounts().minor());
    }
  }
}
