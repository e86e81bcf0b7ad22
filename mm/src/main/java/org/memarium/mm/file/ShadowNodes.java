package org.memarium.mm.file;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code shadow_nodes}: the nodes of {@link PageTree}s that hold nothing but values, the one
 * longest so first (Linux {@code mm/workingset.c}). Memory that remembers pages, and holds none: a
 * shrinker may take it.
 */
public final class ShadowNodes {
  private final VmStat vmStat;
  private @Nullable PageTreeNode oldest;
  private @Nullable PageTreeNode newest;
  private long count;

  /** An empty list, counted as {@code workingset_nodes}. */
  ShadowNodes(VmStat vmStat) {
    this.vmStat = vmStat;
  }

  /** {@code workingset_nodes}: how many there are. */
  public long count() {
    return count;
  }

  /** {@code workingset_update_node}: a leaf has changed, and may belong here now, or no more. */
  void update(PageTreeNode leaf) {
    boolean wanted = leaf.count > 0 && leaf.count == leaf.values;
    if (wanted && !leaf.listed) {
      add(leaf);
    } else if (!wanted && leaf.listed) {
      remove(leaf);
    }
  }

  private void add(PageTreeNode leaf) {
    leaf.listed = true;
    leaf.older = newest;
    if (newest == null) {
      oldest = leaf;
    } else {
      newest.newer = leaf;
    }
    newest = leaf;
    count++;
    vmStat.increment(VmStatItem.WORKINGSET_NODES);
  }

  private void remove(PageTreeNode leaf) {
    PageTreeNode older = leaf.older;
    PageTreeNode newer = leaf.newer;
    if (older == null) {
      oldest = newer;
    } else {
      older.newer = newer;
    }
    if (newer == null) {
      newest = older;
    } else {
      newer.older = older;
    }
    leaf.older = null;
    leaf.newer = null;
    leaf.listed = false;
    count--;
    vmStat.decrement(VmStatItem.WORKINGSET_NODES);
  }

  /**
   * {@code shadow_lru_isolate}: frees the node that has held nothing but values for longest; what
   * it remembered is forgotten.
   *
   * @return false if there is none
   */
  public boolean reclaimOldest() {
    PageTreeNode leaf = oldest;
    if (leaf == null) {
      return false;
    }
    leaf.tree.deleteShadowNode(leaf);
    vmStat.increment(VmStatItem.WORKINGSET_NODERECLAIM);
    return true;
  }

  /** Walks the list. */
  void audit(Audit audit) {
    long nodes = 0;
    for (PageTreeNode leaf = oldest; leaf != null; leaf = leaf.newer) {
      nodes++;
      if (!leaf.listed || leaf.count == 0 || leaf.count != leaf.values) {
        audit.difference(
            "a node with %d values of %d entries is among the shadow nodes"
                .formatted(leaf.values, leaf.count));
      }
    }
    audit.expectEqual("shadow nodes", count, nodes);
    audit.expectEqual("workingset_nodes", vmStat.get(VmStatItem.WORKINGSET_NODES), nodes);
  }
}
