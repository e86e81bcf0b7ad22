package org.memarium.kernel.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What comes from outside the machine, on its way from another thread: signals, and what is typed.
 * The machine's thread takes it between two instructions, or wakes from a wait.
 */
public final class ExternalSignals {
  private final Deque<Integer> arrived = new ArrayDeque<>();
  private static final long NANOS_PER_MILLI = 1_000_000;
  private @Nullable LongSupplier hostNanos;
  private final Deque<Runnable> events = new ArrayDeque<>();

  /** Adds one; from any thread. */
  public synchronized void send(int signal) {
    arrived.add(signal);
    notifyAll();
  }

  /** The oldest one, or null. */
  public synchronized @Nullable Integer poll() {
    return arrived.poll();
  }

  /** Adds what is to be done in the machine's thread; from any thread. */
  public synchronized void post(Runnable event) {
    events.add(event);
    notifyAll();
  }

  /** The oldest thing to be done, or null. */
  public synchronized @Nullable Runnable pollEvent() {
    return events.poll();
  }

  /** Forgets those that wait: whom they were for has ended. */
  public synchronized void clear() {
    arrived.clear();
  }

  /** Whether one waits to be taken; from any thread. */
  public synchronized boolean isPending() {
    return !arrived.isEmpty();
  }

  /** Whoever waits looks again whether he should; from any thread. */
  public synchronized void nudge() {
    notifyAll();
  }

  /**
   * Somebody sits before the machine, and time passes for him as it does on the host.
   *
   * @param nanos the host's clock; null: nobody is there any more
   */
  public synchronized void setWatched(@Nullable LongSupplier nanos) {
    hostNanos = nanos;
  }

  /**
   * Nobody in the machine can run for a time. It passes at once; but where somebody is watching, it
   * takes its time, and ends when something comes from outside.
   *
   * @param unless see {@link #await}
   * @return how many nanoseconds have passed
   */
  public synchronized long pass(long nanos, BooleanSupplier unless) {
    LongSupplier clock = hostNanos;
    if (clock == null) {
      return nanos;
    }
    long start = clock.getAsLong();
    long passed = 0;
    boolean interrupted = false;
    while (passed < nanos && arrived.isEmpty() && events.isEmpty() && !unless.getAsBoolean()) {
      long millis = (nanos - passed) / NANOS_PER_MILLI;
      if (millis == 0) {
        return nanos;
      }
      try {
        wait(millis);
      } catch (InterruptedException e) {
        interrupted = true;
      }
      passed = clock.getAsLong() - start;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return Math.min(passed, nanos);
  }

  /**
   * Waits until there is one, or something to be done.
   *
   * @param unless true: waits no longer; asked at the start and after every {@link #nudge}
   */
  public synchronized void await(BooleanSupplier unless) {
    boolean interrupted = false;
    while (arrived.isEmpty() && events.isEmpty() && !unless.getAsBoolean()) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
