package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.mm.Architecture;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.ZoneType;

final class BootTest {
  private static int[] freeBlocks(Zone zone) {
    int[] blocks = new int[zone.freeArea().maxOrder() + 1];
    for (int order = 0; order < blocks.length; order++) {
      blocks[order] = zone.freeArea().nrFree(order);
    }
    return blocks;
  }

  private static String extent(Zone zone) {
    return "%s start %d spanned %d present %d"
        .formatted(zone.name(), zone.startPfn(), zone.spannedPages(), zone.presentPages());
  }

  @Test
  void zonesOf128MibAreThoseOfTheReference() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 128)) {
      List<Zone> zones = memory.allocator.zones();
      assertEquals(
          List.of(
              "DMA start 1 spanned 4095 present 3998",
              "Normal start 4096 spanned 28640 present 28640",
              "HighMem start 0 spanned 0 present 0",
              "Movable start 0 spanned 0 present 0"),
          zones.stream().map(BootTest::extent).toList());
      assertEquals(3840, zones.getFirst().managedPages());
      assertEquals(
          "[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3]",
          java.util.Arrays.toString(freeBlocks(zones.getFirst())));
      memory.finish(memory.beginAudit());
    }
  }

  @Test
  void highMemOf1200MibBeginsWhereTheReferenceHasIt() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 1200)) {
      assertEquals(
          List.of(
              "DMA start 1 spanned 4095 present 3998",
              "Normal start 4096 spanned 220158 present 220158",
              "HighMem start 224254 spanned 82914 present 82914",
              "Movable start 0 spanned 0 present 0"),
          memory.allocator.zones().stream().map(BootTest::extent).toList());
      assertEquals(82_914, memory.allocator.zones().get(2).managedPages());
      memory.finish(memory.beginAudit());
    }
  }

  /**
   * What Linux takes at boot follows from formulas, but for a handful of pages: see
   * docs/fidelity.md.
   */
  @ParameterizedTest
  @CsvSource({"128, 0x3000000, 24660", "1200, 0x10000000, 213277"})
  void managedPagesAreThoseOfTheReferenceExceptForThirty(long mib, String kernel, int reference) {
    KernelImage image = KernelImage.debian(Long.decode(kernel));
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, mib, image)) {
      int normal = memory.allocator.zones().get(1).managedPages();
      assertTrue(normal >= reference && normal <= reference + 30, () -> "managed " + normal);
      memory.finish(memory.beginAudit());
    }
  }

  @Test
  void sixtyFourBitMachinesHaveDma32AroundTheHole() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.X86_64, 5120)) {
      assertEquals(
          List.of(
              "DMA start 1 spanned 4095 present 3998",
              "DMA32 start 4096 spanned 1044480 present 782304",
              "Normal start 1048576 spanned 524288 present 524288",
              "Movable start 0 spanned 0 present 0"),
          memory.allocator.zones().stream().map(BootTest::extent).toList());
      memory.finish(memory.beginAudit());
    }
  }

  @Test
  void bootFreesTheLargestAlignedBlocksLowestFirst() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 128)) {
      FreeArea area = memory.allocator.zones().get(1).freeArea();
      int before = -1;
      for (int pfn = area.first(10, MigrateType.MOVABLE); pfn >= 0; pfn = area.next(10, pfn)) {
        assertEquals(0, pfn % 1024);
        assertTrue(pfn > before);
        before = pfn;
      }
    }
  }

  @Test
  void memMapCostsFortyBytesAFrameFromTheTopOfLowMemory() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 128)) {
      Memblock.Region region =
          memory.allocator.memblock().reserved().stream()
              .filter(r -> r.name().equals("mem_map"))
              .findFirst()
              .orElseThrow();
      assertEquals(320, region.endPfn() - region.startPfn());
      assertTrue(region.endPfn() > 0x7fe0 - 16, region::toString);
      assertTrue(memory.allocator.memMap().isPageReserved(region.startPfn()));
    }
  }

  @Test
  void aMachineOf63GibBootsAndItsFirstFramesCanBeUsed() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386_PAE, 63 << 10)) {
      int pfn = memory.allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE | Gfp.ZERO, 0);
      assertEquals(ZoneType.HIGHMEM, zoneOf(memory, pfn).type());
      memory.allocator.freePages(pfn, 0);
    }
  }

  @Test
  void theSmallestMachineBootsInEveryOrder() {
    for (int maxOrder = 1; maxOrder <= 10; maxOrder++) {
      try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 4, maxOrder)) {
        memory.finish(memory.beginAudit());
      }
    }
    assertThrows(IllegalArgumentException.class, () -> BootedMemory.boot(Architecture.I386, 4, 11));
  }

  @Test
  void memblockAllocatesTopDownAndOnlyBeforeBoot() {
    Memblock memblock =
        new Memblock(Architecture.I386, PhysicalMemoryMap.pc(Architecture.I386, 128L << 20));
    assertEquals(0x7fdf, memblock.allocate("first", 1, 1));
    assertEquals(0x7fd8, memblock.allocate("aligned", 4, 8));
    assertEquals(0x7fde, memblock.allocate("in the gap", 1, 1));
    assertThrows(IllegalArgumentException.class, () -> memblock.allocate("all", 1 << 20, 1));
    memblock.close();
    assertThrows(IllegalStateException.class, () -> memblock.allocate("late", 1, 1));
  }

  private static Zone zoneOf(BootedMemory memory, int pfn) {
    return memory.allocator.zones().get(memory.allocator.memMap().zoneIndex(pfn));
  }
}
