/**
 * What tasks wait for: queues of waiters, and timers on the virtual clock. Knows nothing of who
 * waits, nor of what for.
 */
@NullMarked
package org.memarium.kernel.wait;

import org.jspecify.annotations.NullMarked;
