/**
 * Physical page frames: what RAM there is, who has it, and the page allocator.
 *
 * <p>At boot: {@link org.memarium.mm.frame.PhysicalMemoryMap} says where RAM lies, {@link
 * org.memarium.mm.frame.Memblock} keeps what the kernel takes for itself, and {@link
 * org.memarium.mm.frame.PageAllocator#boot} makes {@link org.memarium.mm.frame.MemMap} and the
 * {@link org.memarium.mm.frame.Zone}s, frees everything else into their {@link
 * org.memarium.mm.frame.FreeArea}s, and lets {@link org.memarium.mm.frame.Watermarks} compute what
 * each zone keeps back.
 *
 * <p>A zone has {@link org.memarium.mm.frame.PerCpuPages} in front of its free lists, a {@link
 * org.memarium.mm.frame.MigrateType} for each of its {@link org.memarium.mm.frame.Pageblocks}, and
 * {@link org.memarium.mm.frame.ZoneWatermarks} that say whether it may give.
 */
@NullMarked
package org.memarium.mm.frame;

import org.jspecify.annotations.NullMarked;
