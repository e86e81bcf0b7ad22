package org.memarium.mm.space;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A {@link VmaNode} whose slots are nodes, all of one level. */
@SuppressWarnings("ReferenceEquality") // the same node, not one like it
final class VmaBranch extends VmaNode {
  private final @Nullable VmaNode[] nodes = new @Nullable VmaNode[SLOTS];

  VmaNode node(int slot) {
    return Objects.requireNonNull(nodes[slot]);
  }

  /**
   * The slot of a node. It is looked for in one short array: a node that knew its slot would have
   * to be told of each that comes or goes before it.
   */
  int slotOf(VmaNode node) {
    for (int slot = 0; slot < count; slot++) {
      if (nodes[slot] == node) {
        return slot;
      }
    }
    throw new IllegalStateException("a node of the tree of areas is not in the one above");
  }

  void insert(int slot, VmaNode node) {
    System.arraycopy(nodes, slot, nodes, slot + 1, count - slot);
    openSlot(slot, node.lastEnd(), node.largestGap());
    nodes[slot] = node;
    node.parent = this;
  }

  void remove(int slot) {
    closeSlot(slot);
    System.arraycopy(nodes, slot + 1, nodes, slot, count - slot);
    nodes[count] = null;
  }

  @Override
  void moveTo(VmaNode to, int from, int before) {
    VmaBranch other = (VmaBranch) to;
    int moved = count - from;
    System.arraycopy(other.nodes, before, other.nodes, before + moved, other.count - before);
    System.arraycopy(nodes, from, other.nodes, before, moved);
    Arrays.fill(nodes, from, count, null);
    moveBounds(from, to, before);
    for (int slot = before; slot < before + moved; slot++) {
      other.node(slot).parent = other;
    }
  }
}
