package org.memarium.mm.compaction;

import java.util.ArrayList;
import java.util.List;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;

/**
 * Kernel pages that their owners can move ({@code PAGE_MAPPING_MOVABLE}): {@code mapping} of such a
 * page is the number of its owner's {@link MovableOperations}.
 */
public final class MovablePages {
  private final MemMap memMap;

  /** By number - 1. */
  private final List<MovableOperations> owners = new ArrayList<>();

  /** None yet. */
  public MovablePages(MemMap memMap) {
    this.memMap = memMap;
  }

  /**
   * Makes an owner known.
   *
   * @return its number, for {@link #setPageMovable}
   */
  public int register(MovableOperations owner) {
    owners.add(owner);
    return owners.size();
  }

  /**
   * {@code __SetPageMovable}: the page can be moved from now on.
   *
   * @param pfn a page of order 0 that its owner allocated
   * @param owner as {@link #register} returned it
   */
  public void setPageMovable(int pfn, int owner) {
    if (owner < 1 || owner > owners.size()) {
      throw new IllegalArgumentException("no owner of movable pages has the number " + owner);
    }
    memMap.setFlags(pfn, PageFlags.MOVABLE);
    memMap.setMapping(pfn, owner, 0);
  }

  /** {@code __ClearPageMovable}: the owner gives the page up; before it frees it. */
  public void clearPageMovable(int pfn) {
    memMap.clearFlags(pfn, PageFlags.MOVABLE);
    memMap.setMapping(pfn, 0, 0);
  }

  /** {@code __PageMovable}: whether an owner can move the page. */
  public boolean isMovable(int pfn) {
    return memMap.testFlags(pfn, PageFlags.MOVABLE);
  }

  private MovableOperations ownerOf(int pfn) {
    return owners.get(memMap.mapping(pfn) - 1);
  }

  /**
   * {@code isolate_movable_page}: asks the owner, and takes a reference.
   *
   * @return whether the page is isolated now
   */
  boolean isolate(int pfn, MigrateMode mode) {
    if (memMap.testFlags(pfn, PageFlags.ISOLATED) || !ownerOf(pfn).isolatePage(pfn, mode)) {
      return false;
    }
    memMap.getPage(pfn);
    memMap.setFlags(pfn, PageFlags.ISOLATED);
    return true;
  }

  /** {@code putback_movable_page}, without the reference. */
  void putback(int pfn) {
    ownerOf(pfn).putbackPage(pfn);
    memMap.clearFlags(pfn, PageFlags.ISOLATED);
  }

  /** {@code move_to_new_page} of such a page; 0, or why not. */
  int migrate(int toPfn, int fromPfn, MigrateMode mode) {
    int owner = memMap.mapping(fromPfn);
    int result = ownerOf(fromPfn).migratePage(toPfn, fromPfn, mode);
    if (result == 0) {
      clearPageMovable(fromPfn);
      memMap.clearFlags(fromPfn, PageFlags.ISOLATED);
      setPageMovable(toPfn, owner);
    }
    return result;
  }
}
