/**
 * The x87 floating-point unit: 80-bit arithmetic in integers, bit for bit what the hardware
 * delivers, and the registers around it. Knows nothing of memory: operands and results are bits
 * that the executor moves.
 */
@NullMarked
package org.memarium.cpu.x87;

import org.jspecify.annotations.NullMarked;
