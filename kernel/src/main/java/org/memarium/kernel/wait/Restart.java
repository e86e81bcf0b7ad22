package org.memarium.kernel.wait;

/**
 * What a call that a signal broke off answers inside the kernel; no program ever sees these numbers
 * (Linux {@code include/linux/errno.h}). A handler makes some of them EINTR; without one the call
 * is made again.
 */
public final class Restart {
  /** Made again, unless a handler without SA_RESTART runs: {@code ERESTARTSYS}. */
  public static final int SYS = 512;

  /** Made again, always: {@code ERESTARTNOINTR}. */
  public static final int NOINTR = 513;

  /** Made again, unless a handler runs: {@code ERESTARTNOHAND}. */
  public static final int NOHAND = 514;

  /**
   * Goes on by restart_syscall with what is left of its time, unless a handler runs: {@code
   * ERESTART_RESTARTBLOCK}.
   */
  public static final int BLOCK = 516;

  private Restart() {}

  /** Whether a call's result is one of these, negated. */
  public static boolean isRestart(long result) {
    return result <= -SYS && result >= -BLOCK && result != -515;
  }
}
