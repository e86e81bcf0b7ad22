package org.memarium.hardware;

/**
 * An exception of the processor (Intel SDM vol. 3A, 6.15): what an instruction raises instead of
 * finishing. The instruction has then changed nothing.
 *
 * <p>Thrown often and caught by the processor's own loop, it carries no stack trace.
 */
public final class ProcessorException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** #DE: division by zero, or a quotient that does not fit. */
  public static final int DIVIDE_ERROR = 0;

  /** #DB: single step or hardware breakpoint. */
  public static final int DEBUG = 1;

  /** #BP: {@code int3}. */
  public static final int BREAKPOINT = 3;

  /** #OF: {@code into} with OF set. */
  public static final int OVERFLOW = 4;

  /** #BR: {@code bound}. */
  public static final int BOUND_RANGE = 5;

  /** #UD: no such instruction. */
  public static final int INVALID_OPCODE = 6;

  /** #NM: no floating-point unit, or its state is not loaded. */
  public static final int DEVICE_NOT_AVAILABLE = 7;

  /** #NP: a segment is marked not present. */
  public static final int SEGMENT_NOT_PRESENT = 11;

  /** #SS: an access beyond the stack segment. */
  public static final int STACK_FAULT = 12;

  /** #GP: everything that privilege and limits forbid. */
  public static final int GENERAL_PROTECTION = 13;

  /** #PF: the page walk found no translation, or one that forbids the access. */
  public static final int PAGE_FAULT = 14;

  /** #MF: an unmasked x87 exception is pending. */
  public static final int FLOATING_POINT = 16;

  /** #AC: an unaligned access with alignment checks on. */
  public static final int ALIGNMENT_CHECK = 17;

  /** #XM: an SSE exception that MXCSR does not mask; its flags are set in MXCSR. */
  public static final int SIMD_FLOATING_POINT = 19;

  /** In {@link #debugStatus}: BS of DR6, a single step. */
  public static final int DEBUG_SINGLE_STEP = 1 << 14;

  private final int vector;
  private final int errorCode;
  private final long register;

  /**
   * An exception, and what a register says of it.
   *
   * @param register CR2 of a page fault, DR6 of #DB, otherwise 0
   */
  private ProcessorException(int vector, int errorCode, long register) {
    super(null, null, false, false);
    this.vector = vector;
    this.errorCode = errorCode;
    this.register = register;
  }

  /** An exception without an error code. */
  public static ProcessorException of(int vector) {
    return new ProcessorException(vector, 0, 0);
  }

  /** An exception with an error code: for segment faults the selector's index and table bits. */
  public static ProcessorException of(int vector, int errorCode) {
    return new ProcessorException(vector, errorCode, 0);
  }

  /**
   * A page fault.
   *
   * @param linearAddress what CR2 holds
   * @param errorCode bits as in {@link PageFaultCode}
   */
  public static ProcessorException pageFault(long linearAddress, int errorCode) {
    return new ProcessorException(PAGE_FAULT, errorCode, linearAddress);
  }

  /** #DB after an instruction that ran with TF set. */
  public static ProcessorException singleStep() {
    return new ProcessorException(DEBUG, 0, DEBUG_SINGLE_STEP);
  }

  /** #DB of {@code int1}, which leaves no cause in DR6. */
  public static ProcessorException debugTrap() {
    return new ProcessorException(DEBUG, 0, 0);
  }

  /** The vector: one of the constants here. */
  public int vector() {
    return vector;
  }

  /** The error code that the processor pushes; 0 where the vector has none. */
  public int errorCode() {
    return errorCode;
  }

  /** For a page fault the linear address (CR2), otherwise 0. */
  public long linearAddress() {
    return vector == PAGE_FAULT ? register : 0;
  }

  /** For #DB its cause, as DR6 has it: {@link #DEBUG_SINGLE_STEP} or 0; otherwise 0. */
  public int debugStatus() {
    return vector == DEBUG ? (int) register : 0;
  }

  @Override
  public String getMessage() {
    return vector == PAGE_FAULT
        ? "page fault at 0x%08x, error code 0x%x".formatted(register, errorCode)
        : "exception %d, error code 0x%x".formatted(vector, errorCode);
  }
}
