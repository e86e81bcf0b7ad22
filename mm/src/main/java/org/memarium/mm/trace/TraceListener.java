package org.memarium.mm.trace;

/** Receives what {@link Trace} delivers, in order, on the machine's own thread. */
@FunctionalInterface
public interface TraceListener {
  /**
   * Something happened.
   *
   * @param sequence number of the event: 1 for the first that this machine delivered, then one more
   *     each
   * @param virtualNanos the machine's virtual clock at that moment
   * @param event what happened
   */
  void event(long sequence, long virtualNanos, TraceEvent event);
}
