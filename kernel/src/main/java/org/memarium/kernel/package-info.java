/**
 * The machine: RAM, processor, memory manager and one process, booted from a {@link
 * org.memarium.kernel.MachineConfig} and run to its end.
 */
@NullMarked
package org.memarium.kernel;

import org.jspecify.annotations.NullMarked;
