package org.memarium.kernel.process;

import java.util.List;

/**
 * The signals: numbers, names and default actions, as i386 has them ({@code
 * arch/x86/include/uapi/asm/signal.h}, signal(7)).
 *
 * <p>A set of signals is a long, signal n in bit n - 1.
 */
public final class Signal {
  public static final int SIGHUP = 1;
  public static final int SIGINT = 2;
  public static final int SIGQUIT = 3;
  public static final int SIGILL = 4;
  public static final int SIGTRAP = 5;
  public static final int SIGABRT = 6;
  public static final int SIGBUS = 7;
  public static final int SIGFPE = 8;
  public static final int SIGKILL = 9;
  public static final int SIGUSR1 = 10;
  public static final int SIGSEGV = 11;
  public static final int SIGUSR2 = 12;
  public static final int SIGPIPE = 13;
  public static final int SIGALRM = 14;
  public static final int SIGTERM = 15;
  public static final int SIGCHLD = 17;
  public static final int SIGCONT = 18;
  public static final int SIGSTOP = 19;
  public static final int SIGTSTP = 20;
  public static final int SIGTTIN = 21;
  public static final int SIGTTOU = 22;
  public static final int SIGURG = 23;
  public static final int SIGXCPU = 24;
  public static final int SIGXFSZ = 25;
  public static final int SIGVTALRM = 26;
  public static final int SIGPROF = 27;
  public static final int SIGWINCH = 28;
  public static final int SIGIO = 29;
  public static final int SIGSYS = 31;

  /** The first real-time signal, as the kernel counts: of these each one sent is queued. */
  public static final int SIGRTMIN = 32;

  /** Highest number: {@code _NSIG}, real-time signals included. */
  public static final int COUNT = 64;

  /** What a signal does that the program neither catches nor ignores. */
  public enum DefaultAction {
    /** Nothing. */
    IGNORE,
    /** The process ends, by some signals with a core dump: {@link Signal#dumpsCore}. */
    TERMINATE,
    /** The process stops until SIGCONT. */
    STOP,
    /** A stopped process goes on. */
    CONTINUE
  }

  /** Signals that an instruction causes: they end a process that blocks or ignores them. */
  public static final long SYNCHRONOUS =
      bit(SIGSEGV) | bit(SIGBUS) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGFPE) | bit(SIGSYS);

  /** Signals that stop a process by default: {@code SIG_KERNEL_STOP_MASK}. */
  public static final long STOPS = bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);

  /** Signals that nobody can block, catch or ignore. */
  public static final long UNBLOCKABLE = bit(SIGKILL) | bit(SIGSTOP);

  /** {@code SIG_KERNEL_COREDUMP_MASK}. */
  private static final long DUMPS =
      SYNCHRONOUS | bit(SIGQUIT) | bit(SIGABRT) | bit(SIGXCPU) | bit(SIGXFSZ);

  private static final List<String> NAMES =
      List.of(
          "SIGHUP",
          "SIGINT",
          "SIGQUIT",
          "SIGILL",
          "SIGTRAP",
          "SIGABRT",
          "SIGBUS",
          "SIGFPE",
          "SIGKILL",
          "SIGUSR1",
          "SIGSEGV",
          "SIGUSR2",
          "SIGPIPE",
          "SIGALRM",
          "SIGTERM",
          "SIGSTKFLT",
          "SIGCHLD",
          "SIGCONT",
          "SIGSTOP",
          "SIGTSTP",
          "SIGTTIN",
          "SIGTTOU",
          "SIGURG",
          "SIGXCPU",
          "SIGXFSZ",
          "SIGVTALRM",
          "SIGPROF",
          "SIGWINCH",
          "SIGIO",
          "SIGPWR",
          "SIGSYS");

  private Signal() {}

  /** Whether the process whose end it is leaves a core file, if it may. */
  public static boolean dumpsCore(int signal) {
    return signal <= SIGSYS && (DUMPS & bit(signal)) != 0;
  }

  /** The set of one signal. */
  public static long bit(int signal) {
    return 1L << (signal - 1);
  }

  /** Whether the number is that of a signal: 1 to 64. */
  public static boolean isValid(int signal) {
    return signal >= 1 && signal <= COUNT;
  }

  /** The name: {@code SIGSEGV}; {@code SIGRTMIN+3} for the real-time signals from 32 on. */
  public static String name(int signal) {
    if (signal <= NAMES.size()) {
      return NAMES.get(signal - 1);
    }
    return signal == 32 ? "SIGRTMIN" : "SIGRTMIN+" + (signal - 32);
  }

  /** What it does by default. */
  public static DefaultAction defaultAction(int signal) {
    return switch (signal) {
      case SIGCONT -> DefaultAction.CONTINUE;
      case SIGCHLD, SIGURG, SIGWINCH -> DefaultAction.IGNORE;
      case SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU -> DefaultAction.STOP;
      default -> DefaultAction.TERMINATE;
    };
  }
}
