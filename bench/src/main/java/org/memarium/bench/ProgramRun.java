package org.memarium.bench;

import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;

/**
 * Runs a program once on a machine of its own, in a Java virtual machine of its own, and prints one
 * line: instructions, nanoseconds from execve to exit, exit status, and what the program wrote.
 */
final class ProgramRun {
  private static final long RAM_BYTES = 256L << 20;

  private ProgramRun() {}

  /**
   * Runs it.
   *
   * @param args the program and its arguments
   */
  public static void main(String[] args) {
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    MachineConfig config =
        MachineConfig.builder()
            .ramBytes(RAM_BYTES)
            .standardOutput(Channels.newChannel(output))
            .build();
    try (Machine machine = Machine.boot(config)) {
      long start = System.nanoTime();
      machine.exec(args[0], List.of(args), List.of());
      int status = machine.run();
      long nanos = System.nanoTime() - start;
      System.out.printf(
          "%d %d %d %s%n",
          machine.report().instructions(),
          nanos,
          status,
          output.toString(StandardCharsets.UTF_8).strip());
    }
  }
}
