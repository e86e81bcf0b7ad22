package org.memarium.kernel.tty;

import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * A pseudo-terminal: what is written to the master is typed at the slave, and what programs write
 * to the slave is read from the master; Linux {@code drivers/tty/pty.c}.
 */
public final class Pty {
  /** What the slave's programs may write before somebody reads it. */
  private static final int OUTPUT_BYTES = 1 << 16;

  private final int index;
  private final Tty slave;
  private final byte[] ring = new byte[OUTPUT_BYTES];
  private int first;
  private int filled;
  private final WaitQueue queue = new WaitQueue();

  private boolean locked = true;
  private int slaves;
  private boolean wasOpened;
  private boolean masterClosed;

  /**
   * A new pair; the slave is locked.
   *
   * @param index the number of the slave's name
   */
  public Pty(int index, JobControl jobs) {
    this.index = index;
    this.slave =
        new Tty(
            jobs,
            Termios.standard(),
            new TtyOutput() {
              @Override
              public int room() {
                return masterClosed ? OUTPUT_BYTES : OUTPUT_BYTES - filled;
              }

              @Override
              public void put(byte[] bytes, int offset, int count) {
                append(bytes, offset, count);
              }
            });
    slave.onRoom(() -> queue.wakeUp(0, Integer.MAX_VALUE));
  }

  private void append(byte[] bytes, int offset, int count) {
    if (masterClosed) {
      return;
    }
    for (int i = 0; i < count; i++) {
      ring[(first + filled++) % OUTPUT_BYTES] = bytes[offset + i];
    }
    queue.wakeUp(0, Integer.MAX_VALUE);
  }

  /** N in /dev/pts/N. */
  public int index() {
    return index;
  }

  /** The terminal that programs have. */
  public Tty slave() {
    return slave;
  }

  /** TIOCGPTLCK: whether the slave cannot be opened yet. */
  public boolean isLocked() {
    return locked;
  }

  /** TIOCSPTLCK. */
  public void setLocked(boolean value) {
    locked = value;
  }

  /** Somebody opens the slave. */
  public void slaveOpened() {
    slaves++;
    wasOpened = true;
  }

  /** Somebody closes the slave; with the last one, the master's reads end. */
  public void slaveClosed() {
    if (--slaves == 0) {
      queue.wakeUpAll();
    }
  }

  /** The master is closed: the slave's programs lose their terminal. */
  public void masterClosed() {
    masterClosed = true;
    filled = 0;
    slave.otherClosed(true);
    slave.hangUp();
  }

  private boolean isAbandoned() {
    return wasOpened && slaves == 0;
  }

  /** Where who has the master open waits. */
  public WaitQueue queue() {
    return queue;
  }

  /** Reads what the slave's programs wrote. */
  public long read(byte[] to, int offset, int count) {
    if (filled == 0) {
      return isAbandoned() ? -Errno.EIO : SleepingCall.ASLEEP;
    }
    int bytes = Math.min(count, filled);
    for (int i = 0; i < bytes; i++) {
      to[offset + i] = ring[first];
      first = (first + 1) % OUTPUT_BYTES;
    }
    filled -= bytes;
    slave.outputHasRoom();
    return bytes;
  }

  /** Types at the slave. */
  public long write(byte[] from, int offset, int count) {
    int taken = slave.receive(from, offset, count);
    return taken > 0 || count == 0 ? taken : SleepingCall.ASLEEP;
  }

  /** Bytes to read from the master. */
  public int bytesToRead() {
    return filled;
  }

  /** Whether a read from the master has something, or ends. */
  public boolean isReadable() {
    return filled > 0 || isAbandoned();
  }

  /** Whether nobody has the slave open any more. */
  public boolean isSlaveGone() {
    return isAbandoned();
  }

  /** Whether what is written is taken. */
  public boolean isWritable() {
    return slave.room() > 0;
  }
}
