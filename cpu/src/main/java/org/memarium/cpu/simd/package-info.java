/**
 * The arithmetic of MMX, SSE and SSE2, without registers or memory: packed integers in halves of 64
 * bits ({@link org.memarium.cpu.simd.Packed}), and floating point under the control of MXCSR
 * ({@link org.memarium.cpu.simd.FloatUnit}).
 */
@NullMarked
package org.memarium.cpu.simd;

import org.jspecify.annotations.NullMarked;
