package org.memarium.app;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.memarium.kernel.Machine;

/**
 * Brings what is typed at the host's terminal to a machine: a thread reads, so that the machine
 * goes on meanwhile.
 */
final class Keyboard implements AutoCloseable {
  private static final int BUFFER_BYTES = 4096;

  /** VEOF: what ends a file at a terminal. */
  private static final byte END_OF_FILE = 4;

  private final Machine machine;
  private final StandardInput input;
  private final boolean raw;
  private final Thread thread;
  private volatile boolean closed;

  private Keyboard(Machine machine, StandardInput input, boolean raw) {
    this.machine = machine;
    this.input = input;
    this.raw = raw;
    this.thread = Thread.ofPlatform().name("keyboard").daemon().unstarted(this::forward);
  }

  /**
   * Begins to read.
   *
   * @param raw whether the host passes every byte on; otherwise it gives whole lines, and an end of
   *     the file where its user typed one
   */
  static Keyboard open(Machine machine, StandardInput input, boolean raw) {
    Keyboard keyboard = new Keyboard(machine, input, raw);
    machine.terminal().setWatched(System::nanoTime);
    keyboard.thread.start();
    return keyboard;
  }

  private void forward() {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    while (!closed) {
      buffer.clear();
      int count;
      try {
        count = input.read(buffer);
      } catch (InterruptedIOException signal) {
        continue;
      } catch (IOException terminalIsGone) {
        count = -1;
      }
      if (count > 0) {
        machine.terminal().typed(Arrays.copyOf(buffer.array(), count));
      } else if (count < 0 && !closed) {
        if (raw) {
          machine.terminal().hangUp();
          return;
        }
        machine.terminal().typed(new byte[] {END_OF_FILE});
      }
    }
  }

  /** Reads no more; what was read and not taken is the machine's. */
  @Override
  public void close() {
    closed = true;
    machine.terminal().setWatched(null);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        input.interrupt();
        thread.join(10);
      } catch (IOException | InterruptedException e) {
        interrupted |= e instanceof InterruptedException;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
