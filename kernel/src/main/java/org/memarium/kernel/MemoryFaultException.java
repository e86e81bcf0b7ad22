package org.memarium.kernel;

import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.mm.fault.FaultResult;

/**
 * An access by a {@link JavaProgram} that a program of instructions would have got a signal for.
 * Nobody is sent one.
 */
public final class MemoryFaultException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int signal;
  private final int code;
  private final long address;

  MemoryFaultException(FaultResult result, long address) {
    super("%s at 0x%08x".formatted(result.word(), address), null, true, false);
    this.address = address;
    signal =
        switch (result) {
          case SIGBUS -> Signal.SIGBUS;
          case SEGV_MAPERR, SEGV_ACCERR -> Signal.SIGSEGV;
          case OOM -> Signal.SIGKILL;
          case MINOR, MAJOR, RETRY ->
              throw new IllegalStateException("no end of a fault: " + result);
        };
    code =
        switch (result) {
          case SIGBUS -> SignalInfo.BUS_ADRERR;
          case SEGV_ACCERR -> SignalInfo.SEGV_ACCERR;
          case SEGV_MAPERR -> SignalInfo.SEGV_MAPERR;
          default -> SignalInfo.KERNEL;
        };
  }

  /** The signal: SIGSEGV, SIGBUS, or SIGKILL where no frame was left. */
  public int signal() {
    return signal;
  }

  /** {@code si_code}, such as {@link SignalInfo#SEGV_MAPERR}. */
  public int code() {
    return code;
  }

  /** {@code si_addr}: the linear address that could not be reached. */
  public long address() {
    return address;
  }
}
