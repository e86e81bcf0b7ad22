/**
 * Finding who uses a page, moving pages, and taking them back: Linux {@code mm/rmap.c}, {@code
 * mm/migrate.c}, {@code mm/compaction.c}.
 *
 * <p>{@link org.memarium.mm.reclaim.Rmap} goes from a page to the page-table entries that map it,
 * {@link org.memarium.mm.reclaim.Migration} moves pages to other frames under the programs that use
 * them, {@link org.memarium.mm.reclaim.Compaction} uses both to make large free blocks.
 */
@NullMarked
package org.memarium.mm.reclaim;

import org.jspecify.annotations.NullMarked;
