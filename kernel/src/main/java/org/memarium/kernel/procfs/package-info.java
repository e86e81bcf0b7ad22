/**
 * Linux's {@code fs/proc}: files whose contents are made when they are opened, from the counters
 * and lists that everything else reads too.
 *
 * <p>Formats are those of Linux, byte for byte. What a file needs of the process and the machine
 * comes through {@link org.memarium.kernel.procfs.ProcessView} and {@link
 * org.memarium.kernel.procfs.SystemView}.
 */
@NullMarked
package org.memarium.kernel.procfs;

import org.jspecify.annotations.NullMarked;
