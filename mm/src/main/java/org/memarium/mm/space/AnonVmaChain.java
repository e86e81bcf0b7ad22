package org.memarium.mm.space;

import org.memarium.mm.IntervalTree;

/**
 * {@code struct anon_vma_chain}: one area is in the tree of one {@link AnonVma}, under the linear
 * page numbers that it covers.
 */
public final class AnonVmaChain extends IntervalTree.Node<AnonVmaChain> {
  private final Vma area;
  final AnonVma anonVma;

  /** Its object of the cache {@code anon_vma_chain}. */
  final long slot;

  AnonVmaChain(Vma area, AnonVma anonVma, long slot) {
    this.area = area;
    this.anonVma = anonVma;
    this.slot = slot;
  }

  /** The area. */
  public Vma area() {
    return area;
  }
}
