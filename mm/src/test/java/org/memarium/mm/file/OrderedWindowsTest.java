package org.memarium.mm.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;

/** Readahead of Linux 6.18. */
final class OrderedWindowsTest {
  private static final int PAGE = 4096;

  private final TestSpace space = TestSpace.i386();
  private final MemMap memMap = space.manager.allocator().memMap();
  private FileRa ra = new FileRa(BackingDev.DEFAULT);

  @BeforeEach
  void setWindows() {
    space.pageCache.setOrderedWindows();
  }

  @AfterEach
  void auditAndClose() {
    space.pageCache.sync();
    space.audit();
    space.close();
  }

  private TestFile cold(int pages) {
    TestFile file = TestFile.of(space.pageCache, pages * PAGE);
    file.cold = true;
    return file;
  }

  private void fault(TestFile file, long page) {
    file.mapping().faultPage(page, ra, MmapAdvice.NORMAL, 0);
  }

  private void read(TestFile file, int pages) {
    byte[] bytes = new byte[pages * PAGE];
    assertEquals(bytes.length, file.mapping().read(0, bytes, 0, bytes.length, ra));
  }

  private List<Long> marked(TestFile file) {
    List<Long> marked = new ArrayList<>();
    AddressSpace pages = file.mapping();
    for (long page = pages.nextPage(0); page >= 0; page = pages.nextPage(page + 1)) {
      if (memMap.testFlags(pages.framePresent(page), PageFlags.READAHEAD)) {
        marked.add(page);
      }
    }
    return marked;
  }

  @Test
  void inAnAreaForHugePagesAllOfOneIsReadAndTheNextUnlessAccessIsRandom() {
    TestFile file = cold(2000);
    file.mapping().faultPage(700, ra, MmapAdvice.HUGE, 0);
    assertEquals(512, file.mapping().nextPage(0));
    assertTrue(file.mapping().hasPage(1535));
    assertFalse(file.mapping().hasPage(1536));
    assertEquals(List.of(1024L), marked(file));
    TestFile random = cold(1100);
    random.mapping().faultPage(1, ra, MmapAdvice.HUGE_RANDOM, 0);
    assertTrue(random.mapping().hasPage(0));
    assertTrue(random.mapping().hasPage(511));
    assertFalse(random.mapping().hasPage(512));
    assertEquals(List.of(0L), marked(random));
  }

  /** The window of a fault on page 10 is 0 to 31, and its last quarter is marked. */
  @Test
  void theMarkIsCountedFromTheEndOfTheWindowEvenBehindTheFile() {
    TestFile shorter = cold(20);
    fault(shorter, 10);
    assertEquals(20, shorter.mapping().cachedPages());
    assertEquals(List.of(), marked(shorter));
    TestFile longer = cold(28);
    fault(longer, 10);
    assertEquals(List.of(24L), marked(longer));
  }

  @Test
  void aPageThatIsThereMakesTheMarkCountFromTheEndOfTheFile() {
    TestFile file = cold(20);
    file.mapping().readAhead(2, 1);
    fault(file, 10);
    assertEquals(20, file.mapping().cachedPages());
    assertEquals(List.of(12L), marked(file));
  }

  @Test
  void windowsAndRequestsAreAsLargeAsTheDeviceSays() {
    space.pageCache.setBackingDev(new BackingDev(64, 100));
    ra = new FileRa(space.pageCache.backingDev());
    TestFile file = cold(200);
    fault(file, 100);
    assertEquals(64, file.mapping().cachedPages());
    assertEquals(List.of(68L + 48), marked(file));
    TestFile other = cold(200);
    other.mapping().readAhead(0, 200);
    assertEquals(100, other.mapping().cachedPages());
  }

  @Test
  void theFirstWindowIsMarkedBehindWhatIsWantedOrInTheMiddle() {
    TestFile file = cold(200);
    read(file, 6);
    assertEquals(16, file.mapping().cachedPages());
    assertEquals(List.of(6L), marked(file));
    TestFile large = cold(200);
    ra = new FileRa(BackingDev.DEFAULT);
    read(large, 64);
    // Reading went past the mark in the middle, which brought the next window.
    assertEquals(List.of(64L), marked(large));
    assertEquals(128, large.mapping().cachedPages());
  }

  @Test
  void theNextWindowEndsWhereAFolioOfFourPagesWould() {
    TestFile file = cold(200);
    fault(file, 50);
    // 34 to 65, marked at 58; then 66 to 95, for 98 is no multiple of 4.
    fault(file, 58);
    assertEquals(62, file.mapping().cachedPages());
    assertFalse(file.mapping().hasPage(96));
    assertEquals(List.of(66L), marked(file));
  }

  @Test
  void aFolioThatWouldHoldAPageThatIsThereIsNotMadeAndNothingIsMarked() {
    TestFile file = cold(12);
    file.mapping().readAhead(7, 1);
    file.mapping().readAhead(11, 1);
    memMap.setFlags(file.mapping().framePresent(7), PageFlags.READAHEAD);
    fault(file, 7);
    assertEquals(5, file.mapping().cachedPages());
    assertEquals(List.of(), marked(file));
    // Where there is room for it the first page of the new window is marked.
    TestFile longer = cold(13);
    longer.mapping().readAhead(7, 1);
    memMap.setFlags(longer.mapping().framePresent(7), PageFlags.READAHEAD);
    fault(longer, 7);
    assertEquals(List.of(8L), marked(longer));
  }

  /** As PG_reclaim marks it, which is the same bit. */
  @Test
  void aMarkWithoutAWindowBringsNothingButMakesFoliosLarger() {
    TestFile file = cold(12);
    file.mapping().readAhead(0, 1);
    memMap.setFlags(file.mapping().framePresent(0), PageFlags.READAHEAD);
    fault(file, 0);
    assertEquals(1, file.mapping().cachedPages());
    assertEquals(2, ra.order);
  }
}
