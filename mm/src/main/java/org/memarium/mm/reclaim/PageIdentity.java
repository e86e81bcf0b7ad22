package org.memarium.mm.reclaim;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;

/**
 * Names a page by what it holds, and not by its frame: so that it has the same name in two runs
 * that replace pages differently.
 *
 * <pre>
 *   63    62            32 31         0
 *   +---+-----------------+------------+
 *   | 1 |    anon_vma     |   index    |   anonymous
 *   +---+-----------------+------------+
 *   | 0 |  inode number   |   index    |   of a file
 *   +---+-----------------+------------+
 * </pre>
 */
final class PageIdentity {
  /** No page that can be replaced. */
  static final long NONE = 0;

  private static final long ANON = Long.MIN_VALUE;
  private static final long INODE_MASK = 0x7fff_ffffL;

  /** As many as take turns in a loop that copies, without being told apart from one use. */
  private static final int RECENT = 8;

  private final MemMap memMap;
  private final PageCache pageCache;
  private long[] recent = new long[RECENT];
  private int oldest;

  PageIdentity(MemMap memMap, PageCache pageCache) {
    this.memMap = memMap;
    this.pageCache = pageCache;
  }

  /** Changes how many of the latest pages are not noted again; for machines of a few frames. */
  void setRecentPages(int pages) {
    recent = new long[pages];
    oldest = 0;
  }

  /** The name of the page in a frame, or {@link #NONE}. */
  long of(int pfn) {
    long index = Integer.toUnsignedLong(memMap.index(pfn));
    int flags = memMap.flags(pfn);
    if ((flags & PageFlags.ANON) != 0) {
      return ANON | (long) memMap.mapping(pfn) << Integer.SIZE | index;
    }
    if (memMap.mapping(pfn) == 0) {
      return NONE;
    }
    @Nullable AddressSpace file = pageCache.spaceOf(pfn);
    return file == null ? NONE : (file.store().inode() & INODE_MASK) << Integer.SIZE | index;
  }

  /**
   * The name of the page that is used now, unless it is one of the last few: those would not be
   * replaced anyway, and a string of references without them is a thousand times shorter.
   *
   * @return {@link #NONE} if the use need not be noted
   */
  long noteUse(int pfn) {
    long name = of(pfn);
    if (name == NONE) {
      return NONE;
    }
    for (long each : recent) {
      if (each == name) {
        return NONE;
      }
    }
    recent[oldest] = name;
    oldest = (oldest + 1) % recent.length;
    return name;
  }
}
