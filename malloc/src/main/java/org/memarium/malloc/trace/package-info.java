/**
 * Allocation patterns of real programs: recorded while they run, kept in files, replayed on other
 * allocators.
 */
@NullMarked
package org.memarium.malloc.trace;

import org.jspecify.annotations.NullMarked;
