package org.memarium.mm;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * {@code interval_tree}: ranges of page numbers, which may overlap, by where they begin; each node
 * knows the highest end of its subtree (Linux {@code include/linux/interval_tree_generic.h}). The
 * areas that map a file are in one, and the areas of an anon_vma.
 *
 * <p>An AVL tree of the nodes themselves. Insertion, removal and the step to the next range that
 * overlaps take a number of steps that is logarithmic in the number of nodes; ranges that begin at
 * the same page stand in the order in which they were inserted. (Linux has a red-black tree; what
 * it finds is the same.)
 *
 * @param <N> the nodes, each in one tree at most
 */
public final class IntervalTree<N extends IntervalTree.Node<N>> {
  /**
   * A range of pages; both ends are inclusive.
   *
   * @param <N> the class itself
   */
  public abstract static class Node<N extends Node<N>> {
    long first;
    long last;
    long sequence;
    long maxLast;
    int height;
    @Nullable N left;
    @Nullable N right;

    /** A node that is in no tree. */
    protected Node() {}

    /** The first page. */
    public final long first() {
      return first;
    }

    /** The last page. */
    public final long last() {
      return last;
    }

    /** Whether it is in a tree. */
    public final boolean isInTree() {
      return height != 0;
    }
  }

  private @Nullable N root;
  private long inserted;
  private int size;

  /** An empty tree. */
  public IntervalTree() {}

  /** How many ranges there are. */
  public int size() {
    return size;
  }

  /** {@code RB_EMPTY_ROOT}. */
  public boolean isEmpty() {
    return size == 0;
  }

  /**
   * Adds a range.
   *
   * @param node in no tree
   * @param first the first page
   * @param last the last page, not below the first
   */
  public void insert(N node, long first, long last) {
    Node<N> fresh = node;
    if (fresh.height != 0 || last < first) {
      throw new IllegalStateException(
          "range %d to %d cannot enter the tree: %s".formatted(first, last, node));
    }
    fresh.first = first;
    fresh.last = last;
    fresh.sequence = ++inserted;
    fresh.left = null;
    fresh.right = null;
    update(node);
    root = insert(root, node);
    size++;
  }

  private N insert(@Nullable N at, N node) {
    if (at == null) {
      return node;
    }
    Node<N> here = at;
    if (compare(node, at) < 0) {
      here.left = insert(here.left, node);
    } else {
      here.right = insert(here.right, node);
    }
    return balance(at);
  }

  /** Takes a range out, which must be in this tree. */
  public void remove(N node) {
    if (node.height == 0) {
      throw new IllegalStateException("not in the tree: " + node);
    }
    root = remove(Objects.requireNonNull(root), node);
    Node<N> gone = node;
    gone.height = 0;
    gone.left = null;
    gone.right = null;
    size--;
  }

  private @Nullable N remove(@Nullable N at, N node) {
    if (at == null) {
      throw new IllegalStateException("not in this tree: " + node);
    }
    Node<N> here = at;
    int order = compare(node, at);
    if (order < 0) {
      here.left = remove(here.left, node);
    } else if (order > 0) {
      here.right = remove(here.right, node);
    } else {
      N left = here.left;
      N right = here.right;
      if (left == null || right == null) {
        return left == null ? right : left;
      }
      N heir = leftmost(right);
      Node<N> heirNode = heir;
      heirNode.right = removeLeftmost(right);
      heirNode.left = left;
      return balance(heir);
    }
    return balance(at);
  }

  private N leftmost(N from) {
    N at = from;
    for (N left = at.left; left != null; left = at.left) {
      at = left;
    }
    return at;
  }

  private @Nullable N removeLeftmost(N at) {
    Node<N> here = at;
    N left = here.left;
    if (left == null) {
      return here.right;
    }
    here.left = removeLeftmost(left);
    return balance(at);
  }

  // ---- Searching ----

  /** The first range, in the order of the tree, that has a page of [first, last]; null if none. */
  public @Nullable N firstOverlap(long first, long last) {
    return overlap(root, null, first, last);
  }

  /** The next one after {@code node}; null if there is none. */
  public @Nullable N nextOverlap(N node, long first, long last) {
    return overlap(root, node, first, last);
  }

  /** The first range of a subtree behind {@code after} that has a page of [first, last]. */
  private @Nullable N overlap(@Nullable N subtree, @Nullable N after, long first, long last) {
    N at = subtree;
    while (at != null && at.maxLast >= first) {
      Node<N> here = at;
      boolean behind = after == null || compare(at, after) > 0;
      if (behind) {
        N found = overlap(here.left, after, first, last);
        if (found != null) {
          return found;
        }
        if (here.first > last) {
          return null;
        }
        if (here.last >= first) {
          return at;
        }
      }
      at = here.right;
    }
    return null;
  }

  // ---- Order and balance ----

  private int compare(N one, N other) {
    Node<N> a = one;
    Node<N> b = other;
    int byFirst = Long.compare(a.first, b.first);
    return byFirst != 0 ? byFirst : Long.compare(a.sequence, b.sequence);
  }

  private static <N extends Node<N>> int height(@Nullable N node) {
    return node == null ? 0 : node.height;
  }

  private void update(N node) {
    Node<N> at = node;
    at.height = 1 + Math.max(height(at.left), height(at.right));
    at.maxLast = highestLast(at);
  }

  private static <N extends Node<N>> long highestLast(Node<N> at) {
    long highest = at.last;
    if (at.left != null) {
      highest = Math.max(highest, at.left.maxLast);
    }
    if (at.right != null) {
      highest = Math.max(highest, at.right.maxLast);
    }
    return highest;
  }

  private N balance(N node) {
    update(node);
    Node<N> at = node;
    int lean = height(at.left) - height(at.right);
    if (lean > 1) {
      N left = Objects.requireNonNull(at.left);
      if (height(left.left) < height(left.right)) {
        at.left = rotateLeft(left);
      }
      return rotateRight(node);
    }
    if (lean < -1) {
      N right = Objects.requireNonNull(at.right);
      if (height(right.right) < height(right.left)) {
        at.right = rotateRight(right);
      }
      return rotateLeft(node);
    }
    return node;
  }

  private N rotateLeft(N node) {
    N top = Objects.requireNonNull(node.right);
    node.right = top.left;
    top.left = node;
    update(node);
    update(top);
    return top;
  }

  private N rotateRight(N node) {
    N top = Objects.requireNonNull(node.left);
    node.left = top.right;
    top.right = node;
    update(node);
    update(top);
    return top;
  }

  // ---- Audit ----

  /** Checks order, heights, ends of subtrees and size. */
  public void audit(Audit audit, String what) {
    int[] count = new int[1];
    if (!isSound(root, count) || count[0] != size) {
      audit.difference(
          "the interval tree of %s is broken: %d of %d nodes".formatted(what, count[0], size));
    }
  }

  private boolean isSound(@Nullable N node, int[] count) {
    if (node == null) {
      return true;
    }
    Node<N> at = node;
    count[0]++;
    boolean ordered =
        (at.left == null || compare(at.left, node) < 0)
            && (at.right == null || compare(node, at.right) < 0);
    return ordered
        && at.height == 1 + Math.max(height(at.left), height(at.right))
        && Math.abs(height(at.left) - height(at.right)) <= 1
        && at.maxLast == highestLast(at)
        && isSound(at.left, count)
        && isSound(at.right, count);
  }
}
