/**
 * What things cost: JMH benchmarks of single mechanisms, and whole programs beside {@code
 * qemu-i386} and the host. {@code bench/run} runs them all and prints the table of {@code
 * docs/performance.md}.
 */
@NullMarked
package org.memarium.bench;

import org.jspecify.annotations.NullMarked;
