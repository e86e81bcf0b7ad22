package org.memarium.mm.reclaim;

/** {@code struct reclaim_stat}: what {@link ShrinkPages} met on one list of pages. */
final class ReclaimStat {
  int dirty;
  int unqueuedDirty;
  int congested;
  int writeback;
  int immediate;
  int pageout;
  int activateAnon;
  int activateFile;
  int lazyfreeFail;

  void clear() {
    dirty = 0;
    unqueuedDirty = 0;
    congested = 0;
    writeback = 0;
    immediate = 0;
    pageout = 0;
    activateAnon = 0;
    activateFile = 0;
    lazyfreeFail = 0;
  }
}
