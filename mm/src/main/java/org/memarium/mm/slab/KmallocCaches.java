package org.memarium.mm.slab;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code create_kmalloc_caches} (Linux 6.1 {@code mm/slab_common.c}): which caches kmalloc has.
 *
 * <pre>
 *   sizes  8 16 32 64 96 128 192 256 512 1k 2k 4k 8k
 *   types  kmalloc-, kmalloc-cg- (ACCOUNT), kmalloc-rcl- (RECLAIMABLE), dma-kmalloc- (DMA)
 * </pre>
 */
final class KmallocCaches {
  private static final int TYPES = 4;
  private static final int POWERS = 32;
  private static final int KIB_FROM = 1024;
  private static final int SIZE_96_AFTER = 6;
  private static final int SIZE_192_AFTER = 7;

  private static final String[] PREFIXES = {
    "kmalloc-", "kmalloc-cg-", "kmalloc-rcl-", "dma-kmalloc-"
  };
  private static final int[] FLAGS = {
    0, SlabFlags.ACCOUNT, SlabFlags.RECLAIM_ACCOUNT, SlabFlags.CACHE_DMA
  };

  private final SlabAllocator allocator;
  private final SlabConfig config;
  private final KmemCache[][] byPower = new KmemCache[TYPES][POWERS];
  private final @Nullable KmemCache[] cache96 = new KmemCache[TYPES];
  private final @Nullable KmemCache[] cache192 = new KmemCache[TYPES];

  KmallocCaches(SlabAllocator allocator) {
    this.allocator = allocator;
    this.config = allocator.config();
    boolean modern = config.kmallocNames() == SlabConfig.KmallocNames.LINUX_6_1;
    for (int type = 0; type < TYPES; type++) {
      if (modern) {
        createAll(type);
      }
    }
    if (!modern) {
      createOld();
    }
  }

  private int lowest() {
    return Integer.numberOfTrailingZeros(config.kmallocMinBytes());
  }

  private int highest() {
    return Integer.numberOfTrailingZeros(config.kmallocMaxCacheBytes());
  }

  private void createAll(int type) {
    for (int power = lowest(); power <= highest(); power++) {
      byPower[type][power] = create(type, 1 << power);
      if (power == SIZE_96_AFTER && lowest() < SIZE_96_AFTER) {
        cache96[type] = create(type, 96);
      }
      if (power == SIZE_192_AFTER && lowest() < SIZE_192_AFTER) {
        cache192[type] = create(type, 192);
      }
    }
    for (int power = 0; power < lowest(); power++) {
      byPower[type][power] = byPower[type][lowest()];
    }
  }

  /** Linux 2.6 had each size with and without DMA, and nothing else. */
  private void createOld() {
    for (int power = lowest(); power <= highest(); power++) {
      KmemCache cache = create("size-" + (1 << power), 1 << power, 0);
      byPower[0][power] = cache;
      byPower[1][power] = cache;
      byPower[2][power] = cache;
      byPower[3][power] =
          create("size-%d(DMA)".formatted(1 << power), 1 << power, SlabFlags.CACHE_DMA);
    }
    for (int type = 0; type < TYPES; type++) {
      for (int power = 0; power < lowest(); power++) {
        byPower[type][power] = byPower[type][lowest()];
      }
    }
  }

  private KmemCache create(int type, int bytes) {
    String size = bytes < KIB_FROM ? String.valueOf(bytes) : bytes / KIB_FROM + "k";
    KmemCache cache = create(PREFIXES[type] + size, bytes, FLAGS[type]);
    if (type == 0) {
      // With memory cgroups, accounted and other objects must not share slabs.
      cache.setRefcount(-1);
    }
    return cache;
  }

  /** {@code create_kmalloc_cache}: as large as its name says, and aligned to that. */
  private KmemCache create(String name, int bytes, int flags) {
    int align = Integer.bitCount(bytes) == 1 ? bytes : 0;
    KmemCache cache =
        allocator.kmemCacheCreateUsercopy(
            name, bytes, align, flags | SlabFlags.KMALLOC | SlabFlags.PANIC, 0, bytes, null);
    return Objects.requireNonNull(cache, name);
  }

  KmemCache[][] byPower() {
    return byPower;
  }

  /** By {@code (bytes + 7) / 8}, up to so many bytes. */
  KmemCache[][] byStep(int mostBytes) {
    KmemCache[][] table = new KmemCache[TYPES][mostBytes / 8 + 1];
    for (int type = 0; type < TYPES; type++) {
      for (int step = 1; step < table[type].length; step++) {
        table[type][step] = smallest(type, step * 8);
      }
    }
    return table;
  }

  private KmemCache smallest(int type, int bytes) {
    KmemCache odd = bytes <= 96 ? cache96[type] : cache192[type];
    boolean fits = odd != null && ((bytes > 64 && bytes <= 96) || (bytes > 128 && bytes <= 192));
    return fits
        ? Objects.requireNonNull(odd)
        : byPower[type][Integer.SIZE - Integer.numberOfLeadingZeros(bytes - 1)];
  }
}
