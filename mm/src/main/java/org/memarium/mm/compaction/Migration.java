package org.memarium.mm.compaction;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.rmap.Rmap;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code migrate_pages}: moves pages to other frames while programs use them (Linux {@code
 * mm/migrate.c}).
 *
 * <pre>
 *   isolate   off its LRU list, one reference more                         who asks
 *   unmap     a migration entry for every PTE, TLB flushed                 {@link Rmap#tryToMigrate}
 *   check     nobody holds a reference but page cache and we: else -EAGAIN
 *   move      contents, flags, mapping, index, place in the page cache
 *   map       a PTE for every migration entry, to the new frame or, if it failed, the old one
 *   finish    the new frame on the LRU list, the old one free
 * </pre>
 *
 * <p>Anonymous pages, pages of files, shared memory, pages of the swap cache and {@link
 * MovablePages} can be moved. Whoever keeps the number of a frame without a reference must look it
 * up again after any allocation of an order above 0, since that may move pages; with a reference,
 * the page stays.
 *
 * <p>Linux tries again up to ten times where somebody held a page for a moment. Here nobody runs
 * meanwhile, so one attempt tells all.
 */
public final class Migration {
  /** {@code new_page_t} and {@code free_page_t}: where the pages go. */
  public interface Target {
    /** A frame with one reference, or -1 if there is none. */
    int allocate(int fromPfn);

    /** Takes back a frame that was not used. */
    void free(int pfn);
  }

  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Ram ram;
  private final VmStat vmStat;
  private final Lru lru;
  private final MemoryManager memory;
  private final Rmap rmap;
  private final MovablePages movablePages;

  /** Moves pages of a machine's memory. */
  public Migration(MemoryManager memory, Rmap rmap, MovablePages movablePages) {
    this.memory = memory;
    this.allocator = memory.allocator();
    this.memMap = memory.memMap();
    this.ram = allocator.ram();
    this.vmStat = memory.vmStat();
    this.lru = allocator.lru();
    this.rmap = rmap;
    this.movablePages = movablePages;
  }

  // ---- Isolation ----

  /**
   * Takes a page away from whoever looks for pages, and holds it: off its LRU list ({@code
   * folio_isolate_lru}), or out of its owner's reach ({@code isolate_movable_page}).
   *
   * @return whether the page is isolated; false if it is neither on a list nor movable
   */
  public boolean isolate(int pfn, MigrateMode mode) {
    if (memMap.testFlags(pfn, PageFlags.LRU)) {
      memMap.getPage(pfn);
      lru.isolate(pfn);
      return true;
    }
    return movablePages.isMovable(pfn) && movablePages.isolate(pfn, mode);
  }

  /** {@code putback_movable_pages}: pages that were isolated return to where they were. */
  public void putback(PageList pages) {
    while (!pages.isEmpty()) {
      putback(pages.removeLast());
    }
  }

  private void putback(int pfn) {
    if (movablePages.isMovable(pfn)) {
      movablePages.putback(pfn);
    } else {
      lru.putback(pfn);
    }
    allocator.putPage(pfn);
  }

  // ---- Migration ----

  /**
   * Moves isolated pages.
   *
   * @param pages taken off this list if they were moved; those that stay on it are still isolated
   * @param reason as Linux names it, such as "compaction"
   * @return 0 if all were moved; how many were not; -ENOMEM if the target had no more frames
   */
  public int migratePages(PageList pages, Target target, MigrateMode mode, String reason) {
    PageList failed = new PageList();
    int succeeded = 0;
    int result = 0;
    for (int i = 0; i < pages.size(); i++) {
      int pfn = pages.get(i);
      if (result == -Errno.ENOMEM) {
        failed.add(pfn);
        continue;
      }
      int error = unmapAndMove(pfn, target, mode);
      if (error == 0) {
        succeeded++;
        continue;
      }
      failed.add(pfn);
      result = error == -Errno.ENOMEM ? error : result + 1;
    }
    int failures = failed.size();
    pages.clear();
    for (int i = 0; i < failures; i++) {
      pages.add(failed.get(i));
    }
    vmStat.add(VmStatItem.PGMIGRATE_SUCCESS, succeeded);
    vmStat.add(VmStatItem.PGMIGRATE_FAIL, failures);
    if (memory.trace().isOn()) {
      memory.trace().emit(new TraceEvent.MmMigratePages(succeeded, failures, mode.name(), reason));
    }
    return result;
  }

  /** {@code unmap_and_move}: 0, or -ENOMEM, -EAGAIN, -EBUSY, and the page is where it was. */
  private int unmapAndMove(int from, Target target, MigrateMode mode) {
    boolean onLru = !movablePages.isMovable(from);
    if (memMap.pageCount(from) == 1) {
      // Everybody else gave it up while it was isolated.
      finish(from, onLru);
      return 0;
    }
    int to = target.allocate(from);
    if (to < 0) {
      return -Errno.ENOMEM;
    }
    int error = onLru ? moveLruPage(from, to) : movablePages.migrate(to, from, mode);
    if (error != 0) {
      target.free(to);
      return error;
    }
    if (!onLru) {
      allocator.putPage(from); // the owner's reference
    }
    finish(from, onLru);
    return 0;
  }

  /** Gives up the isolated frame that nobody needs any more. */
  private void finish(int pfn, boolean onLru) {
    if (onLru) {
      lru.forgetIsolated(pfn);
      memMap.clearFlags(pfn, PageFlags.ACTIVE | PageFlags.UNEVICTABLE | PageFlags.MLOCKED);
    }
    // What was decoded from it must not outlive it: whoever gets the frame next may not write code.
    ram.forgetCode(pfn);
    allocator.putPage(pfn);
  }

  /** {@code __unmap_and_move}. */
  private int moveLruPage(int from, int to) {
    boolean wasMapped = memMap.pageMapcount(from) > 0;
    if (wasMapped) {
      rmap.tryToMigrate(from);
    }
    int error = memMap.pageMapcount(from) > 0 ? -Errno.EAGAIN : moveToNewPage(from, to);
    int now = error == 0 ? to : from;
    if (error == 0) {
      lru.add(to);
    }
    if (wasMapped) {
      rmap.removeMigrationPtes(from, now);
    }
    if (error == 0 && (memMap.isPageAnon(to) || memory.swap().isCached(to))) {
      // The reference of the allocation; those of the entries and of the caches remain.
      allocator.putPage(to);
    }
    return error;
  }

  /** {@code move_to_new_folio}, {@code migrate_folio}: the page is mapped nowhere now. */
  private int moveToNewPage(int from, int to) {
    AddressSpace file = memory.pageCache().spaceOf(from);
    boolean swapCached = memory.swap().isCached(from);
    int expected = 1 + (file == null ? 0 : 1) + (swapCached ? 1 : 0);
    if (memMap.pageCount(from) != expected || memMap.testFlags(from, PageFlags.WRITEBACK)) {
      return -Errno.EAGAIN;
    }
    ram.copyFrame(from, to);
    int moved =
        PageFlags.REFERENCED
            | PageFlags.UPTODATE
            | PageFlags.DIRTY
            | PageFlags.ACTIVE
            | PageFlags.UNEVICTABLE
            | PageFlags.SWAP_BACKED
            | PageFlags.ANON;
    memMap.setFlags(to, memMap.flags(from) & moved);
    memMap.setMapping(to, memMap.mapping(from), memMap.index(from));
    memMap.setPagePrivate(to, memMap.pagePrivate(from));
    allocator.groups().migrate(from, to);
    if (swapCached) {
      memory.swap().replacePage(from, to);
      allocator.putPage(from); // the swap cache's reference
    }
    if (file != null) {
      file.filemap().replacePage(from, to);
      memMap.setMapping(from, 0, 0);
      allocator.putPage(from); // the page cache's reference
    }
    return 0;
  }
}
