package org.memarium.kernel.syscall;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/**
 * {@code sendmmsg} and {@code recvmmsg}: one message after the other, each of which may have to
 * wait. What ends the series early is told only if no message went before it.
 *
 * <pre>
 *   struct mmsghdr
 *   0         28        32
 *  +---------+---------+
 *  | msghdr  | length  |
 *  +---------+---------+
 * </pre>
 */
abstract class MessageSeries implements SleepingCall {
  private static final int MMSGHDR_BYTES = 32;

  private final Kernel kernel;
  private final int vector;
  private final int most;
  private int done;
  private @Nullable FileTransfer transfer;

  /**
   * A series that has not begun.
   *
   * @param vector where the first {@code struct mmsghdr} stands
   * @param count how many there are
   */
  MessageSeries(Kernel kernel, int vector, int count) {
    this.kernel = kernel;
    this.vector = vector;
    this.most = (int) Math.min(Integer.toUnsignedLong(count), UserBuffer.MAX_PIECES);
  }

  /**
   * The transfer of one message.
   *
   * @param message address of its {@code struct msghdr}
   * @param first whether none went before it
   */
  abstract FileTransfer next(int message, boolean first);

  /** Begins: the number of messages, an error, or {@link #ASLEEP}. */
  final long run() {
    try {
      while (done < most) {
        FileTransfer message = next(vector + MMSGHDR_BYTES * done, done == 0);
        transfer = message;
        long result = message.begin(this);
        if (result == ASLEEP) {
          return ASLEEP;
        }
        if (!count(result)) {
          return orDone(result);
        }
      }
      return done;
    } catch (UserFaultException badPointer) {
      return orDone(-Errno.EFAULT);
    } catch (CallFailedException failure) {
      return orDone(failure.result());
    }
  }

  /** A message is done; false if it failed. */
  private boolean count(long result) {
    if (result < 0) {
      return false;
    }
    long at = Integer.toUnsignedLong(vector + MMSGHDR_BYTES * done);
    kernel.memory().writeInt(at + MessageCalls.MSGHDR_BYTES, (int) result);
    done++;
    return true;
  }

  private long orDone(long result) {
    return done > 0 ? done : result;
  }

  private FileTransfer transfer() {
    FileTransfer present = transfer;
    if (present == null) {
      throw new IllegalStateException("a series of messages sleeps before its first");
    }
    return present;
  }

  @Override
  public long tryAgain() {
    try {
      long result = transfer().tryAgain();
      if (result == ASLEEP) {
        return ASLEEP;
      }
      // The next message may sleep elsewhere.
      kernel.task().sleep().end();
      return count(result) ? run() : orDone(result);
    } catch (UserFaultException badPointer) {
      return orDone(-Errno.EFAULT);
    }
  }

  @Override
  public long interrupted() {
    return orDone(transfer().interrupted());
  }

  @Override
  public boolean waitsForOutside() {
    return transfer().waitsForOutside();
  }

  @Override
  public void ended() {
    transfer().ended();
  }

  @Override
  public String what() {
    return transfer().what();
  }
}
