package org.memarium.mm.frame;

import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.ZoneType;

/**
 * {@code alloc_large_system_hash}: how large the hash tables are that Linux takes from memblock at
 * boot ({@code HASH_EARLY}). In 6.1 these are two, those of directory entries and of inodes; the
 * others come from the page allocator.
 */
final class SystemHash {
  /** {@code dcache_init_early}: a bucket for each 8 KiB of RAM. */
  private static final int DENTRY_SCALE = 13;

  /** {@code inode_init_early}: a bucket for each 16 KiB. */
  private static final int INODE_SCALE = 14;

  /** {@code ADAPT_SCALE_BASE}: 64-bit machines have half as many buckets from here on... */
  private static final long ADAPT_SCALE_PAGES = 64L << (30 - Ram.PAGE_SHIFT);

  /** ...and half as many again with each further fourfold. */
  private static final int ADAPT_SCALE_SHIFT = 2;

  private static final long MIB_PAGES = 1 << (20 - Ram.PAGE_SHIFT);

  /** A table may take a sixteenth of RAM. */
  private static final int MAX_SHARE_SHIFT = 4;

  private SystemHash() {}

  /** {@code vfs_caches_init_early}: reserves both. */
  static void allocate(Memblock memblock, Figures figures) {
    int pointerBytes = memblock.architecture().pageTableFormat().levels() > 3 ? 8 : 4;
    memblock.allocate(
        "Dentry cache hash table", tablePages(figures, DENTRY_SCALE, pointerBytes), 1);
    memblock.allocate("Inode-cache hash table", tablePages(figures, INODE_SCALE, pointerBytes), 1);
  }

  /**
   * Pages as {@code free_area_init_core} counts them: present ones without those that mem_map
   * takes.
   *
   * @param kernelPages {@code nr_kernel_pages}: of low memory
   * @param allPages {@code nr_all_pages}
   */
  record Figures(long kernelPages, long allPages) {
    static Figures of(Architecture architecture, Zone[] zones) {
      long kernel = 0;
      long all = 0;
      for (Zone zone : zones) {
        long bytes = (long) zone.spannedPages() * architecture.structPageBytes();
        long memMapPages = (bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
        if (zone.type() == ZoneType.HIGHMEM) {
          all += zone.presentPages();
          kernel -= kernel > memMapPages * 2 ? memMapPages : 0;
        } else {
          long pages = zone.presentPages() - Math.min(zone.presentPages(), memMapPages);
          all += pages;
          kernel += pages;
        }
      }
      return new Figures(kernel, all);
    }
  }

  /**
   * How many pages a table takes.
   *
   * @param scale {@code 2^scale} bytes of low memory have a bucket
   */
  static int tablePages(Figures figures, int scale, int bucketBytes) {
    long entries = (figures.kernelPages() + MIB_PAGES - 1) / MIB_PAGES * MIB_PAGES;
    int shift = scale - Ram.PAGE_SHIFT;
    if (bucketBytes > 4) {
      for (long pages = ADAPT_SCALE_PAGES; pages < entries; pages <<= ADAPT_SCALE_SHIFT) {
        shift++;
      }
    }
    entries >>= shift;
    entries = Math.max(entries, Ram.PAGE_SIZE / bucketBytes);
    entries = Long.highestOneBit(entries * 2 - 1);
    long most = ((figures.allPages() << Ram.PAGE_SHIFT) >> MAX_SHARE_SHIFT) / bucketBytes;
    entries = Math.min(entries, Long.highestOneBit(Math.max(1, most)));
    return (int) ((entries * bucketBytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT);
  }
}
