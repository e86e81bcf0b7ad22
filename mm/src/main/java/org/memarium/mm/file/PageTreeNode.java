package org.memarium.mm.file;

import org.jspecify.annotations.Nullable;

/**
 * {@code struct xa_node}: 64 slots of a {@link PageTree}, and for each tag the slots below which
 * something has it.
 */
final class PageTreeNode {
  static final int BITS = 6;
  static final int SLOTS = 1 << BITS;
  static final int MASK = SLOTS - 1;

  private static final int[] NO_ENTRIES = {};
  private static final @Nullable PageTreeNode[] NO_CHILDREN = {};

  /** Of which tree. */
  final PageTree tree;

  /** Bits of the index below this node's own: 0 for a leaf. */
  final int shift;

  /** The node's object of the cache. */
  final long slot;

  /** Which slot of its parent it is in. */
  final int offset;

  @Nullable PageTreeNode parent;

  /** How many slots are used. */
  int count;

  /** {@code nr_values}: how many of them hold values; 0 of an inner node. */
  int values;

  /** Of a leaf. */
  final int[] entries;

  /** Of an inner node. */
  final @Nullable PageTreeNode[] children;

  /** By tag: bit n stands for slot n. */
  final long[] tags = new long[PageTree.TAGS];

  // ---- The list of ShadowNodes ----
  @Nullable PageTreeNode older;
  @Nullable PageTreeNode newer;
  boolean listed;

  PageTreeNode(PageTree tree, int shift, int offset, @Nullable PageTreeNode parent, long slot) {
    this.tree = tree;
    this.shift = shift;
    this.offset = offset;
    this.parent = parent;
    this.slot = slot;
    this.entries = shift == 0 ? new int[SLOTS] : NO_ENTRIES;
    this.children = shift == 0 ? NO_CHILDREN : new @Nullable PageTreeNode[SLOTS];
  }

  int slotOf(long index) {
    return (int) (index >>> shift) & MASK;
  }

  boolean reaches(long index) {
    return index >>> shift >>> BITS == 0;
  }

  /** The least used slot from {@code from} on: bits of those that a walk wants, or 64. */
  static int nextSlot(long wanted, int from) {
    return from >= SLOTS ? SLOTS : Long.numberOfTrailingZeros(wanted & -1L << from);
  }

  /** {@code xas_set_mark}: tags a slot, and so all nodes above. */
  void setTag(int slotNumber, int tag) {
    PageTreeNode node = this;
    int bit = slotNumber;
    while (node != null && (node.tags[tag] >>> bit & 1) == 0) {
      node.tags[tag] |= 1L << bit;
      bit = node.offset;
      node = node.parent;
    }
  }

  /** {@code xas_clear_mark}: clears a slot's tag, and that of nodes above as far as it was last. */
  void clearTag(int slotNumber, int tag) {
    PageTreeNode node = this;
    int bit = slotNumber;
    while (node != null && (node.tags[tag] >>> bit & 1) != 0) {
      node.tags[tag] &= ~(1L << bit);
      if (node.tags[tag] != 0) {
        return;
      }
      bit = node.offset;
      node = node.parent;
    }
  }

  /** {@code xas_init_marks}: a slot has no tag any more. */
  void clearTags(int slotNumber) {
    for (int tag = 0; tag < PageTree.TAGS; tag++) {
      clearTag(slotNumber, tag);
    }
  }

  /**
   * The least index from {@code from} on with a tag, of what is below this node.
   *
   * @param base the index of its first slot
   */
  long nextTagged(long from, long base, int tag) {
    long tagged = tags[tag];
    int slot = nextSlot(tagged, (int) (Math.max(0, from - base) >>> shift));
    while (slot < SLOTS) {
      PageTreeNode child = shift == 0 ? null : children[slot];
      if (child == null) {
        return base + slot;
      }
      long found = child.nextTagged(from, base + ((long) slot << shift), tag);
      if (found != PageTree.NONE) {
        return found;
      }
      slot = nextSlot(tagged, slot + 1);
    }
    return PageTree.NONE;
  }

  /** The same for pages, or for pages and values. */
  long next(long from, long base, boolean valuesToo) {
    for (int slot = (int) (Math.max(0, from - base) >>> shift); slot < SLOTS; slot++) {
      if (shift == 0) {
        if (isWanted(entries[slot], valuesToo)) {
          return base + slot;
        }
        continue;
      }
      PageTreeNode child = children[slot];
      if (child != null) {
        long found = child.next(from, base + ((long) slot << shift), valuesToo);
        if (found != PageTree.NONE) {
          return found;
        }
      }
    }
    return PageTree.NONE;
  }

  static boolean isWanted(int entry, boolean valuesToo) {
    return entry > 0 || (entry < 0 && valuesToo);
  }
}
