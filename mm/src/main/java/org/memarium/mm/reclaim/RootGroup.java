package org.memarium.mm.reclaim;

import java.util.List;
import org.memarium.mm.frame.Lruvec;

/** A machine without memory groups: all pages are the root's, and one swappiness holds for all. */
final class RootGroup implements MemoryGroups {
  private final List<Lruvec> root;
  private final Swappiness swappiness;

  RootGroup(Lruvec root, Swappiness swappiness) {
    this.root = List.of(root);
    this.swappiness = swappiness;
  }

  @Override
  public List<Lruvec> subtree(Lruvec target) {
    return root;
  }

  @Override
  public int swappiness(int group) {
    return swappiness.value();
  }
}
