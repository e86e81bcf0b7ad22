package org.memarium.mm.space;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A {@link VmaNode} whose slots are nodes, all of one level. */
final class VmaBranch extends VmaNode {
  private final @Nullable VmaNode[] nodes = new @Nullable VmaNode[SLOTS];

  VmaNode node(int slot) {
    return Objects.requireNonNull(nodes[slot]);
  }

  void insert(int slot, VmaNode node) {
    System.arraycopy(nodes, slot, nodes, slot + 1, count - slot);
    openSlot(slot, node.lastEnd(), node.largestGap());
    nodes[slot] = node;
    adoptFrom(slot);
  }

  void remove(int slot) {
    closeSlot(slot);
    System.arraycopy(nodes, slot + 1, nodes, slot, count - slot);
    nodes[count] = null;
    adoptFrom(slot);
  }

  private void adoptFrom(int first) {
    for (int slot = first; slot < count; slot++) {
      VmaNode node = node(slot);
      node.parent = this;
      node.slotInParent = slot;
    }
  }

  @Override
  void moveTo(VmaNode to, int from, int before) {
    VmaBranch other = (VmaBranch) to;
    int moved = count - from;
    System.arraycopy(other.nodes, before, other.nodes, before + moved, other.count - before);
    System.arraycopy(nodes, from, other.nodes, before, moved);
    Arrays.fill(nodes, from, count, null);
    moveBounds(from, to, before);
    other.adoptFrom(before);
  }
}
