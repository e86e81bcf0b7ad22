package org.memarium.mm.slab;

/**
 * A line of {@code /proc/slabinfo} (Linux 6.1 {@code mm/slub.c}, {@code get_slabinfo}).
 *
 * <p>SLUB knows of free objects on the partial list of the node only: those in the slabs that the
 * processor has count as active, and all slabs do.
 *
 * @param name of the cache
 * @param activeObjects those that are not on the node's partial list as free
 * @param objects all
 * @param objectSize bytes from one to the next
 * @param objectsPerSlab in a slab of the usual order
 * @param pagesPerSlab the same
 * @param activeSlabs all
 * @param slabs all
 */
public record SlabInfo(
    String name,
    long activeObjects,
    long objects,
    int objectSize,
    int objectsPerSlab,
    int pagesPerSlab,
    long activeSlabs,
    long slabs) {}
