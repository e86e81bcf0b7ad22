/**
 * Moving pages: migration to other frames, and compaction, which makes large free blocks by it
 * (Linux {@code mm/migrate.c}, {@code mm/compaction.c}).
 */
@NullMarked
package org.memarium.mm.compaction;

import org.jspecify.annotations.NullMarked;
