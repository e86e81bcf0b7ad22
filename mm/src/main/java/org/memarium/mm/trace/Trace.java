package org.memarium.mm.trace;

import java.util.function.LongSupplier;

/**
 * Tracepoints of one machine.
 *
 * <p>Off unless someone listens. A tracepoint asks first, so that an event which nobody wants is
 * never built:
 *
 * <pre>{@code
 * if (trace.isOn()) {
 *   trace.emit(new TraceEvent.MmPageAlloc(pfn, order, gfpFlags));
 * }
 * }</pre>
 */
public final class Trace {
  private static final TraceListener[] NOBODY = {};

  private TraceListener[] listeners = NOBODY;
  private final VirtualTime time = new VirtualTime();
  private long sequence;
  private boolean on;

  /** A trace that nobody listens to yet, and whose clock only waiting and reclaim move, from 0. */
  public Trace() {}

  /**
   * Names the virtual clock that stamps the events, in nanoseconds since boot; it adds {@link
   * VirtualTime#passedNanos()} to what it counts itself.
   */
  public void setClock(LongSupplier virtualNanos) {
    time.setClock(virtualNanos);
  }

  /** The virtual clock, what things cost, and waiting for devices. */
  public VirtualTime time() {
    return time;
  }

  /** The virtual clock's time, in nanoseconds. */
  public long nanos() {
    return time.nanos();
  }

  /** Whether anybody listens; a tracepoint builds its event only then. */
  public boolean isOn() {
    return on;
  }

  /** Adds a listener; listeners are called in the order in which they came. */
  public void listen(TraceListener listener) {
    TraceListener[] more = new TraceListener[listeners.length + 1];
    System.arraycopy(listeners, 0, more, 0, listeners.length);
    more[listeners.length] = listener;
    listeners = more;
    on = true;
  }

  /** Removes this very listener; one that is not there is no error. */
  @SuppressWarnings("ReferenceEquality")
  public void stopListening(TraceListener listener) {
    for (int i = 0; i < listeners.length; i++) {
      if (listeners[i] == listener) {
        TraceListener[] fewer = new TraceListener[listeners.length - 1];
        System.arraycopy(listeners, 0, fewer, 0, i);
        System.arraycopy(listeners, i + 1, fewer, i, fewer.length - i);
        listeners = fewer;
        on = fewer.length > 0;
        return;
      }
    }
  }

  /** Delivers an event to every listener, with the next sequence number and the time. */
  public void emit(TraceEvent event) {
    long number = ++sequence;
    long nanos = time.nanos();
    for (TraceListener listener : listeners) {
      listener.event(number, nanos, event);
    }
  }

  /** How many events were delivered so far. */
  public long delivered() {
    return sequence;
  }
}
