package org.memarium.kernel.syscall;

import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/** {@code do_sigtimedwait}: takes a signal of a set, as soon as there is one, without a handler. */
final class SignalTimedWait implements SleepingCall {
  private final Kernel kernel;
  private final SignalState signals;
  private final long set;
  private final int to;
  private final Deadline deadline;

  /**
   * A wait that has not begun.
   *
   * @param set the signals
   * @param to where the {@code siginfo_t} goes; 0 for nowhere
   */
  SignalTimedWait(Kernel kernel, long set, int to, Deadline deadline) {
    this.kernel = kernel;
    this.signals = kernel.task().signals();
    this.set = set;
    this.to = to;
    this.deadline = deadline;
  }

  /** The signal's number if one is there already, or the sleep. */
  long begin() {
    long result = tryAgain();
    if (result != ASLEEP) {
      return result;
    }
    signals.beginWait(set);
    return kernel.sleepUntil(deadline.atNanos(), this);
  }

  @Override
  public long tryAgain() {
    SignalInfo info = signals.dequeue(set);
    if (info == null) {
      return deadline.hasPassed() ? -Errno.EAGAIN : ASLEEP;
    }
    if (to != 0) {
      kernel.memory().write(Integer.toUnsignedLong(to), SignalFrame.siginfo(info));
    }
    return info.signal();
  }

  @Override
  public long interrupted() {
    return -Errno.EINTR;
  }

  @Override
  public boolean waitsForOutside() {
    return !deadline.exists();
  }

  @Override
  public void ended() {
    signals.endWait();
  }

  @Override
  public String what() {
    return "one of the signals 0x%x".formatted(set);
  }
}
