package org.memarium.mm.frame;

/**
 * What a policy of page replacement learns of pages, besides what it finds when it chooses victims.
 * A policy that needs no more than Linux's lists and flags observes nothing, and then nobody calls.
 *
 * <p>In the life of a page in memory the calls come in this order:
 *
 * <pre>
 *   [refaulted]  added  accessed*  [evicted]  removed
 * </pre>
 *
 * <p>All are called with the page's frame, whose flags, group, mapping and index in {@link MemMap}
 * say what it is. They must not allocate frames. Between {@code added} and {@code removed} a page
 * may leave the lists and come back (isolation, locking in memory): that is not told.
 */
public interface LruObserver {
  /**
   * The page enters memory: it was faulted in, read, or came with readahead, and stands at the head
   * of the list that its flags name.
   */
  void added(int pfn);

  /**
   * The page was used, as the kernel sees it: by read or write, or because an entry that goes away
   * was young ({@code mark_page_accessed}). What the program does through its page tables sets the
   * accessed bit of the entry, and nobody calls.
   */
  void accessed(int pfn);

  /**
   * Reclaim had the page written, and that has ended: it can be freed without more ado, and Linux's
   * lists have it at their end now ({@code folio_rotate_reclaimable}).
   */
  default void rotated(int pfn) {}

  /**
   * The page leaves memory, for whatever reason: evicted, truncated, or its last user has gone. The
   * frame will be another page's next.
   */
  void removed(int pfn);

  /**
   * Reclaim takes the page ({@code workingset_eviction}); {@link #removed} follows.
   *
   * @param shadow what Linux would leave in the page's place, see {@link Workingset}
   * @return what shall be left: 31 bits, the same if the policy has nothing of its own to remember
   */
  int evicted(int pfn, int shadow);

  /**
   * A page that reclaim took comes back ({@code workingset_refault}); {@link #added} follows.
   *
   * @param shadow what {@link #evicted} left
   */
  void refaulted(int pfn, int shadow);
}
