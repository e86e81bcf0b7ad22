package org.memarium.mm.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.FIXED;
import static org.memarium.mm.fault.TestSpace.PRIVATE;
import static org.memarium.mm.space.MmapFlags.PROT_READ;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.trace.VmStatItem;

final class ReadaheadTest {
  private static final int PAGE = 4096;

  private final TestSpace space = TestSpace.i386();

  @AfterEach
  void auditAndClose() {
    space.pageCache.sync();
    space.audit();
    space.close();
  }

  private long vmStat(VmStatItem item) {
    return space.memory.allocator.vmStat().get(item);
  }

  private TestFile cold(int pages) {
    TestFile file = TestFile.of(space.pageCache, pages * PAGE);
    file.cold = true;
    return file;
  }

  private static void read(TestFile file, FileRa ra, long page) {
    byte[] bytes = new byte[PAGE];
    assertEquals(PAGE, file.mapping().read(page * PAGE, bytes, 0, PAGE, ra));
    assertEquals((byte) (page + 1), bytes[17]);
  }

  /** How many pages are in the cache after each page was read that brought more in. */
  private static List<Long> growth(TestFile file, FileRa ra, int pages) {
    List<Long> growth = new ArrayList<>();
    long before = 0;
    for (int page = 0; page < pages; page++) {
      read(file, ra, page);
      if (file.mapping().cachedPages() != before) {
        before = file.mapping().cachedPages();
        growth.add(before);
      }
    }
    return growth;
  }

  @Test
  void windowsDoubleWhileReadingIsSequential() {
    // get_init_ra_size(1, 32) = 4; then 8, 16, 32, 32...
    assertEquals(
        List.of(4L, 12L, 28L, 60L, 92L, 124L),
        growth(cold(200), new FileRa(BackingDev.DEFAULT), 70));
  }

  @Test
  void adviceChangesTheWindows() {
    FileRa random = new FileRa(BackingDev.DEFAULT);
    random.adviseRandom();
    assertEquals(List.of(1L, 2L, 3L), growth(cold(64), random, 3));
    FileRa sequential = new FileRa(BackingDev.DEFAULT);
    sequential.adviseSequential();
    assertEquals(List.of(4L, 12L, 28L, 60L, 124L), growth(cold(300), sequential, 29));
  }

  @Test
  void aPageInTheMiddleIsReadAlone() {
    TestFile file = cold(200);
    read(file, new FileRa(BackingDev.DEFAULT), 100);
    assertEquals(1, file.mapping().cachedPages());
  }

  @Test
  void aWarmFileIsReadPageByPageAndNobodyWaits() {
    TestFile file = TestFile.of(space.pageCache, 64 * PAGE);
    read(file, new FileRa(BackingDev.DEFAULT), 0);
    assertEquals(1, file.mapping().cachedPages());
    assertEquals(0, vmStat(VmStatItem.PGPGIN));
    assertEquals(0, space.pageCache.nanos());
  }

  @Test
  void whatWasDroppedIsCold() {
    TestFile file = TestFile.of(space.pageCache, 64 * PAGE);
    for (int page = 0; page < 64; page++) {
      read(file, new FileRa(BackingDev.DEFAULT), page);
    }
    assertEquals(64, space.pageCache.dropClean());
    read(file, new FileRa(BackingDev.DEFAULT), 0);
    assertEquals(4, file.mapping().cachedPages());
    assertEquals(16, vmStat(VmStatItem.PGPGIN));
    assertTrue(space.pageCache.nanos() > 0);
  }

  @Test
  void aFaultReadsAroundAndMapsWhatIsThere() {
    TestFile file = cold(100);
    long at = space.mapFile(file, 100 * PAGE, PROT_READ, PRIVATE, 0);
    assertEquals(51, space.mmu.readByte(at + 50 * PAGE));
    // From 50 - 32 / 2 on, 32 pages.
    assertEquals(32, file.mapping().cachedPages());
    assertTrue(file.mapping().hasPage(34) && file.mapping().hasPage(65));
    assertEquals(1, vmStat(VmStatItem.PGMAJFAULT));
    long major = space.manager.faultCounts().major();
    assertEquals(50, space.mmu.readByte(at + 49 * PAGE));
    assertEquals(major, space.manager.faultCounts().major());
  }

