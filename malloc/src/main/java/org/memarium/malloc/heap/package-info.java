/**
 * Readers of heaps: what the C library of a running program has made of its memory, found out from
 * outside, without the program's help and without symbols.
 */
@NullMarked
package org.memarium.malloc.heap;

import org.jspecify.annotations.NullMarked;
