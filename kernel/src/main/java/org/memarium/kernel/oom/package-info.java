/** Who must end when memory does: the OOM killer and its report. */
@NullMarked
package org.memarium.kernel.oom;

import org.jspecify.annotations.NullMarked;
