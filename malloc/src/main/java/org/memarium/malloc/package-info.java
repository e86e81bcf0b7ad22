/** {@code malloc}, {@code free} and their kin, on the memory of a process. */
@NullMarked
package org.memarium.malloc;

import org.jspecify.annotations.NullMarked;
