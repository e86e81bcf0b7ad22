/**
 * Small kernel objects cut from pages: SLUB and kmalloc (Linux 6.1 {@code mm/slub.c}, {@code
 * mm/slab_common.c}).
 *
 * <p>{@link org.memarium.mm.slab.SlabAllocator} has the caches of a machine. A {@link
 * org.memarium.mm.slab.KmemCache} hands out objects of one size: from the slab that the processor
 * has ({@link org.memarium.mm.slab.KmemCacheCpu}), else from one of the partial slabs of the node
 * ({@link org.memarium.mm.slab.KmemCacheNode}), else from a new one. {@link
 * org.memarium.mm.slab.Kmalloc} chooses the cache by size.
 *
 * <pre>
 *   kmem_cache --+-- kmem_cache_cpu    freelist ----> object -> object -> ... (in the CPU's slab)
 *                |                     slab           frozen
 *                |                     partial -----> slab -> slab -> ...   frozen
 *                +-- kmem_cache_node   partial -----> slab <-> slab <-> ...
 *                                      full           with SLAB_STORE_USER only
 * </pre>
 *
 * <p>The free list of a slab lies inside its free objects, in the simulated RAM: each holds the
 * linear address of the next one. What else is known of a slab stands in mem_map ({@link
 * org.memarium.mm.frame.StructSlab}).
 */
@NullMarked
package org.memarium.mm.slab;

import org.jspecify.annotations.NullMarked;
