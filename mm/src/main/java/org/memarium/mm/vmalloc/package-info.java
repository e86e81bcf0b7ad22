/**
 * Kernel memory that is contiguous only in linear addresses (Linux {@code mm/vmalloc.c}), and
 * kernel addresses for high memory ({@code mm/highmem.c}).
 *
 * <p>{@link org.memarium.mm.vmalloc.Vmalloc} is the door: vmalloc, vmap, ioremap. {@link
 * org.memarium.mm.vmalloc.Kmap} is kmap.
 */
@NullMarked
package org.memarium.mm.vmalloc;

import org.jspecify.annotations.NullMarked;
