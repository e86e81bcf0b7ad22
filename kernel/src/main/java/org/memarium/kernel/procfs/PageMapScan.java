package org.memarium.kernel.procfs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.IoctlArgument;
import org.memarium.kernel.vfs.IoctlHandler;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code PAGEMAP_SCAN} of {@code /proc/<pid>/pagemap}: regions of pages that are of some
 * categories; Linux {@code fs/proc/task_mmu.c}, {@code do_pagemap_scan}, since 6.7.
 *
 * <pre>
 *   struct pm_scan_arg, words of 64 bits
 *     0 size       8 flags     16 start              24 end         32 walk_end (out)
 *    40 vec       48 vec_len   56 max_pages
 *    64 category_inverted      72 category_mask      80 category_anyof_mask   88 return_mask
 *   struct page_region
 *     0 start      8 end       16 categories
 * </pre>
 *
 * <p>No area here has userfaultfd's asynchronous write protection, which is what {@code
 * PM_SCAN_WP_MATCHING} needs; so every page that is there counts as written.
 */
final class PageMapScan implements IoctlHandler {
  /** {@code _IOWR('f', 16, struct pm_scan_arg)}. */
  static final int PAGEMAP_SCAN = 0xc060_6610;

  private static final int ARGUMENT_BYTES = 96;
  private static final int REGION_BYTES = 24;

  private static final long WP_MATCHING = 1;
  private static final long CHECK_WPASYNC = 2;

  // ---- Categories ----
  private static final long WPALLOWED = 1;
  private static final long WRITTEN = 1 << 1;
  private static final long FILE = 1 << 2;
  private static final long PRESENT = 1 << 3;
  private static final long SWAPPED = 1 << 4;
  private static final long PFNZERO = 1 << 5;
  private static final long SOFT_DIRTY = 1 << 7;
  private static final long GUARD = 1 << 8;
  private static final long ALL = (1 << 9) - 1;

  /** {@code PAGEMAP_WALK_SIZE} in pages: as many regions are gathered before they are copied. */
  private static final int MAX_GATHERED = 512;

  /** {@code TASK_SIZE_MAX} of the 64-bit kernel, which is where this exists. */
  private static final long LIMIT = 0x7fff_ffff_f000L;

  private final Supplier<@Nullable MmStruct> mm;
  private final PageAllocator allocator;

  PageMapScan(Supplier<@Nullable MmStruct> mm, PageAllocator allocator) {
    this.mm = mm;
    this.allocator = allocator;
  }

  @Override
  public long ioctl(int command, IoctlArgument argument) {
    if (command != PAGEMAP_SCAN) {
      return -Errno.EINVAL;
    }
    byte[] bytes = new byte[ARGUMENT_BYTES];
    if (!argument.copyFromUser(bytes)) {
      return -Errno.EFAULT;
    }
    ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long error = check(words);
    if (error != 0) {
      return error;
    }
    long walkEnd = argument.address() + 32;
    Scan scan = new Scan(words, argument);
    long result = scan.run(mm.get());
    byte[] end = new byte[Long.BYTES];
    long reached = scan.walkEnd == 0 ? scan.end : scan.walkEnd;
    ByteBuffer.wrap(end).order(ByteOrder.LITTLE_ENDIAN).putLong(0, reached);
    return argument.copyToUser(walkEnd, end) ? result : -Errno.EFAULT;
  }

