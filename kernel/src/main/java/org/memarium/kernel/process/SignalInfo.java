package org.memarium.kernel.process;

/**
 * {@code siginfo_t}: why a signal came.
 *
 * @param signal its number
 * @param code {@code si_code}: one of the constants here, positive if the kernel sent it
 * @param pid sender, where a process sent it
 * @param uid the sender's user
 * @param linearAddress {@code si_addr}, where an instruction caused it
 */
public record SignalInfo(int signal, int code, int pid, int uid, long linearAddress) {
  /** {@code SI_USER}: kill. */
  public static final int USER = 0;

  /** {@code SI_KERNEL}. */
  public static final int KERNEL = 0x80;

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

  /** Sent by {@code kill}, or from outside the machine. */
  public static SignalInfo fromUser(int signal, int pid, int uid) {
    return new SignalInfo(signal, USER, pid, uid, 0);
  }

  /** Caused by an instruction. */
  public static SignalInfo fault(int signal, int code, long linearAddress) {
    return new SignalInfo(signal, code, 0, 0, linearAddress);
  }
}
