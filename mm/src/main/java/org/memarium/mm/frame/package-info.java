/**
 * Physical page frames: what RAM there is, who has it, and the buddy allocator.
 *
 * <p>At boot: {@link org.memarium.mm.frame.PhysicalMemoryMap} says where RAM lies, {@link
 * org.memarium.mm.frame.Memblock} keeps what the kernel takes for itself, and {@link
 * org.memarium.mm.frame.PageAllocator#boot} makes {@link org.memarium.mm.frame.MemMap} and the
 * {@link org.memarium.mm.frame.Zone}s and frees everything else into their {@link
 * org.memarium.mm.frame.FreeArea}s.
 */
@NullMarked
package org.memarium.mm.frame;

import org.jspecify.annotations.NullMarked;
