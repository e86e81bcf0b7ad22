package org.memarium.kernel.oom;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.space.MmStruct;

/**
 * {@code struct oom_control}: who is short of memory.
 *
 * @param gfpFlags of the allocation
 * @param order of the allocation
 * @param group that has reached its limit; null: the machine has no memory
 * @param totalPages that there are of RAM and swap, or that the group may have
 */
record OomRequest(int gfpFlags, int order, @Nullable MemCgroup group, long totalPages) {
  /** Whether the end of who has this memory would help. */
  boolean concerns(MmStruct mm) {
    return group == null || mm.group() == group.number();
  }
}
