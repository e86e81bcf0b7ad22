/**
 * The processor against the host's: random instructions run on both, and everything that a program
 * can see afterwards must agree.
 *
 * <pre>
 *   {@link org.memarium.cpu.witness.CaseGenerator}  one instruction form -> {@link org.memarium.cpu.witness.TestCase}
 *   {@link org.memarium.cpu.witness.NativeProcessor}     -> {@link org.memarium.cpu.witness.Outcome} of the host (witness.c)
 *   {@link org.memarium.cpu.witness.MemariumProcessor}   -> {@link org.memarium.cpu.witness.Outcome} of ours
 *   {@link org.memarium.cpu.witness.Judge}          what counts as a difference
 *   {@link org.memarium.cpu.witness.Exclusions}     what is not compared, and why
 * </pre>
 */
@NullMarked
package org.memarium.cpu.witness;

import org.jspecify.annotations.NullMarked;
