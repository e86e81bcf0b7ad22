package org.memarium.kernel.process;

/**
 * {@code siginfo_t}: why a signal came. What follows the first three numbers depends on the code:
 *
 * <pre>
 *             first      second     third    fourth        fifth
 *   sent      pid        uid        value
 *   timer     id         overruns   value    generation, which the program is not told
 *   child     pid        uid        status   user ticks    system ticks
 *   fault     address
 * </pre>
 *
 * @param signal its number
 * @param errno a number that the kernel never sets
 * @param code {@code si_code}: one of the constants here, positive if the kernel sent it
 */
public record SignalInfo(
    int signal, int errno, int code, int first, int second, int third, int fourth, int fifth) {
  /** {@code SI_USER}: kill. */
  public static final int USER = 0;

  /** {@code SI_KERNEL}. */
  public static final int KERNEL = 0x80;

  /** {@code SI_QUEUE}: sigqueue. */
  public static final int QUEUE = -1;

  /** {@code SI_TIMER}: a timer of timer_create. */
  public static final int TIMER = -2;

  /** {@code SI_TKILL}: tkill and tgkill. */
  public static final int TKILL = -6;

  /** {@code SEGV_MAPERR}: no area there. */
  public static final int SEGV_MAPERR = 1;

  /** {@code SEGV_ACCERR}: the area does not allow it. */
  public static final int SEGV_ACCERR = 2;

  /** {@code BUS_ADRALN}: not aligned. */
  public static final int BUS_ADRALN = 1;

  /** {@code BUS_ADRERR}: nothing behind the address, such as beyond the end of a file. */
  public static final int BUS_ADRERR = 2;

  /** {@code ILL_ILLOPN}: illegal operand, which Linux says of every #UD. */
  public static final int ILL_ILLOPN = 2;

  /** {@code FPE_INTDIV}: division by zero. */
  public static final int FPE_INTDIV = 1;

  /** {@code FPE_FLTDIV}: floating-point division by zero. */
  public static final int FPE_FLTDIV = 3;

  /** {@code FPE_FLTOVF}: floating-point overflow. */
  public static final int FPE_FLTOVF = 4;

  /** {@code FPE_FLTUND}: floating-point underflow. */
  public static final int FPE_FLTUND = 5;

  /** {@code FPE_FLTRES}: floating-point inexact result. */
  public static final int FPE_FLTRES = 6;

  /** {@code FPE_FLTINV}: invalid floating-point operation. */
  public static final int FPE_FLTINV = 7;

  /** {@code TRAP_BRKPT}: int3. */
  public static final int TRAP_BRKPT = 1;

  /** {@code TRAP_TRACE}: single step. */
  public static final int TRAP_TRACE = 2;

  /** {@code CLD_EXITED}: a child has ended by itself. */
  public static final int CLD_EXITED = 1;

  /** {@code CLD_KILLED}: a signal ended a child. */
  public static final int CLD_KILLED = 2;

  /** {@code CLD_DUMPED}: the same, with a core file. */
  public static final int CLD_DUMPED = 3;

  /** {@code CLD_STOPPED}: a child has stopped. */
  public static final int CLD_STOPPED = 5;

  /** {@code CLD_CONTINUED}: a stopped child goes on. */
  public static final int CLD_CONTINUED = 6;

  /** Sent by {@code kill}. */
  public static SignalInfo fromUser(int signal, int pid, int uid) {
    return new SignalInfo(signal, 0, USER, pid, uid, 0, 0, 0);
  }

  /** {@code SEND_SIG_PRIV}: sent by the kernel itself, or from outside the machine. */
  public static SignalInfo kernel(int signal) {
    return new SignalInfo(signal, 0, KERNEL, 0, 0, 0, 0, 0);
  }

  /** Caused by an instruction. */
  public static SignalInfo fault(int signal, int code, long linearAddress) {
    return new SignalInfo(signal, 0, code, (int) linearAddress, 0, 0, 0, 0);
  }

  /**
   * Sent by a timer of timer_create.
   *
   * @param generation which start of the timer it is from
   */
  public static SignalInfo timer(int signal, int id, int value, int generation) {
    return new SignalInfo(signal, 0, TIMER, id, 0, value, generation, 0);
  }

  /**
   * About a child, for its parent.
   *
   * @param code {@code CLD_EXITED} and so on
   * @param status the exit status, or a signal's number
   */
  public static SignalInfo child(
      int signal, int code, int pid, int uid, int status, int userTicks, int systemTicks) {
    return new SignalInfo(signal, 0, code, pid, uid, status, userTicks, systemTicks);
  }

  /** The sender, where a process sent it; or the child. */
  public int pid() {
    return first;
  }

  /** The sender's user. */
  public int uid() {
    return second;
  }

  /** {@code SI_FROMUSER}: sent by a program, and not by the kernel. */
  public boolean isFromUser() {
    return code <= 0;
  }

  /** A timer's signal as the program is told of it. */
  SignalInfo withOverrun(int overrun) {
    return new SignalInfo(signal, errno, code, first, overrun, third, 0, 0);
  }
}
