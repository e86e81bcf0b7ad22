/**
 * The i386 processor of user programs: one table of instructions ({@link
 * org.memarium.cpu.InstructionSet}), a decoder, blocks of decoded instructions, and the loop that
 * executes them ({@link org.memarium.cpu.Cpu}).
 */
@NullMarked
package org.memarium.cpu;

import org.jspecify.annotations.NullMarked;
