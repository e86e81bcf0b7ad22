/** System V's inter-process communication: Linux {@code ipc/}. */
@NullMarked
package org.memarium.kernel.ipc;

import org.jspecify.annotations.NullMarked;
