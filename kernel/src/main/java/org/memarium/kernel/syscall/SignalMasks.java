package org.memarium.kernel.syscall;

import org.memarium.kernel.process.SignalState;
import org.memarium.mm.Errno;

/** The other set of blocked signals that ppoll and its kin wait with; {@code set_user_sigmask}. */
final class SignalMasks {
  private static final int SIGSET_BYTES = 8;

  private final Kernel kernel;

  SignalMasks(Kernel kernel) {
    this.kernel = kernel;
  }

  /**
   * From now on other signals are blocked, until {@link #restore}; or until a signal has been
   * delivered, if one comes first.
   *
   * @param mask its address; 0: nothing changes
   * @throws CallFailedException EINVAL for a wrong size
   */
  void set(int mask, int bytes) {
    if (mask == 0) {
      return;
    }
    if (bytes != SIGSET_BYTES) {
      throw new CallFailedException(Errno.EINVAL);
    }
    long blocked = kernel.memory().readLong(Integer.toUnsignedLong(mask));
    SignalState signals = kernel.task().signals();
    signals.saveBlocked();
    signals.setBlocked(blocked);
  }

  /** The call is over, and no signal broke it off. */
  void restore() {
    kernel.task().signals().restoreSavedBlocked();
  }
}
