package org.memarium.mm.space;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A {@link VmaNode} whose slots are areas. */
@SuppressWarnings("ReferenceEquality") // the same area, not one like it
final class VmaLeaf extends VmaNode {
  private final @Nullable Vma[] areas = new @Nullable Vma[SLOTS];

  Vma area(int slot) {
    return Objects.requireNonNull(areas[slot]);
  }

  /** The slot of an area, whose bounds may be newer than what is here. */
  int slotOf(Vma area) {
    for (int slot = 0; slot < count; slot++) {
      if (areas[slot] == area) {
        return slot;
      }
    }
    throw new IllegalStateException("area " + area + " is not in its leaf");
  }

  /** Adds an area that its neighbours know already. */
  void insert(int slot, Vma area) {
    System.arraycopy(areas, slot, areas, slot + 1, count - slot);
    openSlot(slot, area.end, gapBelow(area));
    areas[slot] = area;
    area.leaf = this;
    refreshGap(slot + 1);
  }

  /** Takes an area out that its neighbours do not know any more. */
  void remove(int slot) {
    area(slot).leaf = null;
    closeSlot(slot);
    System.arraycopy(areas, slot + 1, areas, slot, count - slot);
    areas[count] = null;
    refreshGap(slot);
  }

  private void refreshGap(int slot) {
    if (slot < count) {
      gap[slot] = gapBelow(area(slot));
    }
  }

  /** Copies the bounds of an area and of its gap; returns whether they are others. */
  boolean refresh(int slot) {
    Vma area = area(slot);
    long newGap = gapBelow(area);
    boolean changed = end[slot] != area.end || gap[slot] != newGap;
    end[slot] = area.end;
    gap[slot] = newGap;
    return changed;
  }

  /** Bytes that are free directly below an area. */
  static long gapBelow(Vma area) {
    Vma below = area.previous;
    return area.start - (below == null ? 0 : below.end);
  }

  @Override
  void moveTo(VmaNode to, int from, int before) {
    VmaLeaf other = (VmaLeaf) to;
    int moved = count - from;
    System.arraycopy(other.areas, before, other.areas, before + moved, other.count - before);
    System.arraycopy(areas, from, other.areas, before, moved);
    Arrays.fill(areas, from, count, null);
    moveBounds(from, to, before);
    for (int slot = before; slot < before + moved; slot++) {
      other.area(slot).leaf = other;
    }
  }
}
