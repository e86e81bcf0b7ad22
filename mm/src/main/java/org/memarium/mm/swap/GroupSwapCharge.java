package org.memarium.mm.swap;

import java.util.Arrays;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.MemCgroups;

/**
 * {@code swap_cgroup}: which memory group pays for which slot (Linux 6.1 {@code mm/swap_cgroup.c}).
 * The page that comes back from a slot is paid for by the group that it left.
 */
public final class GroupSwapCharge implements SwapCharge {
  private final MemCgroups groups;

  /** By area, then by offset: the number of the group, 0 for none. */
  private byte[][] bySlot = new byte[0][];

  /** For the groups of a machine. */
  public GroupSwapCharge(MemCgroups groups) {
    this.groups = groups;
  }

  private int group(int slot) {
    int area = SwapAreas.type(slot);
    int offset = SwapAreas.offset(slot);
    return area < bySlot.length && offset < bySlot[area].length ? bySlot[area][offset] : 0;
  }

  private void setGroup(int slot, int group) {
    int area = SwapAreas.type(slot);
    int offset = SwapAreas.offset(slot);
    if (area >= bySlot.length) {
      int before = bySlot.length;
      bySlot = Arrays.copyOf(bySlot, area + 1);
      Arrays.fill(bySlot, before, bySlot.length, new byte[0]);
    }
    if (offset >= bySlot[area].length) {
      bySlot[area] = Arrays.copyOf(bySlot[area], Math.max(offset + 1, 2 * bySlot[area].length));
    }
    bySlot[area][offset] = (byte) group;
  }

  @Override
  public boolean tryCharge(int pfn, int slot) {
    if (!groups.chargeSwap(pfn)) {
      return false;
    }
    setGroup(slot, groups.groupOf(pfn));
    return true;
  }

  @Override
  public void uncharge(int slot) {
    int group = group(slot);
    if (group != 0) {
      setGroup(slot, 0);
      groups.unchargeSwap(group);
    }
  }

  @Override
  public boolean chargeSwapin(int pfn, int slot) {
    return groups.charge(pfn, group(slot), Gfp.GFP_KERNEL);
  }

  /** In cgroup v2 a page in the swap cache is paid for twice: as memory, and as swap. */
  @Override
  public void uncharged(int slot) {}

  @Override
  public boolean isFull(int pfn) {
    MemCgroup group = groups.find(groups.groupOf(pfn));
    return group != null && group.swapUsage() * 2 >= Math.min(group.swapMax(), group.swapHigh());
  }

  /** Recounts {@code memory.swap.current}. */
  public void audit(Audit audit) {
    long[] slots = new long[groups.all().size() + 1];
    for (byte[] area : bySlot) {
      for (byte group : area) {
        slots[group]++;
      }
    }
    for (MemCgroup group : groups.all()) {
      audit.expectEqual(
          "memory.swap.current of " + group.path(), group.swapUsage(), slots[group.number()]);
    }
  }
}
