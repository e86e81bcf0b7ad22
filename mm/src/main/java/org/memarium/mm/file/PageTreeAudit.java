package org.memarium.mm.file;

import org.jspecify.annotations.Nullable;

/** Recounts the nodes of a {@link PageTree}. */
final class PageTreeAudit {
  private PageTreeAudit() {}

  /** Counts an entry: pages in {@code found[0]}, values in {@code found[1]}. */
  static void count(int entry, long[] found) {
    found[0] += entry > 0 ? 1 : 0;
    found[1] += entry < 0 ? 1 : 0;
  }

  /**
   * Recounts a node and those below it.
   *
   * @param found see {@link #count}
   * @param listsShadows whether leaves with nothing but values must be on the list of such
   * @return how many nodes these are
   */
  static long nodes(PageTreeNode node, long[] found, boolean listsShadows) {
    long nodes = 1;
    int used = 0;
    long[] here = new long[2];
    for (int slot = 0; slot < PageTreeNode.SLOTS; slot++) {
      if (node.shift == 0) {
        count(node.entries[slot], here);
        used += node.entries[slot] != 0 ? 1 : 0;
        requireTagsOnlyOfPages(node, slot);
        continue;
      }
      PageTreeNode child = node.children[slot];
      requireTagsOfChild(node, slot, child);
      if (child != null) {
        used++;
        nodes += nodes(child, found, listsShadows);
      }
    }
    found[0] += here[0];
    found[1] += here[1];
    if (used != node.count || used == 0 || here[1] != node.values) {
      throw new IllegalStateException(
          "a node of the tree of pages counts %d entries, %d of them values, and has %d and %d"
              .formatted(node.count, node.values, used, here[1]));
    }
    if (node.listed != (listsShadows && used == here[1])) {
      throw new IllegalStateException(
          "a node with %d values of %d entries is %s the list of such"
              .formatted(here[1], used, node.listed ? "on" : "not on"));
    }
    return nodes;
  }

  private static void requireTagsOnlyOfPages(PageTreeNode leaf, int slot) {
    for (long tag : leaf.tags) {
      if (leaf.entries[slot] <= 0 && (tag >>> slot & 1) != 0) {
        throw new IllegalStateException("what is no page has a tag in the tree of pages");
      }
    }
  }

  private static void requireTagsOfChild(
      PageTreeNode node, int slot, @Nullable PageTreeNode child) {
    for (int tag = 0; tag < PageTree.TAGS; tag++) {
      boolean below = child != null && child.tags[tag] != 0;
      if (below != ((node.tags[tag] >>> slot & 1) != 0)) {
        throw new IllegalStateException("a tag in the tree of pages is not that of what is below");
      }
    }
  }
}
