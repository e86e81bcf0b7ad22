package org.memarium.mm.frame;

import org.memarium.hardware.Ram;
import org.memarium.mm.ZoneType;

/**
 * Computes watermarks, reserves and sizes of the per-CPU lists of all zones, and holds the settings
 * that they follow from, which {@code /proc/sys/vm} shows (Linux 6.1 {@code mm/page_alloc.c},
 * {@code __setup_per_zone_wmarks} and its neighbours; {@code mm/khugepaged.c}).
 *
 * <pre>
 *   min_free_kbytes            4 * sqrt(lowmem kB), 128 to 262,144; more with transparent huge pages
 *   min   of a zone            its share of that; HighMem: managed / 1024, 32 to 128
 *   low, high                  min plus one, two times the larger of a quarter of the share and
 *                              managed * watermark_scale_factor / 10,000
 *   protection                 managed pages of the zones above / lowmem_reserve_ratio
 * </pre>
 *
 * <p>Setters compute anew, as writing the file under {@code /proc/sys/vm} does.
 */
public final class Watermarks {
  private static final int MIN_FREE_KBYTES = 128;
  private static final int MAX_FREE_KBYTES = 262_144;
  private static final int MAX_SCALE_FACTOR = 3000;

  /** {@code MIN_PERCPU_PAGELIST_HIGH_FRACTION}. */
  public static final int MIN_HIGH_FRACTION = 8;

  private static final int SWAP_CLUSTER_MAX = 32;
  private static final int KBYTES_SHIFT = Ram.PAGE_SHIFT - 10;

  /** From this size on, transparent huge pages are on. */
  private static final long HUGE_PAGE_RAM_PAGES = 512L << (20 - Ram.PAGE_SHIFT);

  private final Zone[] zones;
  private final int userZone;
  private final boolean movableIsHigh;
  private final int[] lowmemReserveRatio;
  private int minFreeKbytes;
  private int watermarkScaleFactor = 10;
  private int watermarkBoostFactor = 15_000;
  private int percpuPagelistHighFraction;
  private boolean hasKswapd;

  /**
   * @param zones lowest first
   * @param userZone {@code gfp_zone(GFP_USER)}: index of the highest zone that the kernel can
   *     address at all times
   */
  Watermarks(Zone[] zones, int userZone) {
    this.zones = zones;
    this.userZone = userZone;
    boolean high = false;
    lowmemReserveRatio = new int[zones.length];
    for (Zone zone : zones) {
      high |= zone.type() == ZoneType.HIGHMEM && zone.spannedPages() > 0;
      lowmemReserveRatio[zone.index()] =
          switch (zone.type()) {
            case DMA, DMA32 -> 256;
            case NORMAL -> 32;
            case HIGHMEM, MOVABLE -> 0;
          };
    }
    movableIsHigh = high;
  }

  /** {@code is_highmem}: whether the kernel cannot address the zone at all times. */
  private boolean isHighmem(Zone zone) {
    return zone.type() == ZoneType.HIGHMEM || (zone.type() == ZoneType.MOVABLE && movableIsHigh);
  }

  /** {@code init_per_zone_wmark_min}, and {@code hugepage_init} after it. */
  void init() {
    int root = (int) Math.sqrt((double) (freeBufferPages() << KBYTES_SHIFT) * 16);
    minFreeKbytes = Math.clamp(root, MIN_FREE_KBYTES, MAX_FREE_KBYTES);
    setupPerZoneWmarks();
    setupLowmemReserve();
    if (totalRamPages() >= HUGE_PAGE_RAM_PAGES) {
      setRecommendedMinFreeKbytes();
    }
  }

  private long totalRamPages() {
    long pages = 0;
    for (Zone zone : zones) {
      pages += zone.managedPages();
    }
    return pages;
  }

  /** {@code nr_free_buffer_pages}: what low memory has above the high watermarks. */
  public long freeBufferPages() {
    long pages = 0;
    for (int i = 0; i <= userZone; i++) {
      pages += Math.max(0, zones[i].managedPages() - zones[i].watermarks().high());
    }
    return pages;
  }

  /**
   * {@code set_recommended_min_free_kbytes}: room for two pageblocks of each type in each zone, and
   * for each pair of types that may fall back to each other, so that huge pages can be found.
   */
  private void setRecommendedMinFreeKbytes() {
    int populated = 0;
    for (int i = 0; i <= userZone; i++) {
      populated += zones[i].isPopulated() ? 1 : 0;
    }
    long pages = (long) zones[0].pageblocks().pages() * populated * 2;
    pages +=
        (long) zones[0].pageblocks().pages()
            * populated
            * MigrateType.PCPTYPES
            * MigrateType.PCPTYPES;
    pages = Math.min(pages, freeBufferPages() / 20);
    long kbytes = pages << KBYTES_SHIFT;
    if (kbytes > minFreeKbytes) {
      minFreeKbytes = (int) kbytes;
    }
    setupPerZoneWmarks();
  }

  /** {@code setup_per_zone_wmarks}. */
  private void setupPerZoneWmarks() {
    long pagesMin = minFreeKbytes >> KBYTES_SHIFT;
    long lowmem = 0;
    for (Zone zone : zones) {
      lowmem += isHighmem(zone) ? 0 : zone.managedPages();
    }
    for (Zone zone : zones) {
      long managed = zone.managedPages();
      long share = pagesMin * managed / lowmem;
      long min = share;
      if (isHighmem(zone)) {
        min = Math.clamp(managed / 1024, SWAP_CLUSTER_MAX, 128);
      }
      long step = Math.max(share >> 2, managed * watermarkScaleFactor / 10_000);
      zone.watermarks().set((int) min, (int) (min + step), (int) (min + 2 * step));
    }
    updatePagesets();
  }

