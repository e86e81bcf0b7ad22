package org.memarium.mm.slab;

import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.memarium.mm.trace.KernelLog;

/** Who is running, for tracks and reports; at boot nobody is. */
public final class SlabContext {
  /** {@code CONFIG_HZ} of Debian's kernels is 250. */
  private static final long NANOS_PER_JIFFY = 4_000_000;

  private final KernelLog log;
  private IntSupplier pid = () -> 0;
  private Supplier<String> command = () -> "swapper";

  SlabContext(KernelLog log) {
    this.log = log;
  }

  /**
   * Names who knows the running process.
   *
   * @param currentPid {@code current->pid}
   * @param currentCommand {@code current->comm}
   */
  public void setCurrent(IntSupplier currentPid, Supplier<String> currentCommand) {
    pid = currentPid;
    command = currentCommand;
  }

  int pid() {
    return pid.getAsInt();
  }

  String command() {
    return command.get();
  }

  /** {@code jiffies}, from the clock of the log. */
  long jiffies() {
    return log.clock().getAsLong() / NANOS_PER_JIFFY;
  }
}
