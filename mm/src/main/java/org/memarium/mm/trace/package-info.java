/**
 * Tracepoints and vmstat counters: the one way anything above learns what happened below.
 *
 * <p>{@link org.memarium.mm.trace.Trace} delivers {@link org.memarium.mm.trace.TraceEvent}s, {@link
 * org.memarium.mm.trace.VmStat} counts.
 */
@NullMarked
package org.memarium.mm.trace;

import org.jspecify.annotations.NullMarked;
