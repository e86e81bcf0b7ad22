/**
 * The machine, and the way in for whoever embeds one: RAM, processor, memory manager, files, and
 * one program at a time.
 *
 * <p>{@link org.memarium.kernel.Machine#boot} boots what a {@link
 * org.memarium.kernel.MachineConfig} describes. No program is needed:
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="boot"}
 *
 * <h2>Kernel memory</h2>
 *
 * <p>The allocators have Linux's names, flags and failures: no memory is 0 or -1, misuse is an
 * exception of one line. {@link org.memarium.kernel.KernelPages} is the page allocator in the hands
 * of the machine's owner; {@link org.memarium.kernel.LinearMemory} reads and writes by address.
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="pages"}
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="kmalloc"}
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="slab"}
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="vmalloc"}
 *
 * <h2>Programs</h2>
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="program"}
 *
 * <p>A program can be stopped on its way, looked at, and run on:
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="steps"}
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="translate"}
 *
 * <h2>Views, and the question "what if"</h2>
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="views"}
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="whatIf"}
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="preset"}
 *
 * <p>A machine belongs to the thread that boots it; many may live in one process. Two of equal
 * configuration do the same to the last event.
 */
@NullMarked
package org.memarium.kernel;

import org.jspecify.annotations.NullMarked;
