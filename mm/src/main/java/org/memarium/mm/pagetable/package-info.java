/**
 * Page tables, which live in frames of the simulated RAM.
 *
 * <p>One implementation serves all formats: it is driven by {@link
 * org.memarium.hardware.PageTableFormat}. {@link org.memarium.mm.pagetable.KernelPageTable} is
 * {@code init_mm.pgd}, {@link org.memarium.mm.pagetable.PageTables} those of one process, {@link
 * org.memarium.mm.pagetable.PteCursor} visits a range, {@link org.memarium.mm.pagetable.Pte} knows
 * the bits of an entry.
 */
@NullMarked
package org.memarium.mm.pagetable;

import org.jspecify.annotations.NullMarked;
