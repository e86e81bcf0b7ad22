package org.memarium.kernel;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.memarium.mm.trace.TraceListener;

/**
 * Boots machines for a test, and audits each of them when the test is over: with the program as it
 * stands, and again after its end.
 *
 * <pre>{@code
 * @RegisterExtension final MachineExtension machines = new MachineExtension();
 * }</pre>
 */
public final class MachineExtension implements AfterEachCallback {
  private static final List<String> ENVIRONMENT = List.of("PATH=/usr/bin:/bin");

  private final List<Machine> booted = new ArrayList<>();

  /**
   * What a program did.
   *
   * @param status as a shell sees it
   * @param deathLine see {@link Machine#deathLine}
   */
  public record Run(
      int status, String out, String err, @Nullable String deathLine, RunReport report) {}

  /** A machine with 32 MiB, changed as the test wants it. */
  public Machine boot(Consumer<MachineConfigBuilder> change) {
    MachineConfigBuilder config = MachineConfig.builder().ramBytes(32L << 20);
    change.accept(config);
    Machine machine = Machine.boot(config.build());
    booted.add(machine);
    return machine;
  }

  /** Runs a program to its end, with nothing to read. */
  public Run run(Consumer<MachineConfigBuilder> change, String... command) {
    return run(change, "", null, command);
  }

  /** Runs a program to its end. */
  public Run run(
      Consumer<MachineConfigBuilder> change,
      String input,
      @Nullable TraceListener listener,
      String... command) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    byte[] bytes = input.getBytes(StandardCharsets.ISO_8859_1);
    Machine machine =
        boot(config -> {
          config
              .standardInput(Channels.newChannel(new ByteArrayInputStream(bytes)))
              .standardOutput(Channels.newChannel(out))
              .standardError(Channels.newChannel(err));
          change.accept(config);
        });
    if (listener != null) {
      machine.trace().listen(listener);
    }
    machine.exec(command[0], List.of(command), ENVIRONMENT);
    int status = machine.run();
    return new Run(
        status,
        out.toString(StandardCharsets.ISO_8859_1),
        err.toString(StandardCharsets.ISO_8859_1),
        machine.deathLine(),
        machine.report());
  }

  /** A machine whose kernel panicked is closed, and not audited. */
  void forget(Machine machine) {
    machine.close();
    booted.remove(machine);
  }

  @Override
  public void afterEach(ExtensionContext context) {
    try {
      booted.forEach(Machine::audit);
    } finally {
      booted.forEach(Machine::close);
      booted.clear();
    }
  }
}
