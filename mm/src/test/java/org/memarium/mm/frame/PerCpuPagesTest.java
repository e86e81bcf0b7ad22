package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.BootedMemory;

/** The per-CPU lists in front of the free lists. */
final class PerCpuPagesTest {
  private static final int MOVABLE = Gfp.GFP_HIGHUSER_MOVABLE;

  private final BootedMemory memory = BootedMemory.boot(Architecture.I386, 128);
  private final PageAllocator allocator = memory.allocator;
  private final Zone normal = allocator.zones().get(1);
  private final PerCpuPages lists = normal.perCpuPages();
  private final Held held = new Held(memory);

  PerCpuPagesTest() {
    allocator.node().drainAllPages();
  }

  @AfterEach
  void audit() {
    held.audit();
    memory.close();
  }

  @Test
  void pagesComeInBatchesAndDoNotCountAsFreeOnTheLists() {
    int free = normal.freePages();
    long frames = allocator.node().freeFrames();
    int batch = lists.batch();
    held.take(MOVABLE, 0);
    assertEquals(free - batch, normal.freePages());
    assertEquals(batch - 1, lists.count());
    assertEquals(frames - 1, allocator.node().freeFrames());
    held.take(MOVABLE, 0);
    assertEquals(free - batch, normal.freePages());
  }

  @Test
  void higherOrdersComeAtLeastInPairs() {
    held.take(MOVABLE, 3);
    assertEquals(8, lists.count());
    held.take(MOVABLE, 4);
    assertEquals(8, lists.count());
    held.take(MOVABLE, 10);
    assertEquals(8 + 1024, lists.count());
  }

  @Test
  void eachTypeHasListsOfItsOwn() {
    int movable = held.take(MOVABLE, 0);
    held.give(movable);
    int unmovable = held.take(Gfp.GFP_KERNEL, 0);
    assertTrue(movable >>> 10 != unmovable >>> 10);
    assertEquals(movable, held.take(MOVABLE, 0));
  }

  @Test
  void theLastPageFreedIsTheNextToBeHandedOut() {
    int a = held.take(MOVABLE, 0);
    int b = held.take(MOVABLE, 0);
    held.give(a);
    held.give(b);
    assertEquals(b, held.take(MOVABLE, 0));
    assertEquals(a, held.take(MOVABLE, 0));
  }

  @Test
  void aFullListGivesBackBatchesThatGrow() {
    for (int i = 0; i < 2000; i++) {
      held.take(MOVABLE, 0);
    }
    allocator.node().drainAllPages();
    List<Integer> given = new ArrayList<>();
    int before = normal.freePages();
    while (!held.isEmpty()) {
      held.give(held.get(held.size() - 1)[0]);
      if (normal.freePages() != before) {
        given.add(normal.freePages() - before);
        before = normal.freePages();
      }
      assertTrue(lists.count() < lists.high());
    }
    int batch = lists.batch();
    assertEquals(List.of(batch, 2 * batch, 4 * batch, 8 * batch), given.subList(0, 4));
    int most = lists.high() - batch;
    assertTrue(given.stream().allMatch(pages -> pages <= most), given::toString);
    assertTrue(given.contains(most), given::toString);
  }

  @Test
  void drainingGivesEverythingBack() {
    held.take(MOVABLE, 0);
    held.take(Gfp.GFP_KERNEL, 2);
    held.giveAll();
    assertTrue(lists.count() > 0);
    allocator.node().drainAllPages();
    assertEquals(0, lists.count());
    assertEquals(allocator.node().totalRamPages(), allocator.node().freePages());
  }

  @Test
  void theSwitchTurnsThemOff() {
    allocator.setPerCpuLists(false);
    int free = normal.freePages();
    held.take(MOVABLE, 0);
    assertEquals(free - 1, normal.freePages());
    held.giveAll();
    assertEquals(free, normal.freePages());
    allocator.setPerCpuLists(true);
    held.take(MOVABLE, 0);
    assertEquals(free - lists.batch(), normal.freePages());
  }

  @Test
  void initPagesOfTheKernelBecomeFreeAfterTheWatermarksAreComputed() {
    Memblock memblock = allocator.memblock();
    KernelImage image = memblock.kernelImage();
    int pages = (int) ((image.initEnd() - image.initStart()) >>> 12);
    assertEquals(257, pages);
    int first = (int) (image.initStart() >>> 12);
    assertTrue(memblock.reserved().stream().noneMatch(region -> region.startPfn() == first));
    assertEquals(0, allocator.memMap().pageCount(first));
    // The share of a zone is rounded down; with .init it would be larger.
    int lowmem = normal.managedPages() - pages + 3840;
    assertEquals((int) Math.sqrt(lowmem * 64.0), allocator.watermarks().minFreeKbytes());
  }
}
