package org.memarium.mm.reclaim;

import org.memarium.mm.compaction.Compaction;
import org.memarium.mm.frame.PageAllocator;

/**
 * What a reclaim works with, whoever asks for it.
 *
 * @param node what the node's reclaims tell each other
 * @param groups what is known of memory groups
 * @param policy which pages go
 * @param scanCount how many pages of which list are looked at
 * @param shrinkers who gives back objects
 * @param compaction asked whether enough is free for it
 */
record ReclaimParts(
    PageAllocator allocator,
    NodeState node,
    MemoryGroups groups,
    ReclaimPolicy policy,
    ScanCount scanCount,
    Shrinkers shrinkers,
    Compaction compaction) {}
