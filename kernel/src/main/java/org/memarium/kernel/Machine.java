package org.memarium.kernel;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.trace.Trace;

/**
 * A computer with one process: RAM, MMU, processor, memory manager, files.
 *
 * <p>Boot it, give it a program, run it, read the report, close it:
 *
 * <pre>{@code
 * try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
 *   machine.exec("/bin/busybox", List.of("busybox", "echo", "hello"), List.of("PATH=/bin"));
 *   int status = machine.run();
 * }
 * }</pre>
 *
 * <p>It belongs to the thread that boots it; only {@link #interrupt} may be called from another.
 */
public final class Machine implements AutoCloseable {
  private final MachineConfig config;
  private final Trace trace = new Trace();

  private Machine(MachineConfig config) {
    this.config = config;
  }

  private void notYet() {
    throw new UnsupportedOperationException("in work: " + config.layout());
  }

  /**
   * Boots: lays out RAM, builds zones and the kernel's page table, mounts the files.
   *
   * @throws UsageException if the host cannot give that much RAM, or a folder is not there
   */
  public static Machine boot(MachineConfig config) {
    return new Machine(config);
  }

  /**
   * Replaces the process's image, as {@code execve} does.
   *
   * @param path of the program, as the program will see it
   * @param arguments argv, the program's own name first
   * @param environment {@code NAME=value} each
   * @throws ExecException if it is no program that can run here
   */
  public void exec(String path, List<String> arguments, List<String> environment) {
    notYet();
  }

  /**
   * Runs until the process ends.
   *
   * @return its exit status as a shell sees it: 0 to 255, 128 + signal if a signal ended it
   */
  public int run() {
    notYet();
    return 0;
  }

  /**
   * How the process died, where a signal ended it: one line such as {@code busybox: SIGSEGV: write
   * to 0x00000000, no area there (eip 0x08049012)}; null if it exited by itself.
   */
  public @Nullable String deathLine() {
    notYet();
    return null;
  }

  /**
   * Sends a signal to the process from outside, as Ctrl-C does; from any thread.
   *
   * @param signal its number, such as 2 for SIGINT
   */
  public void interrupt(int signal) {
    notYet();
  }

  /** Every event of the memory manager, from the first after {@link #boot}. */
  public Trace trace() {
    return trace;
  }

  /** What the machine did so far. */
  @SuppressWarnings("DoNotCallSuggester")
  public RunReport report() {
    throw new UnsupportedOperationException("in work: " + config.layout());
  }

  /**
   * Recounts everything from scratch.
   *
   * @throws IllegalStateException with the difference, where something does not add up
   */
  public void audit() {
    notYet();
  }

  /** Ends the process if it still runs and gives the RAM back. */
  @Override
  public void close() {
    notYet();
  }
}