  /** {@code setup_per_zone_lowmem_reserve}. */
  private void setupLowmemReserve() {
    for (int i = 0; i < zones.length - 1; i++) {
      int ratio = lowmemReserveRatio[i];
      boolean clear = ratio == 0 || zones[i].managedPages() == 0;
      long above = 0;
      for (int j = i + 1; j < zones.length; j++) {
        above += zones[j].managedPages();
        zones[i].watermarks().setLowmemReserve(j, clear ? 0 : (int) (above / ratio));
      }
    }
  }

  /** {@code zone_set_pageset_high_and_batch} of all zones. */
  private void updatePagesets() {
    for (Zone zone : zones) {
      if (zone.isPopulated()) {
        int batch = Math.max(1, batchSize(zone));
        int total =
            percpuPagelistHighFraction == 0
                ? zone.watermarks().low()
                : zone.managedPages() / percpuPagelistHighFraction;
        zone.perCpuPages().setHighAndBatch(Math.max(total, batch << 2), batch);
      }
    }
  }

  /** {@code zone_batchsize}: a quarter of a thousandth, one less than a power of two. */
  private static int batchSize(Zone zone) {
    int batch = Math.min(zone.managedPages() >> 10, (1 << 20) / Ram.PAGE_SIZE) / 4;
    batch = Math.max(1, batch);
    return Integer.highestOneBit(batch + batch / 2) - 1;
  }

  /** {@code calculate_normal_threshold}: "vm stats threshold" of a zone, with one processor. */
  public static int statThreshold(Zone zone) {
    int mem = zone.managedPages() >> (27 - Ram.PAGE_SHIFT);
    return Math.min(125, 2 * (1 + Integer.SIZE - Integer.numberOfLeadingZeros(mem)));
  }

  /** {@code totalreserve_pages}: what no program can ever have. */
  public long totalReservePages() {
    long total = 0;
    for (Zone zone : zones) {
      long most = 0;
      for (int j = zone.index(); j < zones.length; j++) {
        most = Math.max(most, zone.watermarks().lowmemReserve(j));
      }
      total += Math.min(most + zone.watermarks().high(), zone.managedPages());
    }
    return total;
  }

  // ---- Settings ----

  /** {@code vm.min_free_kbytes}. */
  public int minFreeKbytes() {
    return minFreeKbytes;
  }

  /**
   * Sets {@code vm.min_free_kbytes}.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public void setMinFreeKbytes(int kbytes) {
    check("min_free_kbytes", kbytes, kbytes >= 0);
    minFreeKbytes = kbytes;
    setupPerZoneWmarks();
  }

  /** {@code vm.watermark_scale_factor}, in ten-thousandths. */
  public int watermarkScaleFactor() {
    return watermarkScaleFactor;
  }

  /**
   * Sets {@code vm.watermark_scale_factor}.
   *
   * @throws IllegalArgumentException if it is not from 1 to 3000
   */
  public void setWatermarkScaleFactor(int factor) {
    check("watermark_scale_factor", factor, factor >= 1 && factor <= MAX_SCALE_FACTOR);
    watermarkScaleFactor = factor;
    setupPerZoneWmarks();
  }

  /** {@code vm.watermark_boost_factor}, in ten-thousandths of the high watermark; 0: never. */
  public int watermarkBoostFactor() {
    return watermarkBoostFactor;
  }

  /**
   * Sets {@code vm.watermark_boost_factor}.
   *
   * @throws IllegalArgumentException if it is negative
   */
  public void setWatermarkBoostFactor(int factor) {
    check("watermark_boost_factor", factor, factor >= 0);
    watermarkBoostFactor = factor;
    updateBoost();
  }

  /** From now on somebody takes boosts back. */
  void setHasKswapd(boolean has) {
    hasKswapd = has;
    updateBoost();
  }

  private void updateBoost() {
    for (Zone zone : zones) {
      zone.watermarks().setBoostFactor(hasKswapd ? watermarkBoostFactor : 0);
    }
  }

  /** {@code vm.lowmem_reserve_ratio}: one number for each zone. */
  public int[] lowmemReserveRatio() {
    return lowmemReserveRatio.clone();
  }

  /**
   * Sets {@code vm.lowmem_reserve_ratio}; what is below 1 becomes 0, no reserve.
   *
   * @throws IllegalArgumentException unless there is one number for each zone
   */
  public void setLowmemReserveRatio(int[] ratios) {
    if (ratios.length != zones.length) {
      throw new IllegalArgumentException(
          "lowmem_reserve_ratio needs %d numbers, one for each zone, not %d"
              .formatted(zones.length, ratios.length));
    }
    for (int i = 0; i < ratios.length; i++) {
      lowmemReserveRatio[i] = Math.max(0, ratios[i]);
    }
    setupLowmemReserve();
  }

  /** {@code vm.percpu_pagelist_high_fraction}; 0: as the low watermark says. */
  public int percpuPagelistHighFraction() {
    return percpuPagelistHighFraction;
  }

  /**
   * Sets {@code vm.percpu_pagelist_high_fraction}.
   *
   * @throws IllegalArgumentException if it is neither 0 nor at least 8
   */
  public void setPercpuPagelistHighFraction(int fraction) {
    check(
        "percpu_pagelist_high_fraction", fraction, fraction == 0 || fraction >= MIN_HIGH_FRACTION);
    percpuPagelistHighFraction = fraction;
    updatePagesets();
  }

  private static void check(String name, int value, boolean valid) {
    if (!valid) {
      throw new IllegalArgumentException("vm.%s cannot be %d".formatted(name, value));
    }
  }
}
