package org.memarium.mm.file;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;

/**
 * {@code struct xarray}, as the page cache uses it: page index to frame number, by six bits of the
 * index a level (Linux {@code lib/xarray.c}).
 *
 * <pre>
 *   index   ...  17       12 11        6 5         0
 *               +-----------+-----------+-----------+
 *               |   inner   |   inner   |   leaf    |    64 slots each; as many levels as needed
 *               +-----------+-----------+-----------+
 *   leaf slot   0: no page; otherwise frame number + 1
 * </pre>
 *
 * <p>The shape is Linux's: a page 0 that is alone needs no node, a node goes with its last entry,
 * and the tree gets lower as soon as it can. So there are as many nodes as there, and each holds an
 * object of the cache {@code radix_tree_node}.
 *
 * <p>Indexes are from 0 to 2^52 - 1. Lookups next to the latest one touch one leaf.
 */
final class PageTree {
  /** What {@link #get} answers where there is no page. */
  static final int NONE = -1;

  private static final int BITS = 6;
  private static final int SLOTS = 1 << BITS;
  private static final int MASK = SLOTS - 1;
  private static final int[] NO_FRAMES = {};
  private static final @Nullable Node[] NO_CHILDREN = {};

  /** {@code struct xa_node}. */
  private static final class Node {
    /** Bits of the index below this node's own: 0 for a leaf. */
    final int shift;

    /** The node's object of the cache. */
    final long slot;

    /** Which slot of its parent it is in. */
    final int offset;

    @Nullable Node parent;

    /** How many slots are used. */
    int count;

    /** Of a leaf. */
    final int[] frames;

    /** Of an inner node. */
    final @Nullable Node[] children;

    Node(int shift, int offset, @Nullable Node parent, long slot) {
      this.shift = shift;
      this.offset = offset;
      this.parent = parent;
      this.slot = slot;
      this.frames = shift == 0 ? new int[SLOTS] : NO_FRAMES;
      this.children = shift == 0 ? NO_CHILDREN : new @Nullable Node[SLOTS];
    }

    int slotOf(long index) {
      return (int) (index >>> shift) & MASK;
    }

    boolean reaches(long index) {
      return index >>> shift >>> BITS == 0;
    }
  }

  private final KmemCache cache;

  /** The top node; null if there is none, and then {@link #only} may be page 0. */
  private @Nullable Node root;

  /** Frame number + 1 of page 0 where it is the only page and needs no node; otherwise 0. */
  private int only;

  private long size;

  private int[] latestLeaf = NO_FRAMES;
  private long latestNumber = -1;

  /** {@code xas->xa_alloc}: an object for the next node, taken while reclaim was possible. */
  private long spare;

  /**
   * An empty tree.
   *
   * @param cache {@code radix_tree_node_cachep}
   */
  PageTree(KmemCache cache) {
    this.cache = cache;
  }

  /** How many pages there are. */
  long size() {
    return size;
  }

  /** The frame at {@code index}, or {@link #NONE}. */
  int get(long index) {
    if (index >>> BITS == latestNumber) {
      return latestLeaf[(int) index & MASK] - 1;
    }
    Node leaf = leaf(index);
    if (leaf == null) {
      return index == 0 ? only - 1 : NONE;
    }
    latestLeaf = leaf.frames;
    latestNumber = index >>> BITS;
    return leaf.frames[(int) index & MASK] - 1;
  }

  private @Nullable Node leaf(long index) {
    Node node = root;
    if (node == null || !node.reaches(index)) {
      return null;
    }
    while (node != null && node.shift > 0) {
      node = node.children[node.slotOf(index)];
    }
    return node;
  }

  // ---- Putting in ----

  /**
   * Puts a frame where there is none. Nodes are first asked for without reclaim, since reclaim
   * takes pages out of trees; if that does not do, one is taken with reclaim, and the descent
   * begins anew ({@code xas_nomem}).
   *
   * @param gfp how nodes may be allocated
   * @return false if there is no memory for a node; the tree is as it was
   * @throws IllegalStateException if there is a page
   */
  boolean put(long index, int pfn, int gfp) {
    while (!tryPut(index, pfn)) {
      spare = cache.alloc(gfp);
      if (spare == 0) {
        return false;
      }
    }
    if (spare != 0) {
      cache.free(spare);
      spare = 0;
    }
    return true;
  }

  private boolean tryPut(long index, int pfn) {
    if (root == null && only == 0 && index == 0) {
      only = pfn + 1;
      size = 1;
      return true;
    }
    Node leaf = create(index);
    if (leaf == null) {
      return false;
    }
    int slot = (int) index & MASK;
    if (leaf.frames[slot] != 0) {
      throw new IllegalStateException(
          "page %d is cached already, in frame 0x%x".formatted(index, leaf.frames[slot] - 1));
    }
    leaf.frames[slot] = pfn + 1;
    leaf.count++;
    size++;
    return true;
  }

  /** {@code xas_create}: the leaf for an index; null if a node is missing. */
  private @Nullable Node create(long index) {
    if (!expand(index)) {
      return null;
    }
    Node node = Objects.requireNonNull(root);
    while (node.shift > 0) {
      int slot = node.slotOf(index);
      Node child = node.children[slot];
      if (child == null) {
        child = newNode(node.shift - BITS, slot, node);
        if (child == null) {
          deleteIfEmpty(node);
          return null;
        }
        node.children[slot] = child;
        node.count++;
      }
      node = child;
    }
    return node;
  }

