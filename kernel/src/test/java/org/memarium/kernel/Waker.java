package org.memarium.kernel;

import org.memarium.kernel.process.Signal;

/**
 * Kills what waits for the outside, from another thread, for a test that is not there to answer:
 * when the thread that runs the machine has waited at two looks in a row.
 */
final class Waker implements AutoCloseable {
  private static final int MILLIS_BETWEEN_LOOKS = 5;

  private final Thread thread;

  /** Watches the thread that calls. */
  Waker(Machine machine) {
    Thread runner = Thread.currentThread();
    thread = new Thread(() -> watch(runner, machine));
    thread.setDaemon(true);
    thread.start();
  }

  private static void watch(Thread runner, Machine machine) {
    boolean waited = false;
    while (true) {
      try {
        Thread.sleep(MILLIS_BETWEEN_LOOKS);
      } catch (InterruptedException closed) {
        return;
      }
      Thread.State state = runner.getState();
      boolean waits = state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
      if (waits && waited) {
        machine.interrupt(Signal.SIGKILL);
      }
      waited = waits;
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