  @Test
  void codeIsReadForwardsAsFarAsItsAreaGoes() {
    TestFile file = cold(100);
    file.mapping().faultPage(50, new FileRa(BackingDev.DEFAULT), MmapAdvice.NORMAL, 60);
    assertEquals(10, file.mapping().cachedPages());
    assertTrue(file.mapping().hasPage(50) && file.mapping().hasPage(59));
  }

  /** The window of a fault on page 10 is 0 to 31, and its last quarter is marked. */
  @Test
  void theMarkIsCountedFromTheEndOfTheFile() {
    TestFile file = cold(20);
    file.mapping().faultPage(10, new FileRa(BackingDev.DEFAULT), MmapAdvice.NORMAL, 0);
    assertEquals(20, file.mapping().cachedPages());
    assertTrue(isMarked(file, 12));
  }

  private boolean isMarked(TestFile file, long page) {
    MemMap memMap = space.manager.allocator().memMap();
    return memMap.testFlags(file.mapping().framePresent(page), PageFlags.READAHEAD);
  }

  @Test
  void whoMeetsTheMarkFaultsAgainAndMapsWhatHasComeMeanwhile() {
    TestFile file = cold(100);
    file.hole = true;
    long first = 0x4000_0000L + 28 * PAGE;
    assertEquals(first, space.mm.mmap(first, 72 * PAGE, PROT_READ, PRIVATE | FIXED, file, 28));
    // The window is 12 to 43, and 36 is marked; what is mapped around begins at multiples of 16.
    space.mmu.readByte(first);
    assertTrue(isMarked(file, 36));
    space.mmu.readByte(first + 12 * PAGE);
    assertEquals(4 + 11, space.mm.rss().file());
    long major = space.manager.faultCounts().major();
    space.mmu.readByte(first + 8 * PAGE);
    // 36, and 45 to 47: 44 is marked now.
    assertEquals(4 + 15, space.mm.rss().file());
    assertEquals(major + 1, space.manager.faultCounts().major());
    assertEquals(1, vmStat(VmStatItem.PGMAJFAULT));
  }

  @Test
  void aHoleNeedsNoDevice() {
    TestFile file = cold(64);
    file.hole = true;
    read(file, new FileRa(BackingDev.DEFAULT), 0);
    assertEquals(4, file.mapping().cachedPages());
    assertEquals(0, vmStat(VmStatItem.PGPGIN));
    assertEquals(0, space.pageCache.nanos());
  }

  /** {@code prev_pos} is where a read ended: what begins there goes on, and so does the next. */
  @Test
  void whatBeginsAPageBehindTheLatestReadGoesOn() {
    TestFile file = cold(200);
    FileRa ra = new FileRa(BackingDev.DEFAULT);
    read(file, ra, 100);
    read(file, ra, 102);
    assertEquals(1 + 4, file.mapping().cachedPages());
    read(file, ra, 150);
    read(file, ra, 153);
    assertEquals(5 + 2, file.mapping().cachedPages());
  }

  @Test
  void aDeviceThatFailsIsAnErrorOfTheReaderWhoNeedsThePage() {
    TestFile file = cold(64);
    byte[] bytes = new byte[PAGE];
    space.pageCache.failMakeRequest().failNth(3);
    // Page 2 cannot be read ahead; it is read when it is wanted.
    for (int page = 0; page < 4; page++) {
      assertEquals(PAGE, file.mapping().read((long) page * PAGE, bytes, 0, PAGE));
    }
    TestFile other = cold(4);
    other.broken = true;
    assertEquals(-Errno.EIO, other.mapping().read(0, bytes, 0, PAGE));
    assertEquals(0, other.mapping().cachedPages());
  }

  @Test
  void truncationTakesPagesThatAreOnTheirWay() {
    TestFile file = cold(64);
    read(file, new FileRa(BackingDev.DEFAULT), 0);
    assertEquals(4, file.mapping().cachedPages());
    assertEquals(0, file.mapping().truncate(PAGE));
    assertEquals(1, file.mapping().cachedPages());
  }
}
