/** {@code struct task_struct} and what hangs on it: image, signals, segments for its TLS. */
@NullMarked
package org.memarium.kernel.process;

import org.jspecify.annotations.NullMarked;
