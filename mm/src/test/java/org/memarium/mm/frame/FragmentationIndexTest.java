package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.BootedMemory;

class FragmentationIndexTest {
  /** Takes all of a zone, page by page. */
  private static List<Integer> takeAll(BootedMemory memory) {
    List<Integer> taken = new ArrayList<>();
    int gfp = Gfp.GFP_ATOMIC | Gfp.MOVABLE | Gfp.MEMALLOC;
    for (int pfn = memory.allocator.allocPage(gfp);
        pfn >= 0;
        pfn = memory.allocator.allocPage(gfp)) {
      taken.add(pfn);
    }
    return taken;
  }

  @Test
  void freshMemoryFailsNothing() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 64)) {
      Zone normal = memory.allocator.zones().get(1);
      assertEquals(
          FragmentationIndex.WOULD_SUCCEED, FragmentationIndex.fragmentationIndex(normal, 9));
      assertEquals(0, FragmentationIndex.unusableFreeIndex(normal, 0));
      assertEquals(0, FragmentationIndex.fragmentationIndex(normal, 11));
    }
  }

  @Test
  void everySecondPageFreeIsFragmentationAndFewPagesAreWantOfMemory() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 64)) {
      Zone normal = memory.allocator.zones().get(1);
      memory.allocator.setPerCpuLists(false);
      List<Integer> taken = takeAll(memory);
      taken.removeIf(pfn -> {
        boolean frees = pfn % 2 == 0 && memory.allocator.memMap().zoneIndex(pfn) == 1;
        if (frees) {
          memory.allocator.freePages(pfn, 0);
        }
        return frees;
      });
      assertEquals(1000, FragmentationIndex.unusableFreeIndex(normal, 1));
      assertEquals(0, FragmentationIndex.unusableFreeIndex(normal, 0));
      // 1 - (1 + pages / 2) / pages: a pair fails as much for want of memory as for its pieces.
      assertEquals(500, FragmentationIndex.fragmentationIndex(normal, 1), 1);
      assertTrue(FragmentationIndex.fragmentationIndex(normal, 9) > 990);
      assertEquals(100, FragmentationIndex.extfragForOrder(normal, 3));
      taken.forEach(pfn -> memory.allocator.freePages(pfn, 0));
    }
  }

  @Test
  void theFilesHaveLinuxsColumns() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 64)) {
      List<Zone> zones = memory.allocator.zones();
      List<String> lines = FragmentationIndex.extfragIndexFile(zones).lines().toList();
      assertEquals(2, lines.size());
      assertEquals("Node 0, zone      DMA " + "-1.000 ".repeat(11), lines.get(0));
      String unusable = FragmentationIndex.unusableIndexFile(zones).lines().toList().get(1);
      assertTrue(unusable.startsWith("Node 0, zone   Normal 0.000 "), unusable);
      assertEquals("Node 0, zone   Normal ".length() + 11 * 6, unusable.length());
    }
  }
}
