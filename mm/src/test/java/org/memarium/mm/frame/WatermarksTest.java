package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memarium.mm.ZoneType;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.ZoneStat;

/** The formulas, with the figures of the reference files linux-6.1-i386-128M.txt and -1200M.txt. */
final class WatermarksTest {
  /**
   * Pages that those kernels gave to the allocator after they had computed their watermarks: {@code
   * .init} and the initial file system. Only 486 to 501 fit all figures of both files.
   */
  private static final int FREED_LATER = 490;

  private static final ZoneType[] TYPES = {
    ZoneType.DMA, ZoneType.NORMAL, ZoneType.HIGHMEM, ZoneType.MOVABLE
  };

  private final Zone[] zones = new Zone[TYPES.length];

  /** Zones with so many managed pages each, and no frames. */
  private Watermarks of(int dma, int normal, int high) {
    int[] spanned = {4095, normal, high, 0};
    int[] managed = {dma, normal - FREED_LATER, high, 0};
    MemMap memMap = new MemMap(4096);
    for (int i = 0; i < zones.length; i++) {
      FreeArea area = new FreeArea(memMap, new FreeArea.BlockLinks(4096, 10), 10);
      ZoneStat stat = new ZoneStat(new VmStat());
      zones[i] = new Zone(memMap, area, stat, TYPES[i], i, TYPES.length, 10, 0, spanned[i]);
      zones[i].addPresent(spanned[i]);
      zones[i].addManaged(managed[i]);
    }
    Watermarks watermarks = new Watermarks(zones, 1);
    watermarks.init();
    zones[1].addManaged(FREED_LATER);
    return watermarks;
  }

  private Watermarks of128Mib() {
    return of(3840, 24_660, 0);
  }

  private Watermarks of1200Mib() {
    return of(3840, 213_277, 82_914);
  }

  private List<String> marks() {
    return Arrays.stream(zones)
        .map(zone ->
            zone.watermarks().min()
                + " "
                + zone.watermarks().low()
                + " "
                + zone.watermarks().high())
        .toList();
  }

  private List<String> protection() {
    return Arrays.stream(zones)
        .map(zone ->
            Arrays.toString(
                new int[] {
                  zone.watermarks().lowmemReserve(0),
                  zone.watermarks().lowmemReserve(1),
                  zone.watermarks().lowmemReserve(2),
                  zone.watermarks().lowmemReserve(3)
                }))
        .toList();
  }

  private List<String> pagesets() {
    return Arrays.stream(zones)
        .map(zone ->
            "high %d batch %d threshold %d"
                .formatted(
                    zone.perCpuPages().high(),
                    zone.perCpuPages().batch(),
                    Watermarks.statThreshold(zone)))
        .toList();
  }

  @Test
  void watermarksOf128MibAreThoseOfTheReference() {
    assertEquals(1338, of128Mib().minFreeKbytes());
    assertEquals(List.of("45 56 67", "288 360 432", "32 32 32", "0 0 0"), marks());
    assertEquals(
        List.of("[0, 94, 94, 94]", "[0, 0, 0, 0]", "[0, 0, 0, 0]", "[0, 0, 0, 0]"), protection());
    assertEquals(
        List.of("high 56 batch 1 threshold 2", "high 360 batch 3 threshold 2"),
        pagesets().subList(0, 2));
  }

  @Test
  void watermarksOf1200MibAreThoseThatHugePagesAskFor() {
    assertEquals(43_044, of1200Mib().minFreeKbytes());
    assertEquals(List.of("190 237 284", "10570 13212 15854", "80 1109 2138", "32 32 32"), marks());
    assertEquals(
        List.of("[0, 831, 1155, 1155]", "[0, 0, 2591, 2591]", "[0, 0, 0, 0]", "[0, 0, 0, 0]"),
        protection());
    assertEquals(
        List.of(
            "high 237 batch 1 threshold 2",
            "high 13212 batch 63 threshold 8",
            "high 1109 batch 15 threshold 6"),
        pagesets().subList(0, 3));
  }

  @Test
  void settingsAreComputedAnewAtOnce() {
    Watermarks watermarks = of128Mib();
    assertArrayEquals(new int[] {256, 32, 0, 0}, watermarks.lowmemReserveRatio());
    watermarks.setMinFreeKbytes(2676);
    assertEquals("578 722 866", marks().get(1));
    assertEquals(722, zones[1].perCpuPages().high());
    watermarks.setWatermarkScaleFactor(1000);
    assertEquals(578 + 2466, zones[1].watermarks().low());
    watermarks.setLowmemReserveRatio(new int[] {100, 32, -5, 0});
    assertEquals(246, zones[0].watermarks().lowmemReserve(1));
    assertArrayEquals(new int[] {100, 32, 0, 0}, watermarks.lowmemReserveRatio());
    watermarks.setLowmemReserveRatio(new int[] {0, 32, 0, 0});
    assertEquals("[0, 0, 0, 0]", protection().get(0));
    watermarks.setPercpuPagelistHighFraction(8);
    assertEquals(24_660 / 8, zones[1].perCpuPages().high());
  }

  @Test
  void valuesThatLinuxRefusesAreRefusedAndChangeNothing() {
    Watermarks watermarks = of128Mib();
    List<String> before = marks();
    assertThrows(IllegalArgumentException.class, () -> watermarks.setMinFreeKbytes(-1));
    assertThrows(IllegalArgumentException.class, () -> watermarks.setWatermarkScaleFactor(0));
    assertThrows(IllegalArgumentException.class, () -> watermarks.setWatermarkScaleFactor(3001));
    assertThrows(IllegalArgumentException.class, () -> watermarks.setWatermarkBoostFactor(-1));
    assertThrows(IllegalArgumentException.class, () -> watermarks.setPercpuPagelistHighFraction(7));
    assertThrows(
        IllegalArgumentException.class, () -> watermarks.setLowmemReserveRatio(new int[] {256}));
    assertEquals(before, marks());
  }

  @Test
  void totalReserveIsWhatEachZoneKeepsAtMost() {
    Watermarks watermarks = of128Mib();
    assertEquals(67 + 94 + 432, watermarks.totalReservePages());
    assertEquals(3840 - 67 + 24_660 - 432, watermarks.freeBufferPages());
  }
}
