package org.memarium.mm.reclaim;

import org.memarium.mm.rmap.Rmap;
import org.memarium.mm.space.MemoryManager;

/**
 * What a {@link ReclaimPolicy} works with.
 *
 * @param memory the frames, their lists and what is known of each; address spaces, files
 * @param rmap from pages to the entries that map them
 * @param scanCount how much of each list one attempt looks at, on Linux
 * @param references asks whether pages were used, and how
 * @param eviction takes pages off the lists, and frees them
 * @param groups memory groups, and how much swapping they bear
 * @param identity names pages so that another run knows them
 */
record PolicyParts(
    MemoryManager memory,
    Rmap rmap,
    ScanCount scanCount,
    PageReferences references,
    Eviction eviction,
    MemoryGroups groups,
    PageIdentity identity) {}
