package org.memarium.cpu;

import org.memarium.cpu.x87.Fpu;
import org.memarium.hardware.Segmentation;

/**
 * Everything that belongs to the running program and not to the machine: what fork copies, a
 * context switch exchanges and a checkpoint keeps. It shares nothing with the processor that it
 * came from.
 *
 * @param registers the eight general registers, EAX first
 * @param eip the instruction pointer
 * @param eflags as {@link Flags} draws it
 * @param segments the six segment registers with their hidden parts
 * @param fpu the floating-point unit
 * @param xmm the registers of SSE, the low half of each first
 * @param mxcsr as {@link org.memarium.cpu.simd.Mxcsr} draws it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; copied on both ways
public record CpuState(
    int[] registers,
    int eip,
    int eflags,
    Segmentation.Saved segments,
    Fpu fpu,
    long[] xmm,
    int mxcsr) {}
