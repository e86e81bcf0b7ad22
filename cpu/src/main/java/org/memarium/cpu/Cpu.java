package org.memarium.cpu;

import java.util.Arrays;
import org.memarium.cpu.x87.Fpu;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Segmentation;

/**
 * An i386 processor that runs user programs (CPL 3): an i686 with x87, or a Pentium 4, which has
 * MMX, SSE and SSE2, too.
 *
 * <p>It knows the MMU and nothing of Linux. {@link #run} executes until something needs the
 * operating system, and says what; the operating system looks at the registers, changes them, and
 * calls {@link #run} again. One processor belongs to one thread; only {@link #requestStop} may be
 * called from another.
 */
public final class Cpu {
  /** Register numbers, as instructions encode them. */
  public static final int EAX = 0;

  /** Number of ECX. */
  public static final int ECX = 1;

  /** Number of EDX. */
  public static final int EDX = 2;

  /** Number of EBX. */
  public static final int EBX = 3;

  /** Number of ESP. */
  public static final int ESP = 4;

  /** Number of EBP. */
  public static final int EBP = 5;

  /** Number of ESI. */
  public static final int ESI = 6;

  /** Number of EDI. */
  public static final int EDI = 7;

  private final Core core;
  private final Interpreter interpreter;

  /**
   * A processor after reset: general registers 0, EFLAGS with IF set as user programs have it, an
   * initialised x87 unit. The operating system loads segments, EIP and ESP.
   */
  public Cpu(Mmu mmu, Segmentation segmentation) {
    this(mmu, segmentation, CpuModel.DEFAULT);
  }

  /** The same, of a model; its SSE registers are 0, and MXCSR masks everything. */
  public Cpu(Mmu mmu, Segmentation segmentation, CpuModel model) {
    core = new Core(mmu, segmentation, model);
    interpreter = new Interpreter(core);
  }

  /** The MMU that all accesses go through. */
  public Mmu mmu() {
    return core.mmu;
  }

  /** The segment registers. */
  public Segmentation segmentation() {
    return core.segmentation;
  }

  /** The floating-point unit. */
  public Fpu fpu() {
    return core.fpu;
  }

  /** A general register, by number. */
  public int register(int number) {
    return core.r[checked(number)];
  }

  /** Sets a general register. */
  public void setRegister(int number, int value) {
    core.r[checked(number)] = value;
  }

  /** The instruction pointer. */
  public int eip() {
    return core.eip;
  }

  /** Sets the instruction pointer. */
  public void setEip(int eip) {
    core.eip = eip;
  }

  /** EFLAGS, as {@link Flags} draws it. */
  public int eflags() {
    return core.eflags();
  }

  /** Sets EFLAGS; the bits that are constant in the processor stay as they are. */
  public void setEflags(int eflags) {
    core.setEflags(eflags);
  }

  /**
   * Executes instructions until something needs the operating system.
   *
   * @param maxInstructions how many at most; exactly so many if the answer is {@link Exit#BUDGET}
   * @return why it stopped
   */
  public Exit run(long maxInstructions) {
    return interpreter.run(maxInstructions);
  }

  /** After {@link Exit#INTERRUPT}: which one, 0 to 255. */
  public int interruptVector() {
    return core.interruptVector;
  }

  /** After {@link Exit#EXCEPTION}: which one. */
  public ProcessorException exception() {
    ProcessorException exception = core.exception;
    if (exception == null) {
      throw new IllegalStateException("the last run ended without an exception");
    }
    return exception;
  }

  /**
   * Instructions executed since the processor was made: the virtual clock of the machine, which
   * RDTSC reads. While {@link #run} is on its way (as a page-fault handler sees it), the count at
   * the start of the running basic block.
   */
  public long instructions() {
    return core.instructions;
  }

  /**
   * Asks a running {@link #run} to come back soon with {@link Exit#STOPPED}; if none is running,
   * the next one does at once. From any thread.
   */
  public void requestStop() {
    core.requestStop();
  }

  /** Is told when the program reaches a place that is watched. */
  @FunctionalInterface
  public interface Watcher {
    /**
     * The instruction at EIP is next. Registers, {@link Cpu#instructions} and memory are as it will
     * find them; the watcher changes none of them. Told again for an instruction that is executed
     * again, as after a page fault.
     */
    void reached(int eip);
  }

  /** Who is told; the last one given. */
  public void setWatcher(Watcher watcher) {
    core.watches.setWatcher(watcher);
  }

  /**
   * Watches a place, in every address space, from now on: a breakpoint that the program cannot see
   * and that does not stop it. Also from inside a {@link Watcher}.
   *
   * @param eip of the first byte of an instruction; elsewhere it is never reached
   */
  public void watch(int eip) {
    if (core.watches.add(eip)) {
      interpreter.forget(eip);
    }
  }

  /** What this processor is, and announces by CPUID. */
  public CpuModel model() {
    return core.model;
  }

  /** MXCSR: SSE's exceptions, their masks, its rounding. */
  public int mxcsr() {
    return core.simd.unit.mxcsr().get();
  }

  /** Sets x87, MMX and SSE to what they are after reset: execve, the entry of a signal handler. */
  public void resetFloatingPoint() {
    core.fpu.reset();
    core.simd.reset();
  }

  /**
   * Does what FXSAVE does: x87, MMX and SSE, for signal frames and debuggers.
   *
   * @param image 512 bytes; those past the first 288 stay as they are
   */
  public void storeFxsave(byte[] image) {
    SimdState.store(core, image);
  }

  /**
   * Does what FXRSTOR does.
   *
   * @param image 512 bytes
   * @return false, with nothing changed, if MXCSR in it has bits that the processor has not: #GP
   */
  public boolean loadFxsave(byte[] image) {
    return SimdState.load(core, image);
  }

  /** Copies the program's state out. */
  public CpuState save() {
    Fpu fpu = new Fpu();
    fpu.copyFrom(core.fpu);
    return new CpuState(
        Arrays.copyOf(core.r, 8),
        core.eip,
        eflags(),
        core.segmentation.save(),
        fpu,
        core.simd.xmm.clone(),
        mxcsr());
  }

  /** Becomes what was saved; the count of instructions is the machine's and stays. */
  public void restore(CpuState state) {
    System.arraycopy(state.registers(), 0, core.r, 0, 8);
    core.eip = state.eip();
    setEflags(state.eflags());
    core.segmentation.restore(state.segments());
    core.fpu.copyFrom(state.fpu());
    System.arraycopy(state.xmm(), 0, core.simd.xmm, 0, 16);
    core.simd.unit.mxcsr().set(state.mxcsr());
  }

  private static int checked(int number) {
    if (number < 0 || number > 7) {
      throw new IllegalArgumentException("general registers are 0 to 7, not " + number);
    }
    return number;
  }
}
