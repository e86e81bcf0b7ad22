package org.memarium.kernel.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Signals from outside the machine, on their way from another thread: Ctrl-C. The machine's thread
 * takes them between two instructions, or wakes from a wait.
 */
public final class ExternalSignals {
  private final Deque<Integer> arrived = new ArrayDeque<>();

  /** Adds one; from any thread. */
  public synchronized void send(int signal) {
    arrived.add(signal);
    notifyAll();
  }

  /** The oldest one, or null. */
  public synchronized @Nullable Integer poll() {
    return arrived.poll();
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
   * Waits until there is one.
   *
   * @param unless true: waits no longer; asked at the start and after every {@link #nudge}
   */
  public synchronized void await(BooleanSupplier unless) {
    boolean interrupted = false;
    while (arrived.isEmpty() && !unless.getAsBoolean()) {
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
