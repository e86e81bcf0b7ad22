package org.memarium.mm.reclaim;

import java.util.ArrayList;
import java.util.List;
import org.memarium.mm.frame.Lruvec;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.MemCgroups;
import org.memarium.mm.frame.PageAllocator;

/**
 * A machine with memory groups, all of them below the root: {@code memory.min} and {@code
 * memory.low} protect a group from what the machine is short of, and not from its own limit.
 */
final class LimitedGroups implements MemoryGroups {
  private final PageAllocator allocator;
  private final MemCgroups groups;
  private final Swappiness swappiness;

  LimitedGroups(PageAllocator allocator, Swappiness swappiness) {
    this.allocator = allocator;
    this.groups = allocator.groups();
    this.swappiness = swappiness;
  }

  @Override
  public List<Lruvec> subtree(Lruvec target) {
    if (target.group() != 0) {
      return List.of(target);
    }
    List<Lruvec> all = new ArrayList<>();
    all.add(allocator.lru().root());
    groups.all().forEach(group -> all.add(group.lruvec()));
    return all;
  }

  @Override
  public int swappiness(int group) {
    return swappiness.value();
  }

  private static boolean isSpared(int target, int group) {
    return group != 0 && group != target;
  }

  private MemCgroup group(int number) {
    MemCgroup group = groups.find(number);
    if (group == null) {
      throw new IllegalArgumentException("the root is not protected");
    }
    return group;
  }

  @Override
  public long protectedMin(int target, int group) {
    return isSpared(target, group) ? group(group).min() : 0;
  }

  @Override
  public long protectedLow(int target, int group) {
    return isSpared(target, group) ? group(group).low() : 0;
  }

  @Override
  public boolean isBelowMin(int target, int group) {
    return isSpared(target, group) && group(group).min() >= pages(group);
  }

  @Override
  public boolean isBelowLow(int target, int group) {
    return isSpared(target, group) && group(group).low() >= pages(group);
  }

  @Override
  public void lowEvent(int group) {
    group(group).count(MemCgroup.Event.LOW);
  }

  @Override
  public long pages(int group) {
    MemCgroup known = groups.find(group);
    return known == null ? 0 : known.usage();
  }
}
