/**
 * Kernel memory that is contiguous only in linear addresses (Linux {@code mm/vmalloc.c}), and
 * kernel addresses for high memory ({@code mm/highmem.c}).
 *
 * <p>{@link org.memarium.mm.vmalloc.Vmalloc} is the door: vmalloc, vmap, ioremap. {@link
 * org.memarium.mm.vmalloc.KvMalloc} chooses between kmalloc and vmalloc, {@link
 * org.memarium.mm.vmalloc.Kmap} is kmap.
 *
 * <p>Inside, from below: {@code VmapTree} orders pieces of the area by address, {@code VmapSpace}
 * hands them out and takes them back lazily, {@code VmAreas} says what they are for, and {@code
 * PageArray} holds their pages.
 */
@NullMarked
package org.memarium.mm.vmalloc;

import org.jspecify.annotations.NullMarked;
