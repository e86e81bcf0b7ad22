package org.memarium.mm.file;

import java.util.function.IntConsumer;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;

/**
 * {@code struct shmem_inode_info}: what makes an {@link AddressSpace} a file of memory, as those of
 * tmpfs, of {@code memfd_create}, of System V, and behind shared anonymous memory (Linux 6.1 {@code
 * mm/shmem.c}). Its pages are in the page cache, or in swap, or nowhere, and are zeroes then.
 *
 * <pre>
 *   entry of the tree   what reads and faults get       how it came
 *   none                zeroes; a page if need be       never written, or a hole
 *   page                the page                        written, or read through a mapping
 *   value: a slot       the page, from swap             {@link #writePage}, by reclaim
 *   value: an error     EIO, SIGBUS                     the device could not read the slot
 * </pre>
 *
 * <p>Reclaim takes a page out of all mappings first, and no entry of a page table knows the slot: a
 * fault finds it here. So slots of files count in no process's VmSwap.
 *
 * <p>A page is charged to its file system, and to committed memory if the file as a whole was not,
 * as long as it is in the cache or in swap.
 */
public final class Shmem {
  /** {@code make_swapin_error_entry}: stands for a page that is lost. No slot is as high. */
  static final int SWAPIN_ERROR = Integer.MAX_VALUE;

  private final PageCache cache;
  private final AddressSpace file;
  private final PageTree pages;
  private final BackingStore store;
  private final MemMap memMap;

  /** {@code info->swapped}: pages that are in swap. */
  private long swapped;

  /** Whether the latest page from swap had to be read. */
  private boolean wasRead;

  // ---- struct shmem_falloc: the call at hand, [0, 0) without ----
  private long fallocFirst;
  private long fallocNext;
  private long unswapped;

  Shmem(PageCache cache, AddressSpace file, PageTree pages) {
    this.cache = cache;
    this.file = file;
    this.pages = pages;
    this.store = file.store();
    this.memMap = cache.memMap;
  }

  /** {@code info->swapped}: how many of its pages are in swap. */
  public long swappedPages() {
    return swapped;
  }

  /** {@code info->alloced}: how many pages it has, in memory or in swap. */
  public long allocatedPages() {
    return pages.size() + swapped;
  }

  /** {@code shmem_partial_swap_usage}: how many pages of [first, end) are in swap. */
  public long swappedPages(long first, long end) {
    long count = 0;
    for (long index = nextSwapped(first); index >= 0 && index < end; ) {
      count++;
      index = nextSwapped(index + 1);
    }
    return count;
  }

  /** The least index from {@code from} on of a page that is in swap, or was lost there; or -1. */
  public long nextSwapped(long from) {
    if (pages.values() == 0) {
      return -1;
    }
    long index = pages.nextEntry(from);
    while (index >= 0 && pages.value(index) < 0) {
      index = pages.nextEntry(index + 1);
    }
    return index;
  }

  /** Whether a page is in swap, and in memory too: in the swap cache, up to date. */
  public boolean isInSwapCache(long index) {
    int slot = pages.value(index);
    return isSlot(slot) && cache.shmemSwap().isInMemory(slot);
  }

  private static boolean isSlot(int value) {
    return value >= 0 && value != SWAPIN_ERROR;
  }

  // ---- Room ----

  /** {@code shmem_inode_acct_block}: false if there is no room for one more page. */
  private boolean charge() {
    if (store.isCommittedByPage() && !cache.commitment().commitPage()) {
      return false;
    }
    if (store.chargePage()) {
      return true;
    }
    if (store.isCommittedByPage()) {
      cache.commitment().uncommitPage();
    }
    return false;
  }

  /** {@code shmem_inode_unacct_blocks}. */
  void uncharge() {
    store.unchargePage();
    if (store.isCommittedByPage()) {
      cache.commitment().uncommitPage();
    }
  }

  // ---- In ----

  /**
   * {@code shmem_get_folio_gfp}, where the page is not in the cache.
   *
   * @return as {@link AddressSpace#readPage}
   */
  int bringIn(long index) {
    if (pages.value(index) >= 0) {
      return swapIn(index);
    }
    if (!charge()) {
      return -Errno.ENOSPC;
    }
    int pfn = file.filemap().readNewPage(index, Gfp.GFP_HIGHUSER_MOVABLE);
    if (pfn < 0) {
      uncharge();
    }
    return pfn;
  }

  /** {@code shmem_swapin_folio}: the page of a slot, in the page cache; a negative errno. */
  private int swapIn(long index) {
    int slot = pages.value(index);
    if (slot == SWAPIN_ERROR) {
      wasRead = false;
      return -Errno.EIO;
    }
    ShmemSwap swap = cache.shmemSwap();
    int pfn = swap.bringIn(slot);
    wasRead = swap.wasRead();
    if (pages.value(index) != slot || (pfn >= 0 && !swap.isPageOf(pfn, slot))) {
      // -EEXIST: somebody else was faster while the device read.
      if (pfn >= 0) {
        cache.allocator.putPage(pfn);
      }
      return file.readPage(index);
    }
    if (pfn < 0) {
      return -Errno.ENOMEM;
    }
    swapped--;
    boolean isRead = memMap.isPageUptodate(pfn);
    if (isRead) {
      file.filemap().enterFromSwap(index, pfn);
    } else {
      // shmem_set_folio_swapin_error
      pages.putValue(index, SWAPIN_ERROR, Gfp.GFP_NOWAIT);
      uncharge();
    }
    swap.giveUp(pfn, slot);
    if (isRead) {
      // Its place in swap is gone.
      memMap.clearPageDirty(pfn);
      file.setDirty(pfn);
    }
    cache.allocator.putPage(pfn);
    return isRead ? pfn : -Errno.EIO;
  }

