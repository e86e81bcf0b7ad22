package org.memarium.kernel.process;

/**
 * {@code struct k_sigaction}: what a process does with a signal.
 *
 * @param handler {@link #DEFAULT}, {@link #IGNORE}, or the linear address of the handler
 * @param flags bits of the constants here
 * @param restorer where the handler returns to, if {@link #SA_RESTORER} is set
 * @param mask signals blocked while the handler runs
 */
public record SignalAction(long handler, int flags, long restorer, long mask) {
  /** {@code SIG_DFL}. */
  public static final long DEFAULT = 0;

  /** {@code SIG_IGN}. */
  public static final long IGNORE = 1;

  /** The handler takes three arguments, and a {@code siginfo_t} and {@code ucontext_t}. */
  public static final int SA_SIGINFO = 0x4;

  /** Of SIGCHLD: only for a child that has ended, not for one that stops or goes on. */
  public static final int SA_NOCLDSTOP = 0x1;

  /** Of SIGCHLD: children that have ended are forgotten at once. */
  public static final int SA_NOCLDWAIT = 0x2;

  /** {@code restorer} is set. */
  public static final int SA_RESTORER = 0x0400_0000;

  /** The handler runs on the alternate stack. */
  public static final int SA_ONSTACK = 0x0800_0000;

  /** A system call that the signal interrupted is made again. */
  public static final int SA_RESTART = 0x1000_0000;

  /** The signal itself is not blocked while its handler runs. */
  public static final int SA_NODEFER = 0x4000_0000;

  /** The action is the default again once the handler runs. */
  public static final int SA_RESETHAND = 0x8000_0000;

  /** What a new process does. */
  public static final SignalAction NONE = new SignalAction(DEFAULT, 0, 0, 0);

  /** Whether the program catches it. */
  public boolean isHandler() {
    return handler != DEFAULT && handler != IGNORE;
  }

  /** Whether a flag is set. */
  public boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
