package org.memarium.mm.compaction;

/**
 * {@code struct movable_operations}: the owner of kernel pages that can be moved, such as a balloon
 * or a compressed cache. {@link MovablePages} knows the owners.
 *
 * <p>The pages are of order 0 and on no LRU list.
 */
public interface MovableOperations {
  /**
   * {@code isolate_page}: a page is about to be moved; until {@link #migratePage} or {@link
   * #putbackPage} its owner must not free it.
   *
   * @return whether the owner agrees
   */
  boolean isolatePage(int pfn, MigrateMode mode);

  /**
   * {@code migrate_page}: copies the page and makes the new frame the owner's page in its stead.
   * The owner's reference passes over: it holds one to the new frame, and none to the old one.
   *
   * @return 0; -EAGAIN or -EBUSY if it cannot be now, and nothing has changed
   */
  int migratePage(int toPfn, int fromPfn, MigrateMode mode);

  /** {@code putback_page}: the page stays where it is after all. */
  void putbackPage(int pfn);
}
