package org.memarium.mm.reclaim;

import org.memarium.mm.frame.PageAllocator;

/**
 * What a {@link ReclaimPolicy} works with.
 *
 * @param allocator the frames, their lists and what is known of each
 * @param scanCount how much of each list one attempt looks at, on Linux
 * @param references asks whether pages were used, and how
 * @param eviction takes pages off the lists, and frees them
 */
record PolicyParts(
    PageAllocator allocator, ScanCount scanCount, PageReferences references, Eviction eviction) {}
