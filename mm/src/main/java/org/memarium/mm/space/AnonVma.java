package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.IntervalTree;

/**
 * {@code struct anon_vma}: what connects anonymous pages with the areas that may map them (Linux
 * {@code include/linux/rmap.h}).
 *
 * <p>A page knows the number of its anon_vma ({@code mapping} of mem_map) and its linear page
 * number ({@code index}); the anon_vma knows the areas, by the linear page numbers that they cover.
 * An area that is split or moved takes its anon_vma along, so one may have many areas. Of a forked
 * process, an area gets an anon_vma of its own for new pages, and enters those of all its ancestors
 * too, whose pages it shares: that is what the {@link AnonVmaChain} between the two is for.
 *
 * <pre>
 *   parent's area ---- chain ---- anon_vma A <---- page.mapping of pages from before the fork,
 *                                  /                 and of the parent's since
 *   child's area  ---- chain -----+
 *        |
 *        +------------ chain ---- anon_vma B <---- page.mapping of the child's since
 *                                 parent of B: A, root of both: A
 * </pre>
 *
 * <p>Areas whose anon_vma is the same may merge; two that each have another may not.
 */
public final class AnonVma {
  private final int number;

  /** Its object of the cache {@code anon_vma}. */
  final long slot;

  /** The first of the family; itself if it has no parent. */
  final AnonVma root;

  /** The one of the process that forked; itself if there is none. */
  final AnonVma parent;

  /** How many have this one as their parent, itself included if it is a root. */
  int children;

  /** How many areas have it as theirs, rather than as that of an ancestor. */
  int activeAreas;

  final IntervalTree<AnonVmaChain> areas = new IntervalTree<>();

  AnonVma(int number, @Nullable AnonVma parent, long slot) {
    this.number = number;
    this.slot = slot;
    this.parent = parent == null ? this : parent;
    this.root = parent == null ? this : parent.root;
    this.parent.children++;
  }

  /** Its number in {@code mapping} of mem_map; from 1. */
  public int number() {
    return number;
  }

  /** The anon_vma from which its family descends by fork; itself if that is this one. */
  public AnonVma root() {
    return root;
  }

  /** The first chain to an area that covers a linear page number; null if there is none. */
  public @Nullable AnonVmaChain firstArea(long index) {
    return areas.firstOverlap(index, index);
  }

  /** The next one. */
  public @Nullable AnonVmaChain nextArea(AnonVmaChain chain, long index) {
    return areas.nextOverlap(chain, index, index);
  }

  @Override
  public String toString() {
    return "anon_vma " + number;
  }
}