  /** {@code xas_expand}: makes the tree high enough. */
  private boolean expand(long index) {
    if (root == null) {
      int shift = 0;
      long reach = only == 0 ? index : 0;
      while (reach >>> shift >>> BITS != 0) {
        shift += BITS;
      }
      Node first = newNode(shift, 0, null);
      if (first == null) {
        return false;
      }
      root = first;
      if (only != 0) {
        first.frames[0] = only;
        first.count = 1;
        only = 0;
      }
    }
    Node top = Objects.requireNonNull(root);
    while (!top.reaches(index)) {
      Node taller = newNode(top.shift + BITS, 0, null);
      if (taller == null) {
        deleteIfEmpty(top);
        return false;
      }
      taller.children[0] = top;
      taller.count = 1;
      top.parent = taller;
      top = taller;
      root = top;
    }
    return true;
  }

  private @Nullable Node newNode(int shift, int offset, @Nullable Node parent) {
    long slot = spare;
    spare = 0;
    if (slot == 0) {
      slot = cache.alloc(Gfp.GFP_NOWAIT | Gfp.NOWARN);
    }
    return slot == 0 ? null : new Node(shift, offset, parent, slot);
  }

  /**
   * Puts a frame where there is another.
   *
   * @throws IllegalStateException if there is none
   */
  void replace(long index, int pfn) {
    Node leaf = leaf(index);
    int slot = (int) index & MASK;
    if (leaf == null && index == 0 && only != 0) {
      only = pfn + 1;
      return;
    }
    if (leaf == null || leaf.frames[slot] == 0) {
      throw new IllegalStateException("page %d is not cached".formatted(index));
    }
    leaf.frames[slot] = pfn + 1;
  }

  // ---- Taking out ----

  /** Takes out the frame at {@code index}; returns it, or {@link #NONE}. */
  int remove(long index) {
    if (index == 0 && only != 0) {
      int pfn = only - 1;
      only = 0;
      size = 0;
      return pfn;
    }
    Node leaf = leaf(index);
    int slot = (int) index & MASK;
    if (leaf == null || leaf.frames[slot] == 0) {
      return NONE;
    }
    int pfn = leaf.frames[slot] - 1;
    leaf.frames[slot] = 0;
    leaf.count--;
    size--;
    deleteIfEmpty(leaf);
    return pfn;
  }

  /** {@code xas_delete_node}: a node without entries goes, and so may those above it. */
  private void deleteIfEmpty(Node from) {
    Node node = from;
    while (node.count == 0) {
      Node parent = node.parent;
      free(node);
      if (parent == null) {
        root = null;
        return;
      }
      parent.children[node.offset] = null;
      parent.count--;
      node = parent;
    }
    if (node.parent == null) {
      shrink(node);
    }
  }

  /** {@code xas_shrink}: a top node with nothing but slot 0 is not needed. */
  private void shrink(Node top) {
    Node node = top;
    while (node.count == 1) {
      if (node.shift == 0) {
        if (node.frames[0] != 0) {
          only = node.frames[0];
          root = null;
          free(node);
        }
        return;
      }
      Node child = node.children[0];
      if (child == null) {
        return;
      }
      free(node);
      child.parent = null;
      root = child;
      node = child;
    }
  }

  @SuppressWarnings("ReferenceEquality") // the same leaf
  private void free(Node node) {
    if (node.frames == latestLeaf) {
      latestLeaf = NO_FRAMES;
      latestNumber = -1;
    }
    cache.free(node.slot);
  }

  // ---- Looking ----

  /** The least index with a page from {@code from} on, or {@link #NONE}. */
  long next(long from) {
    Node top = root;
    if (top == null) {
      return only != 0 && from <= 0 ? 0 : NONE;
    }
    return top.reaches(from) ? next(top, from, 0) : NONE;
  }

  private static long next(Node node, long from, long base) {
    for (int slot = (int) (Math.max(0, from - base) >>> node.shift); slot < SLOTS; slot++) {
      if (node.shift == 0) {
        if (node.frames[slot] != 0) {
          return base + slot;
        }
        continue;
      }
      Node child = node.children[slot];
      if (child != null) {
        long found = next(child, from, base + ((long) slot << node.shift));
        if (found != NONE) {
          return found;
        }
      }
    }
    return NONE;
  }

  // ---- Audit ----

  /**
   * Recounts the entries of every node.
   *
   * @return how many nodes there are
   * @throws IllegalStateException if a node counts wrongly, is empty, or should not be there
   */
  long auditNodes() {
    Node top = root;
    if (top == null) {
      return 0;
    }
    boolean needless =
        top.count == 1 && (top.shift == 0 ? top.frames[0] != 0 : top.children[0] != null);
    if (only != 0 || top.parent != null || needless) {
      throw new IllegalStateException("the tree of pages is higher than it need be");
    }
    return auditNodes(top);
  }

  private static long auditNodes(Node node) {
    long nodes = 1;
    int used = 0;
    for (int slot = 0; slot < SLOTS; slot++) {
      if (node.shift == 0) {
        used += node.frames[slot] != 0 ? 1 : 0;
      } else {
        Node child = node.children[slot];
        if (child != null) {
          used++;
          nodes += auditNodes(child);
        }
      }
    }
    if (used != node.count || used == 0) {
      throw new IllegalStateException(
          "a node of the tree of pages counts %d entries and has %d".formatted(node.count, used));
    }
    return nodes;
  }
}
