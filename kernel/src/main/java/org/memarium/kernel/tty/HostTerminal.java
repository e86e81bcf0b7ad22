package org.memarium.kernel.tty;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** The terminal of whoever started the machine: its keyboard and its screen. */
public final class HostTerminal {
  private final Tty tty;
  private final boolean hasKeyboard;

  /** What was typed and has no room in the terminal yet. */
  private final Deque<byte[]> typedAhead = new ArrayDeque<>();

  /**
   * A terminal.
   *
   * @param screen where output goes; null: nowhere
   * @param hasKeyboard whether anything is typed: then the host passes every byte on as it is, and
   *     otherwise it goes on treating output itself
   */
  public HostTerminal(JobControl jobs, @Nullable WritableByteChannel screen, boolean hasKeyboard) {
    this.hasKeyboard = hasKeyboard;
    Termios termios = Termios.utf8();
    this.tty = new Tty(jobs, termios, new Screen(screen, !hasKeyboard));
    tty.onRoom(this::refill);
  }

  /** The terminal as programs have it. */
  public Tty tty() {
    return tty;
  }

  /** Whether anything is typed. */
  public boolean hasKeyboard() {
    return hasKeyboard;
  }

  /** These bytes were typed. */
  public void typed(byte[] bytes) {
    typedAhead.add(bytes);
    refill();
  }

  /** The keyboard is gone. */
  public void hangUp() {
    tty.hangUp();
  }

  private void refill() {
    while (!typedAhead.isEmpty()) {
      byte[] next = typedAhead.remove();
      int taken = tty.receive(next, 0, next.length);
      if (taken < next.length) {
        typedAhead.addFirst(Arrays.copyOfRange(next, taken, next.length));
        return;
      }
    }
  }

  /** Writes to the host wait there, so there is always room. */
  private record Screen(@Nullable WritableByteChannel channel, boolean hostAddsReturns)
      implements TtyOutput {
    @Override
    public int room() {
      return 1 << 20;
    }

    @Override
    public void put(byte[] bytes, int offset, int count) {
      if (channel == null) {
        return;
      }
      ByteBuffer buffer = ByteBuffer.wrap(bytes, offset, count);
      if (hostAddsReturns) {
        buffer = withoutReturns(buffer);
      }
      try {
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      } catch (IOException screenIsGone) {
        return;
      }
    }

    /** The host's terminal makes a new line of what ends one. */
    private static ByteBuffer withoutReturns(ByteBuffer from) {
      ByteBuffer to = ByteBuffer.allocate(from.remaining());
      while (from.hasRemaining()) {
        byte c = from.get();
        boolean pair = c == '\r' && from.hasRemaining() && from.get(from.position()) == '\n';
        if (!pair) {
          to.put(c);
        }
      }
      return to.flip();
    }
  }
}