  /** {@code pagemap_scan_get_args}. */
  private static long check(ByteBuffer words) {
    if (words.getLong(0) != ARGUMENT_BYTES
        || (words.getLong(8) & ~(WP_MATCHING | CHECK_WPASYNC)) != 0) {
      return -Errno.EINVAL;
    }
    for (int mask = 64; mask < ARGUMENT_BYTES; mask += Long.BYTES) {
      if ((words.getLong(mask) & ~ALL) != 0) {
        return -Errno.EINVAL;
      }
    }
    long start = words.getLong(16);
    if ((start & (Ram.PAGE_SIZE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    if (!isUserRange(start, words.getLong(24) - start)) {
      return -Errno.EFAULT;
    }
    long vector = words.getLong(40);
    long regions = words.getLong(48);
    if (vector == 0) {
      return regions == 0 ? 0 : -Errno.EINVAL;
    }
    boolean fits = regions >= 0 && regions <= LIMIT / REGION_BYTES;
    return fits && isUserRange(vector, regions * REGION_BYTES) ? 0 : -Errno.EFAULT;
  }

  private static boolean isUserRange(long start, long bytes) {
    return start >= 0 && bytes >= 0 && bytes <= LIMIT && start <= LIMIT - bytes;
  }

  /** {@code struct pagemap_scan_private}: one call. */
  private final class Scan {
    private final IoctlArgument argument;
    private final long flags;
    private final long start;
    private final long end;
    private final long inverted;
    private final long required;
    private final long anyOf;
    private final long returned;
    private final long maxPages;
    private final boolean hasVector;

    private long vector;
    private long room;
    private long foundPages;
    private long walkEnd;

    /** Whether there is no room for what was found last. */
    private boolean full;

    // ---- The regions that are not copied yet; the last one may still grow ----
    private final ByteBuffer gathered =
        ByteBuffer.allocate(MAX_GATHERED * REGION_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private int complete;
    private long regionStart;
    private long regionEnd;
    private long regionCategories;

    Scan(ByteBuffer words, IoctlArgument argument) {
      this.argument = argument;
      flags = words.getLong(8);
      start = words.getLong(16);
      end = (words.getLong(24) + Ram.PAGE_SIZE - 1) & -Ram.PAGE_SIZE;
      vector = words.getLong(40);
      room = words.getLong(48);
      hasVector = room != 0;
      long most = words.getLong(56);
      maxPages = most <= 0 ? Long.MAX_VALUE : most;
      inverted = words.getLong(64);
      required = words.getLong(72);
      anyOf = words.getLong(80);
      returned = words.getLong(88);
    }

    /** {@code do_pagemap_scan}: how many regions were copied, or a negative errno. */
    long run(@Nullable MmStruct space) {
      long copied = 0;
      long from = start;
      while (from < end) {
        full = false;
        long error = space == null ? 0 : walk(space, from);
        long more = flush();
        if (more < 0 || error < 0) {
          return more < 0 ? more : error;
        }
        copied += more;
        if (!full || room == 0 || foundPages == maxPages) {
          break;
        }
        from = walkEnd;
      }
      return copied;
    }

    /** {@code walk_page_range}. */
    private long walk(MmStruct space, long from) {
      long last = Math.min(end, space.layout().taskSize());
      for (Vma area = from < last ? space.findVma(from) : null;
          area != null && area.start() < last && !full;
          area = area.next()) {
        if ((flags & CHECK_WPASYNC) != 0) {
          return -Errno.EPERM;
        }
        long category = area.has(VmFlags.SOFTDIRTY) ? SOFT_DIRTY : 0;
        long allowed = required & WPALLOWED;
        boolean skipped =
            (flags & WP_MATCHING) != 0
                || area.has(VmFlags.PFNMAP)
                || ((category ^ inverted) & allowed) != allowed;
        if (!skipped) {
          walk(
              space.pages().tables(),
              Math.max(from, area.start()),
              Math.min(last, area.end()),
              category);
        }
      }
      return 0;
    }

    private void walk(PageTables tables, long from, long to, long areaCategory) {
      long tableBytes = 1L << tables.format().shift(2);
      // pagemap_scan_pmd_entry has a way of its own for this, which also tells of empty entries.
      boolean writtenOnly =
          anyOf == 0 && inverted == 0 && required == WRITTEN && returned == WRITTEN;
      long at = from;
      while (at < to && !full) {
        long next = Math.min(to, (at & -tableBytes) + tableBytes);
        if (tables.pteAddress(at) < 0) {
          found(areaCategory, at, next);
        } else {
          for (long page = at; page < next && !full; page += Ram.PAGE_SIZE) {
            long of = writtenOnly ? WRITTEN : categories(tables, page);
            found(areaCategory | of, page, page + Ram.PAGE_SIZE);
          }
        }
        at = next;
      }
    }

    /** {@code pagemap_page_category}. */
    private long categories(PageTables tables, long page) {
      long pte = tables.pte(page);
      if (Pte.isPresent(pte)) {
        int pfn = Pte.pfn(pte);
        boolean file = !Pte.isSpecial(pte) && !allocator.memMap().isPageAnon(pfn);
        return PRESENT
            | WRITTEN
            | (file ? FILE : 0)
            | (pfn == allocator.zeroPfn() ? PFNZERO : 0)
            | (Pte.isSoftDirty(pte) ? SOFT_DIRTY : 0);
      }
      if (!Pte.isSwap(pte)) {
        // Not protected against writing, though there is nothing.
        return WRITTEN;
      }
      return SWAPPED | WRITTEN | (SwapEntry.isGuard(tables.format(), pte) ? GUARD : 0);
    }

    /** Whether somebody asked for such pages; if so, {@code pagemap_scan_output}. */
    private void found(long categories, long from, long to) {
      long looked = categories ^ inverted;
      boolean wanted = (looked & required) == required && (anyOf == 0 || (looked & anyOf) != 0);
      if (!wanted || !hasVector) {
        return;
      }
      long pages = (to - from) >>> Ram.PAGE_SHIFT;
      long fitting = Math.min(pages, maxPages - foundPages);
      long reached = from + (fitting << Ram.PAGE_SHIFT);
      full = fitting < pages;
      if (fitting > 0) {
        if (push(categories & returned, from, reached)) {
          foundPages += fitting;
        } else {
          reached = from;
          full = true;
        }
      }
      if (full) {
        walkEnd = reached;
      }
    }

    /** {@code pagemap_scan_push_range}; returns whether there was room. */
    private boolean push(long categories, long from, long to) {
      if (regionEnd != 0 && from == regionEnd && categories == regionCategories) {
        regionEnd = to;
        return true;
      }
      if (regionEnd != 0) {
        if (complete >= Math.min(MAX_GATHERED, room) - 1) {
          return false;
        }
        complete();
      }
      regionStart = from;
      regionEnd = to;
      regionCategories = categories;
      return true;
    }

    private void complete() {
      int at = complete * REGION_BYTES;
      gathered.putLong(at, regionStart);
      gathered.putLong(at + 8, regionEnd);
      gathered.putLong(at + 16, regionCategories);
      complete++;
      regionEnd = 0;
    }

    /** {@code pagemap_scan_flush_buffer}: how many regions were copied, or -EFAULT. */
    private long flush() {
      if (regionEnd != 0) {
        complete();
      }
      byte[] bytes = new byte[complete * REGION_BYTES];
      gathered.get(0, bytes);
      if (!argument.copyToUser(vector, bytes)) {
        return -Errno.EFAULT;
      }
      long copied = complete;
      vector += bytes.length;
      room -= copied;
      complete = 0;
      return copied;
    }
  }
}
