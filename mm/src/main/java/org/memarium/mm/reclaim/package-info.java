/**
 * Taking pages back when memory is short (Linux {@code mm/vmscan.c}, {@code mm/workingset.c}).
 *
 * <pre>
 *   kswapd, who allocates, a group at its limit
 *     Vmscan           passes over the node with growing effort, slab shrinkers
 *       ReclaimPolicy  chooses pages: TwoLists (Linux), MultiGenerational, those of the textbooks
 *         Eviction     off the lists, counted, and back what stays
 *           ShrinkPages  used? unmap, write, free; a shadow stays
 * </pre>
 */
@NullMarked
package org.memarium.mm.reclaim;

import org.jspecify.annotations.NullMarked;
