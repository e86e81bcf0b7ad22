package org.memarium.kernel.process;

/**
 * What a thread has registered with rseq(2): sequences of instructions that begin anew when the
 * thread is preempted in them (Linux {@code kernel/rseq.c}).
 */
public final class RestartableSequence {
  private long area;
  private int bytes;
  private int signature;
  private boolean preempted;

  RestartableSequence() {}

  /** The linear address of {@code struct rseq}; 0 if none is registered. */
  public long area() {
    return area;
  }

  /** The length that {@code struct rseq} was registered with. */
  public int bytes() {
    return bytes;
  }

  /** What stands before the abort handlers. */
  public int signature() {
    return signature;
  }

  /** Registers a {@code struct rseq}. */
  public void register(long linearAddress, int length, int abortSignature) {
    area = linearAddress;
    bytes = length;
    signature = abortSignature;
  }

  /** Takes the registration back. */
  public void forget() {
    register(0, 0, 0);
  }

  /** {@code rseq_fork}: the copied address space has the same area. */
  void inherit(RestartableSequence parent) {
    register(parent.area, parent.bytes, parent.signature);
  }

  /** {@code rseq_preempt}: others run; a sequence ends there. */
  void preempt() {
    preempted = true;
  }

  /** Whether the thread was preempted since this was last asked. */
  public boolean takePreemption() {
    boolean was = preempted;
    preempted = false;
    return was;
  }
}
