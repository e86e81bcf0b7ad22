package org.memarium.oracle;

import org.memarium.mm.Errno;

/**
 * What became of a step.
 *
 * @param result of a call, or what was read; 0 of a write
 * @param signal that the access caused; 0: none
 * @param code its {@code si_code}
 * @param address its {@code si_addr}
 * @param faults page faults of the process, minor and major, from its beginning on
 */
record Outcome(int result, int signal, int code, int address, int faults) {

  /** Whether it is a call's error. */
  boolean isError() {
    return signal == 0 && result < 0 && result > -4096;
  }

  @Override
  public String toString() {
    if (signal != 0) {
      return "signal %d, code %d, address 0x%x".formatted(signal, code, address);
    }
    return isError() ? "-" + Errno.name(-result) : "0x%x".formatted(result);
  }
}
