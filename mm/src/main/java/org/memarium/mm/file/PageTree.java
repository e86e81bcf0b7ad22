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
 *   leaf slot   0   nothing
 *              &gt; 0   a page: frame number + 1
 *              &lt; 0   a value of 31 bits, ~value: the shadow of a page that was evicted, or, in a file
 *                  of memory, the swap entry of one that was swapped out
 * </pre>
 *
 * <p>The shape is Linux's: an entry 0 that is alone needs no node, a node goes with its last entry,
 * and the tree gets lower as soon as it can. So there are as many nodes as there, and each holds an
 * object of the cache {@code radix_tree_node}.
 *
 * <p>Pages have tags, by which those that are dirty are found without looking at the others. A page
 * that enters has none, and values never have.
 *
 * <p>Indexes are from 0 to 2^52 - 1. Lookups next to the latest one touch one leaf.
 */
public final class PageTree {
  /** What {@link #get} and {@link #value} answer where there is none. */
  public static final int NONE = -1;

  /** {@code PAGECACHE_TAG_DIRTY}. */
  public static final int TAG_DIRTY = 0;

  /** {@code PAGECACHE_TAG_WRITEBACK}. */
  public static final int TAG_WRITEBACK = 1;

  /** The store has the bytes of the dirty page already: see {@link DirtyPages#storeAhead}. */
  static final int TAG_STORED = 2;

  static final int TAGS = 3;

  private static final int BITS = PageTreeNode.BITS;
  private static final int MASK = PageTreeNode.MASK;
  private static final int[] NO_ENTRIES = {};

  private final KmemCache cache;

  /** {@code xas_set_update}: hears of leaves that change; null: nobody wants to know. */
  private final @Nullable ShadowNodes shadowNodes;

  /** The top node; null if there is none, and then {@link #only} may be entry 0. */
  private @Nullable PageTreeNode root;

  /** Entry 0 where it is the only one and needs no node; otherwise 0. */
  private int only;

  /** The tags of {@link #only}, one bit each. */
  private int onlyTags;

  private long size;
  private long values;

  private @Nullable PageTreeNode latest;
  private int[] latestEntries = NO_ENTRIES;
  private long latestNumber = -1;

  /** {@code xas->xa_alloc}: an object for the next node, taken while reclaim was possible. */
  private long spare;

  /**
   * An empty tree.
   *
   * @param cache {@code radix_tree_node_cachep}
   * @param shadowNodes told of nodes with nothing but values; null where values are no shadows
   */
  public PageTree(KmemCache cache, @Nullable ShadowNodes shadowNodes) {
    this.cache = cache;
    this.shadowNodes = shadowNodes;
  }

  /** {@code nrpages}: how many pages there are. */
  public long size() {
    return size;
  }

  /** How many values there are. */
  public long values() {
    return values;
  }

  // ---- Finding ----

  /** The frame at {@code index}, or {@link #NONE}. */
  public int get(long index) {
    int entry = entry(index);
    return entry > 0 ? entry - 1 : NONE;
  }

  /** The value at {@code index}, or {@link #NONE}. */
  public int value(long index) {
    int entry = entry(index);
    return entry < 0 ? ~entry : NONE;
  }

  private int entry(long index) {
    if (index >>> BITS == latestNumber) {
      return latestEntries[(int) index & MASK];
    }
    PageTreeNode leaf = leaf(index);
    return leaf == null ? (index == 0 ? only : 0) : leaf.entries[(int) index & MASK];
  }

  private @Nullable PageTreeNode leaf(long index) {
    if (index >>> BITS == latestNumber) {
      return latest;
    }
    PageTreeNode node = root;
    if (node == null || !node.reaches(index)) {
      return null;
    }
    while (node != null && node.shift > 0) {
      node = node.children[node.slotOf(index)];
    }
    if (node != null) {
      latest = node;
      latestEntries = node.entries;
      latestNumber = index >>> BITS;
    }
    return node;
  }

  // ---- Putting in ----

  /**
   * Puts a frame where there is no page; a value makes way: ask for it before.
   *
   * <p>Nodes are first asked for without reclaim, since reclaim takes pages out of trees; if that
   * does not do, one is taken with reclaim, and the descent begins anew ({@code xas_nomem}).
   *
   * @param gfp how nodes may be allocated
   * @return false if there is no memory for a node; the tree is as it was
   * @throws IllegalStateException if there is a page
   */
  public boolean put(long index, int pfn, int gfp) {
    return store(index, pfn + 1, gfp);
  }

  /**
   * Puts a value where there is no page, perhaps in the place of another.
   *
   * @param value of 31 bits
   * @param gfp how nodes may be allocated
   * @return false if there is no memory for a node; the tree is as it was
   * @throws IllegalStateException if there is a page
   */
  public boolean putValue(long index, int value, int gfp) {
    return store(index, ~value, gfp);
  }

