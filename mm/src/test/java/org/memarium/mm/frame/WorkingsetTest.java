package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.mm.Architecture;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.trace.VmStatItem;

/** Pages that come back too soon are recognised by what was left in their place. */
class WorkingsetTest {
  private final BootedMemory memory = BootedMemory.boot(Architecture.I386, 32);
  private final Lru lru = memory.allocator.lru();
  private final Workingset workingset = lru.workingset();
  private final MemMap memMap = memory.allocator.memMap();

  @AfterEach
  void close() {
    memory.close();
  }

  private int page(int flags) {
    int pfn = memory.allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
    memMap.setFlags(pfn, flags);
    return pfn;
  }

  private void activeFiles(int count) {
    for (int i = 0; i < count; i++) {
      lru.add(page(PageFlags.ACTIVE));
    }
  }

  private long stat(VmStatItem item) {
    return memory.vmStat.get(item);
  }

  @ParameterizedTest
  @CsvSource({"0, 0, false", "16383, 255, true", "16384, 1, false", "40000, 7, true"})
  void aShadowKeepsTheAgeInFourteenBits(long age, int group, boolean active) {
    int shadow = Workingset.pack(group, age, active);
    assertTrue(shadow >= 0);
    assertEquals(age % 16_384, Workingset.age(shadow));
    assertEquals(group, Workingset.group(shadow));
    assertEquals(active, Workingset.wasActive(shadow));
  }

  @ParameterizedTest
  @CsvSource({"8192, 0", "16384, 0", "16385, 1", "65536, 2", "131072, 3"})
  void bucketsAreAsCoarseAsAllOfRamNeeds(long pages, int order) {
    assertEquals(order, Workingset.bucketOrder(pages));
  }

  @Test
  void aPageThatWouldHaveFittedIsActiveAtOnce() {
    activeFiles(10);
    int shadow = workingset.eviction(page(0), lru.root());
    lru.root().ageNonresident(9);
    int pfn = page(0);
    workingset.refault(pfn, shadow);
    assertTrue(memMap.testFlags(pfn, PageFlags.ACTIVE));
    assertFalse(memMap.testFlags(pfn, PageFlags.WORKINGSET));
    assertEquals(1, stat(VmStatItem.WORKINGSET_REFAULT_FILE));
    assertEquals(1, stat(VmStatItem.WORKINGSET_ACTIVATE_FILE));
    assertEquals(0, stat(VmStatItem.WORKINGSET_RESTORE_FILE));
  }

  @Test
  void aPageFromTooLongAgoIsNot() {
    activeFiles(10);
    int shadow = workingset.eviction(page(0), lru.root());
    lru.root().ageNonresident(10);
    int pfn = page(0);
    workingset.refault(pfn, shadow);
    assertFalse(memMap.testFlags(pfn, PageFlags.ACTIVE));
    assertEquals(1, stat(VmStatItem.WORKINGSET_REFAULT_FILE));
    assertEquals(0, stat(VmStatItem.WORKINGSET_ACTIVATE_FILE));
  }

  @Test
  void anonymousPagesCompeteWithFilesAndTheOtherWayRoundOnlyWithSwap() {
    activeFiles(2);
    for (int i = 0; i < 8; i++) {
      lru.add(page(PageFlags.SWAP_BACKED | PageFlags.ANON));
    }
    int shadow = workingset.eviction(page(0), lru.root());
    lru.root().ageNonresident(4);
    int without = page(0);
    workingset.refault(without, shadow);
    assertFalse(memMap.testFlags(without, PageFlags.ACTIVE));
    workingset.setSwapSpace(group -> 1);
    int with = page(0);
    workingset.refault(with, shadow);
    assertTrue(memMap.testFlags(with, PageFlags.ACTIVE));
  }

  @Test
  void whatHadBeenActiveIsThrashingAndCosts() {
    activeFiles(100);
    int shadow = workingset.eviction(page(PageFlags.WORKINGSET), lru.root());
    int pfn = page(0);
    workingset.refault(pfn, shadow);
    assertTrue(memMap.testFlags(pfn, PageFlags.WORKINGSET));
    assertEquals(1, stat(VmStatItem.WORKINGSET_RESTORE_FILE));
    assertEquals(1, lru.root().fileCost());
    assertEquals(0, lru.root().anonCost());
  }

  @Test
  void costsFadeWhenTheyExceedAQuarterOfTheLists() {
    activeFiles(100);
    lru.root().noteCost(true, 20);
    lru.root().noteCost(false, 5);
    assertEquals(20, lru.root().fileCost());
    assertEquals(5, lru.root().anonCost());
    lru.root().noteCost(false, 1);
    assertEquals(10, lru.root().fileCost());
    assertEquals(3, lru.root().anonCost());
  }

  @Test
  void aShadowOfAGroupThatIsGoneSaysNothing() {
    lru.addGroup(3, 0);
    int shadow = workingset.eviction(page(0), Objects.requireNonNull(lru.lruvec(3)));
    lru.removeGroup(3);
    workingset.refault(page(0), shadow);
    assertEquals(0, stat(VmStatItem.WORKINGSET_REFAULT_FILE));
  }
}
