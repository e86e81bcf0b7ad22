package org.memarium.kernel.process;

/**
 * What a parent is told of a child: by SIGCHLD, by wait4 or by waitid.
 *
 * <pre>
 *   what happened    status of wait4              cause           value
 *   exited           status << 8                  CLD_EXITED      the status
 *   killed           signal, 0x80: core dumped    CLD_KILLED      the signal
 *   stopped          signal << 8 | 0x7f           CLD_STOPPED     the signal
 *   continued        0xffff                       CLD_CONTINUED   SIGCONT
 * </pre>
 *
 * @param status as wait4 stores it
 * @param cause {@code si_code}
 * @param value {@code si_status}
 */
public record ChildStatus(int status, int cause, int value) {
  private static final int STOPPED = 0x7f;
  private static final int CONTINUED = 0xffff;

  /** Of a process that has ended. */
  public static ChildStatus ofEnd(UserProcess process) {
    int code = process.exitCode();
    int signal = code & 0x7f;
    if (signal == 0) {
      return new ChildStatus(code, SignalInfo.CLD_EXITED, code >> 8);
    }
    boolean dumped = (code & UserProcess.CORE_DUMPED) != 0;
    return new ChildStatus(code, dumped ? SignalInfo.CLD_DUMPED : SignalInfo.CLD_KILLED, signal);
  }

  /** Of one that a signal stopped. */
  public static ChildStatus ofStop(int signal) {
    return new ChildStatus(signal << 8 | STOPPED, SignalInfo.CLD_STOPPED, signal);
  }

  /** Of one that goes on. */
  public static ChildStatus ofContinue() {
    return new ChildStatus(CONTINUED, SignalInfo.CLD_CONTINUED, Signal.SIGCONT);
  }

  /** The signal that tells a parent. */
  SignalInfo info(int signal, UserProcess child) {
    ResourceUsage usage = child.ownUsage();
    return SignalInfo.child(
        signal,
        cause,
        child.pid(),
        child.leader().identity().uid(),
        value,
        (int) VirtualClock.ticks(usage.userNanos()),
        0);
  }
}
