/**
 * Terminals: the line discipline between what is typed and what programs read, job control, and
 * pseudo-terminals (Linux {@code drivers/tty}). Knows nothing of files and processes but what
 * {@link org.memarium.kernel.tty.JobControl} asks of them.
 */
@NullMarked
package org.memarium.kernel.tty;

import org.jspecify.annotations.NullMarked;
