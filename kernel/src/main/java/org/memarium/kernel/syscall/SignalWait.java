package org.memarium.kernel.syscall;

import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;

/** {@code sigsuspend} and {@code pause}: only a handler that runs ends it, or the end of all. */
final class SignalWait implements SleepingCall {
  @Override
  public long tryAgain() {
    return ASLEEP;
  }

  @Override
  public long interrupted() {
    return -Restart.NOHAND;
  }

  @Override
  public boolean waitsForOutside() {
    return true;
  }

  @Override
  public String what() {
    return "a signal";
  }
}