  private boolean store(long index, int entry, int gfp) {
    while (!tryStore(index, entry)) {
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

  private boolean tryStore(long index, int entry) {
    int before = entry(index);
    if (before > 0) {
      throw new IllegalStateException(
          "page %d is cached already, in frame 0x%x".formatted(index, before - 1));
    }
    if (root == null && index == 0) {
      only = entry;
    } else {
      PageTreeNode leaf = create(index);
      if (leaf == null) {
        return false;
      }
      leaf.entries[(int) index & MASK] = entry;
      leaf.count += before == 0 ? 1 : 0;
      leaf.values += (entry < 0 ? 1 : 0) - (before < 0 ? 1 : 0);
      updated(leaf);
    }
    size += entry > 0 ? 1 : 0;
    values += (entry < 0 ? 1 : 0) - (before < 0 ? 1 : 0);
    return true;
  }

  private void updated(PageTreeNode leaf) {
    if (shadowNodes != null) {
      shadowNodes.update(leaf);
    }
  }

  /** {@code xas_create}: the leaf for an index; null if a node is missing. */
  private @Nullable PageTreeNode create(long index) {
    if (!expand(index)) {
      return null;
    }
    PageTreeNode node = Objects.requireNonNull(root);
    while (node.shift > 0) {
      int slot = node.slotOf(index);
      PageTreeNode child = node.children[slot];
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
      PageTreeNode first = newNode(shift, 0, null);
      if (first == null) {
        return false;
      }
      root = first;
      if (only != 0) {
        moveOnlyTo(first);
      }
    }
    PageTreeNode top = Objects.requireNonNull(root);
    while (!top.reaches(index)) {
      PageTreeNode taller = newNode(top.shift + BITS, 0, null);
      if (taller == null) {
        deleteIfEmpty(top);
        return false;
      }
      taller.children[0] = top;
      taller.count = 1;
      for (int tag = 0; tag < TAGS; tag++) {
        taller.tags[tag] = top.tags[tag] != 0 ? 1 : 0;
      }
      top.parent = taller;
      top = taller;
      root = top;
    }
    return true;
  }

  private void moveOnlyTo(PageTreeNode leaf) {
    leaf.entries[0] = only;
    leaf.count = 1;
    leaf.values = only < 0 ? 1 : 0;
    for (int tag = 0; tag < TAGS; tag++) {
      leaf.tags[tag] = (long) onlyTags >>> tag & 1;
    }
    only = 0;
    onlyTags = 0;
    updated(leaf);
  }

  private @Nullable PageTreeNode newNode(int shift, int offset, @Nullable PageTreeNode parent) {
    long slot = spare;
    spare = 0;
    if (slot == 0) {
      slot = cache.alloc(Gfp.GFP_NOWAIT | Gfp.NOWARN);
    }
    return slot == 0 ? null : new PageTreeNode(this, shift, offset, parent, slot);
  }

  /**
   * Puts a frame where there is another; the page is the same, with its tags.
   *
   * @throws IllegalStateException if there is none
   */
  public void replace(long index, int pfn) {
    exchange(index, pfn + 1);
  }

  /**
   * Puts a value in the place of a page, which takes no memory.
   *
   * @param value of 31 bits
   * @throws IllegalStateException if there is no page
   */
  public void replaceByValue(long index, int value) {
    exchange(index, ~value);
    size--;
    values++;
  }

  private void exchange(long index, int entry) {
    if (get(index) == NONE) {
      throw new IllegalStateException("page %d is not cached".formatted(index));
    }
    PageTreeNode leaf = leaf(index);
    if (leaf == null) {
      only = entry;
      onlyTags = entry < 0 ? 0 : onlyTags;
      return;
    }
    int slot = (int) index & MASK;
    leaf.entries[slot] = entry;
    if (entry < 0) {
      leaf.values++;
      leaf.clearTags(slot);
      updated(leaf);
    }
  }

  // ---- Taking out ----

  /** Takes out the frame at {@code index}; returns it, or {@link #NONE}. */
  public int remove(long index) {
    int pfn = get(index);
    if (pfn != NONE) {
      erase(index);
      size--;
    }
    return pfn;
  }

  /** Takes out the value at {@code index}; returns it, or {@link #NONE}. */
  public int removeValue(long index) {
    int value = value(index);
    if (value != NONE) {
      erase(index);
      values--;
    }
    return value;
  }

  private void erase(long index) {
    PageTreeNode leaf = leaf(index);
    if (leaf == null) {
      only = 0;
      onlyTags = 0;
      return;
    }
    int slot = (int) index & MASK;
    leaf.values -= leaf.entries[slot] < 0 ? 1 : 0;
    leaf.entries[slot] = 0;
    leaf.count--;
    leaf.clearTags(slot);
    updated(leaf);
    deleteIfEmpty(leaf);
  }

  /** {@code xa_delete_node}: forgets a leaf that holds nothing but values. */
  void deleteShadowNode(PageTreeNode leaf) {
    if (leaf.count == 0 || leaf.count != leaf.values) {
      throw new IllegalStateException("no node of shadows: %d pages".formatted(size));
    }
    values -= leaf.values;
    leaf.count = 0;
    leaf.values = 0;
    updated(leaf);
    deleteIfEmpty(leaf);
  }

  /** {@code xas_delete_node}: a node without entries goes, and so may those above it. */
  private void deleteIfEmpty(PageTreeNode from) {
    PageTreeNode node = from;
    while (node.count == 0) {
      PageTreeNode parent = node.parent;
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
  private void shrink(PageTreeNode top) {
    PageTreeNode node = top;
    while (node.count == 1) {
      if (node.shift == 0) {
        if (node.entries[0] != 0) {
          moveToOnly(node);
        }
        return;
      }
      PageTreeNode child = node.children[0];
      if (child == null) {
        return;
      }
      free(node);
      child.parent = null;
      root = child;
      node = child;
    }
  }

  private void moveToOnly(PageTreeNode leaf) {
    only = leaf.entries[0];
    for (int tag = 0; tag < TAGS; tag++) {
      onlyTags |= (int) (leaf.tags[tag] & 1) << tag;
    }
    root = null;
    leaf.count = 0;
    leaf.values = 0;
    updated(leaf);
    free(leaf);
  }

  @SuppressWarnings("ReferenceEquality") // the same leaf
  private void free(PageTreeNode node) {
    if (node == latest) {
      latest = null;
      latestEntries = NO_ENTRIES;
      latestNumber = -1;
    }
    cache.free(node.slot);
  }

  // ---- Tags ----

  /** {@code xas_set_mark}: tags the page at {@code index}. */
  public void setTag(long index, int tag) {
    PageTreeNode leaf = leaf(index);
    if (leaf == null) {
      onlyTags |= 1 << tag;
    } else {
      leaf.setTag((int) index & MASK, tag);
    }
  }

  /** {@code xas_clear_mark}: the page at {@code index} does not have the tag any more. */
  public void clearTag(long index, int tag) {
    PageTreeNode leaf = leaf(index);
    if (leaf == null) {
      onlyTags &= ~(1 << tag);
    } else {
      leaf.clearTag((int) index & MASK, tag);
    }
  }

  /** {@code xas_get_mark}. */
  public boolean hasTag(long index, int tag) {
    PageTreeNode leaf = leaf(index);
    return leaf == null
        ? index == 0 && (onlyTags >>> tag & 1) != 0
        : (leaf.tags[tag] >>> (index & MASK) & 1) != 0;
  }

  /** {@code xa_marked}: whether any page has the tag. */
  public boolean isTagged(int tag) {
    PageTreeNode top = root;
    return top == null ? (onlyTags >>> tag & 1) != 0 : top.tags[tag] != 0;
  }

  /**
   * {@code xas_find_marked}: the least index from {@code from} on with the tag, or {@link #NONE}.
   */
  public long nextTagged(long from, int tag) {
    PageTreeNode top = root;
    if (top == null) {
      return from <= 0 && (onlyTags >>> tag & 1) != 0 ? 0 : NONE;
    }
    return top.reaches(from) ? top.nextTagged(from, 0, tag) : NONE;
  }

  // ---- Looking ----

  /** The least index with a page from {@code from} on, or {@link #NONE}; values are passed over. */
  public long next(long from) {
    return next(from, false);
  }

  /** The least index with a page or a value from {@code from} on, or {@link #NONE}. */
  public long nextEntry(long from) {
    return next(from, true);
  }

  private long next(long from, boolean valuesToo) {
    PageTreeNode top = root;
    if (top == null) {
      return from <= 0 && PageTreeNode.isWanted(only, valuesToo) ? 0 : NONE;
    }
    return top.reaches(from) ? top.next(from, 0, valuesToo) : NONE;
  }

  // ---- Audit ----

  /**
   * Recounts the entries, values and tags of every node.
   *
   * @return how many nodes there are
   * @throws IllegalStateException if a node counts wrongly, is empty, or should not be there
   */
  public long auditNodes() {
    PageTreeNode top = root;
    long[] found = new long[2];
    long nodes = 0;
    if (top == null) {
      PageTreeAudit.count(only, found);
    } else {
      boolean needless =
          top.count == 1 && (top.shift == 0 ? top.entries[0] != 0 : top.children[0] != null);
      if (only != 0 || top.parent != null || needless) {
        throw new IllegalStateException("the tree of pages is higher than it need be");
      }
      nodes = PageTreeAudit.nodes(top, found, shadowNodes != null);
    }
    if (found[0] != size || found[1] != values) {
      throw new IllegalStateException(
          "the tree of pages counts %d pages and %d values, and has %d and %d"
              .formatted(size, values, found[0], found[1]));
    }
    return nodes;
  }
}
