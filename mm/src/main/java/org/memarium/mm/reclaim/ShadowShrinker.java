package org.memarium.mm.reclaim;

import org.memarium.mm.file.ShadowNodes;

/**
 * Forgets pages that were evicted too long ago to matter: nodes of files that hold nothing but
 * shadows (Linux 6.1 {@code mm/workingset.c}, {@code count_shadow_nodes}).
 *
 * <p>There need not be more shadows than pages, since larger refault distances are ignored. An
 * eighth of a node's 64 slots is taken to be full, so that there is one node for eight pages.
 */
final class ShadowShrinker implements Shrinker {
  /** {@code XA_CHUNK_SHIFT - 3}. */
  private static final int PAGES_PER_NODE_SHIFT = 3;

  private final ShadowNodes nodes;
  private final long mostNodes;

  ShadowShrinker(ShadowNodes nodes, long presentPages) {
    this.nodes = nodes;
    this.mostNodes = presentPages >> PAGES_PER_NODE_SHIFT;
  }

  @Override
  public String name() {
    return "mm-shadow";
  }

  /** They can be made without any I/O. */
  @Override
  public int seeks() {
    return 0;
  }

  @Override
  public long countObjects() {
    return Math.max(0, nodes.count() - mostNodes);
  }

  @Override
  public long scanObjects(long objects) {
    long freed = 0;
    while (freed < objects && nodes.reclaimOldest()) {
      freed++;
    }
    return freed;
  }
}
