package org.memarium.kernel.process;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.Restart;
import org.memarium.mm.Errno;

/**
 * The system call that a task makes, or made last, and how it goes on where a signal broke it off.
 */
public final class CallState {
  private int number;
  private int restartCode;
  private @Nullable LongSupplier restart;

  /** {@code orig_ax}: its number. */
  public int number() {
    return number;
  }

  /** Begins a system call. */
  public void begin(int callNumber) {
    number = callNumber;
    restartCode = 0;
  }

  /** What a broken-off call answered, one of {@link Restart}; 0: there is nothing to make again. */
  public int restartCode() {
    return restartCode;
  }

  /** Says that the call is to be made again, or not: 0. */
  public void setRestartCode(int code) {
    restartCode = code;
  }

  /** {@code restart_block}: what restart_syscall does after {@link Restart#BLOCK}. */
  public void setRestart(LongSupplier call) {
    restart = call;
  }

  /** {@code restart_syscall}: goes on with what was broken off; -EINTR if nothing was. */
  public long restart() {
    LongSupplier call = restart;
    restart = null;
    return call == null ? -Errno.EINTR : call.getAsLong();
  }
}
