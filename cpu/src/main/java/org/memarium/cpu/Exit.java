package org.memarium.cpu;

/** Why {@link Cpu#run} came back. */
public enum Exit {
  /**
   * A software interrupt: {@code int n}, {@code int3}, or {@code into} with OF set. {@link
   * Cpu#interruptVector()} names it; EIP is behind the instruction, which counts as executed.
   */
  INTERRUPT,

  /**
   * An instruction raised an exception, {@link Cpu#exception()}. EIP is at the instruction; it has
   * changed nothing, and does not count as executed. (A repeated string instruction keeps the
   * rounds before the fault, as on hardware.) A single step (TF) comes as #DB with EIP behind the
   * instruction.
   */
  EXCEPTION,

  /** As many instructions as were allowed have been executed. */
  BUDGET,

  /** Another thread called {@link Cpu#requestStop()}. */
  STOPPED
}
