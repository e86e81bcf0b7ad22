package org.memarium.mm.reclaim;

import org.memarium.mm.Audit;
import org.memarium.mm.space.MemoryManager;

/** What this package has for a machine: one of each, wired together. */
public final class Reclaim {
  private final Rmap rmap;
  private final MovablePages movablePages;
  private final Migration migration;
  private final Compaction compaction;

  /** For the memory of a machine. */
  public Reclaim(MemoryManager memory) {
    rmap = new Rmap(memory);
    movablePages = new MovablePages(memory.memMap());
    migration = new Migration(memory, rmap, movablePages);
    compaction = new Compaction(memory.allocator(), migration);
    memory.allocator().setCompactor(compaction);
    memory.pageCache().setLazyPages(new LazyFree(memory, rmap));
  }

  /** From pages to the entries that map them. */
  public Rmap rmap() {
    return rmap;
  }

  /** Kernel pages that their owners can move. */
  public MovablePages movablePages() {
    return movablePages;
  }

  /** Moving pages to other frames. */
  public Migration migration() {
    return migration;
  }

  /** Making large free blocks. */
  public Compaction compaction() {
    return compaction;
  }

  /** Recounts every page's mappings from the page's side. */
  public void audit(Audit audit) {
    rmap.audit(audit);
  }
}