  /** Whether the latest page that came from swap had to be read from the device. */
  boolean wasRead() {
    return wasRead;
  }

  /**
   * {@code force_shm_swapin_readahead}: begins to read what is in swap of [first, end) into the
   * swap cache.
   */
  public void readAhead(long first, long end) {
    for (long index = nextSwapped(first); index >= 0 && index < end; ) {
      if (isSlot(pages.value(index))) {
        cache.shmemSwap().readAhead(pages.value(index));
      }
      index = nextSwapped(index + 1);
    }
  }

  /**
   * {@code shmem_fallocate}: takes pages [first, end), which are holes as before, but ones that
   * have their room. Of a failure nothing is left.
   *
   * @return 0; -ENOMEM, -ENOSPC, or -EIO
   */
  public long fallocate(long first, long end) {
    long taken = 0;
    fallocFirst = first;
    fallocNext = first;
    unswapped = 0;
    long error = 0;
    while (fallocNext < end && error == 0) {
      boolean fresh = !file.hasEntry(fallocNext);
      // SGP_FALLOC: a page that an earlier call took has its zeroes from now on.
      int pfn = unswapped > taken ? -Errno.ENOMEM : file.readPage(fallocNext);
      if (pfn < 0) {
        error = pfn;
        continue;
      }
      if (fresh) {
        memMap.clearPageUptodate(pfn);
        taken++;
      }
      // It is to be swapped out, and not dropped.
      file.setDirty(pfn);
      fallocNext++;
    }
    for (long index = error == 0 ? -1 : pages.next(first);
        index >= 0 && index < fallocNext;
        index = pages.next(index + 1)) {
      if (!memMap.isPageUptodate(pages.get(index))) {
        file.filemap().dropEntry(index);
      }
    }
    fallocFirst = 0;
    fallocNext = 0;
    return error;
  }

  // ---- Out ----

  /**
   * {@code shmem_writepage}: begins to write a dirty page, which nothing maps, to swap. It leaves
   * the page cache for the swap cache.
   *
   * @param pfn isolated, with a reference of the caller
   * @return 0, or {@link AddressSpace#WRITEPAGE_ACTIVATE} if it has to stay; it is dirty then
   */
  int writePage(int pfn) {
    ShmemSwap swap = cache.shmemSwap();
    if (file.isUnevictable() || !swap.isOn()) {
      return AddressSpace.WRITEPAGE_ACTIVATE;
    }
    long index = Integer.toUnsignedLong(memMap.index(pfn));
    if (!memMap.isPageUptodate(pfn)) {
      if (index >= fallocFirst && index < fallocNext) {
        unswapped++;
        return AddressSpace.WRITEPAGE_ACTIVATE;
      }
      memMap.setPageUptodate(pfn);
    }
    file.dirtyPages().clear(pfn);
    int slot = swap.add(pfn);
    if (slot < 0) {
      file.setDirty(pfn);
      return AddressSpace.WRITEPAGE_ACTIVATE;
    }
    if (swapped++ == 0) {
      cache.shmemFiles().add(this);
    }
    file.filemap().leaveForSwap(index, pfn, slot);
    // A device that fails leaves it dirty in the swap cache, where it is found again.
    var _ = swap.write(pfn);
    return 0;
  }

  // ---- Away ----

  /** {@code shmem_free_swap}: nobody will read what is in swap of a page. */
  void freeSwap(long index) {
    int slot = pages.removeValue(index);
    if (isSlot(slot)) {
      cache.shmemSwap().free(slot);
      swapped--;
      uncharge();
    }
  }

  /**
   * {@code shmem_unuse_inode}: brings in what is on a swap area.
   *
   * @return 0, or -ENOMEM; a page that cannot be read is lost
   */
  int unuse(int type) {
    for (long index = nextSwapped(0); index >= 0; index = nextSwapped(index + 1)) {
      int slot = pages.value(index);
      if (isSlot(slot)
          && cache.shmemSwap().type(slot) == type
          && file.readPage(index) == -Errno.ENOMEM) {
        return -Errno.ENOMEM;
      }
    }
    return 0;
  }

  // ---- Audit ----

  /** Tells every slot that the file has. */
  void forEachSlot(IntConsumer slots) {
    for (long index = nextSwapped(0); index >= 0; index = nextSwapped(index + 1)) {
      if (isSlot(pages.value(index))) {
        slots.accept(pages.value(index));
      }
    }
  }

  void audit(Audit audit) {
    long[] found = new long[1];
    forEachSlot(slot -> found[0]++);
    audit.expectEqual("swapped pages of file " + file.number(), swapped, found[0]);
    if (swapped > 0 && !cache.shmemFiles().contains(this)) {
      audit.difference("swapoff would not find file " + file.number());
    }
  }
}
