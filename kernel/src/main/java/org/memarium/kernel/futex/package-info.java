/**
 * Futexes: sleeping and waking at a word of user memory, with and without an owner; Linux {@code
 * kernel/futex}. Knows threads only as those who sleep, and memory only as words.
 */
@NullMarked
package org.memarium.kernel.futex;

import org.jspecify.annotations.NullMarked;
