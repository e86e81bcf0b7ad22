/** Reverse mapping: from a page to the page-table entries that map it (Linux {@code mm/rmap.c}). */
@NullMarked
package org.memarium.mm.rmap;

import org.jspecify.annotations.NullMarked;
