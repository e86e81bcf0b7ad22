package org.memarium.kernel.procfs;

import java.util.function.IntToLongFunction;
import org.memarium.kernel.vfs.RecordFile;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;

/**
 * {@code /proc/kpagecount} and {@code /proc/kpageflags}: a word for each frame; Linux {@code
 * fs/proc/page.c}.
 */
final class PageWords {

  // ---- Bits of kpageflags: include/uapi/linux/kernel-page-flags.h ----
  static final int KPF_REFERENCED = 2;
  static final int KPF_UPTODATE = 3;
  static final int KPF_DIRTY = 4;
  static final int KPF_LRU = 5;
  static final int KPF_ACTIVE = 6;
  static final int KPF_SLAB = 7;
  static final int KPF_BUDDY = 10;
  static final int KPF_MMAP = 11;
  static final int KPF_ANON = 12;
  static final int KPF_SWAPBACKED = 14;
  static final int KPF_COMPOUND_HEAD = 15;
  static final int KPF_COMPOUND_TAIL = 16;
  static final int KPF_UNEVICTABLE = 18;
  static final int KPF_ZERO_PAGE = 24;
  static final int KPF_PGTABLE = 26;
  static final int KPF_RESERVED = 32;
  static final int KPF_MLOCKED = 33;

  /** A flag of mem_map and the bit that tells of it. */
  private record Copied(int flag, int bit) {}

  private static final Copied[] COPIED = {
    new Copied(PageFlags.ANON, KPF_ANON),
    new Copied(PageFlags.HEAD, KPF_COMPOUND_HEAD),
    new Copied(PageFlags.TAIL, KPF_COMPOUND_TAIL),
    new Copied(PageFlags.UNEVICTABLE, KPF_UNEVICTABLE),
    new Copied(PageFlags.DIRTY, KPF_DIRTY),
    new Copied(PageFlags.UPTODATE, KPF_UPTODATE),
    new Copied(PageFlags.LRU, KPF_LRU),
    new Copied(PageFlags.REFERENCED, KPF_REFERENCED),
    new Copied(PageFlags.ACTIVE, KPF_ACTIVE),
    new Copied(PageFlags.SWAP_BACKED, KPF_SWAPBACKED),
    new Copied(PageFlags.MLOCKED, KPF_MLOCKED),
    new Copied(PageFlags.RESERVED, KPF_RESERVED),
    new Copied(PageFlags.TABLE, KPF_PGTABLE),
  };

  /** Frames whose place for the count holds something else on Linux ({@code page_has_type}). */
  private static final int NOT_COUNTED = PageFlags.SLAB | PageFlags.BUDDY | PageFlags.TABLE;

  private PageWords() {}

  /** How many page-table entries map each frame. */
  static RecordFile.Words counts(PageAllocator allocator) {
    return perFrame(allocator, pfn -> count(allocator.memMap(), pfn));
  }

  /** What each frame is: {@code stable_page_flags}. */
  static RecordFile.Words flags(PageAllocator allocator) {
    return perFrame(allocator, pfn -> flags(allocator, pfn));
  }

  private static RecordFile.Words perFrame(PageAllocator allocator, IntToLongFunction word) {
    return new RecordFile.Words() {
      @Override
      public long count() {
        return allocator.memMap().frames();
      }

      @Override
      public long word(long pfn, boolean privileged) {
        return word.applyAsLong((int) pfn);
      }
    };
  }

  private static long count(MemMap memMap, int pfn) {
    int head = memMap.compoundHead(pfn);
    return memMap.testFlags(head, NOT_COUNTED) ? 0 : memMap.pageMapcount(pfn);
  }

  private static long flags(PageAllocator allocator, int pfn) {
    MemMap memMap = allocator.memMap();
    int flags = memMap.flags(pfn);
    long word = 0;
    for (Copied copied : COPIED) {
      word |= (flags & copied.flag()) != 0 ? 1L << copied.bit() : 0;
    }
    if (memMap.testFlags(memMap.compoundHead(pfn), PageFlags.SLAB)) {
      word |= 1L << KPF_SLAB;
    } else if (memMap.pageMapcount(pfn) > 0) {
      word |= 1L << KPF_MMAP;
    }
    word |= pfn == allocator.zeroPfn() ? 1L << KPF_ZERO_PAGE : 0;
    word |= isFree(allocator, pfn) ? 1L << KPF_BUDDY : 0;
    return word;
  }

  /** {@code is_free_buddy_page}: whether the frame is in a free block. */
  private static boolean isFree(PageAllocator allocator, int pfn) {
    MemMap memMap = allocator.memMap();
    for (int order = 0; order <= allocator.maxOrder(); order++) {
      int head = pfn & -(1 << order);
      if (memMap.isPageBuddy(head)) {
        return memMap.order(head) >= order;
      }
    }
    return false;
  }
}
