/**
 * What silicon does, and nothing of Linux: RAM, segmentation, page walk and TLB.
 *
 * <p>One access walks straight down:
 *
 * <pre>
 *   logical address   gs:8            {@link org.memarium.hardware.Segmentation}
 *   linear address    base + offset   {@link org.memarium.hardware.Mmu}: the TLB, or on a miss
 *                                     {@link org.memarium.hardware.PageWalker} over tables in RAM
 *   physical address                  {@link org.memarium.hardware.Ram}
 * </pre>
 *
 * <p>This is the only package that touches raw memory; everything above goes through {@link
 * org.memarium.hardware.Ram} and {@link org.memarium.hardware.Mmu}.
 */
@NullMarked
package org.memarium.hardware;

import org.jspecify.annotations.NullMarked;
