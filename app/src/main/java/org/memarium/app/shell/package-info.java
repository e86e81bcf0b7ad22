/**
 * {@code memarium shell}: a prompt at which a machine is driven by Linux's names.
 *
 * <p>A {@link org.memarium.app.shell.Shell} executes lines, whoever reads them: {@link
 * org.memarium.app.shell.Console} from a terminal, a script line by line. Each command stands once,
 * in a {@link org.memarium.app.shell.Registry} that its group fills; help, completion and the check
 * of its arguments are made from that entry.
 */
@NullMarked
package org.memarium.app.shell;

import org.jspecify.annotations.NullMarked;
