package org.memarium.kernel;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Builds 32-bit C programs with the host's compiler, and runs them on the host's own kernel. */
final class HostPrograms {
  private HostPrograms() {}

  /** What a program did on the host. */
  record Native(int status, String out) {}

  /**
   * Compiles a source of the test resources; the test is skipped where the host cannot.
   *
   * @param folder where the program goes
   * @param source its name in the resources of this package
   */
  static Path compile(Path folder, String source, String... flags) {
    Path file = write(folder, source);
    Path program = folder.resolve(source.replace(".c", "") + String.join("", flags));
    List<String> command = new ArrayList<>(List.of("gcc", "-m32", "-O1", "-w"));
    command.addAll(Arrays.asList(flags));
    command.addAll(List.of("-o", program.toString(), file.toString()));
    try {
      Native result = run(command);
      assumeTrue(result.status == 0, "gcc -m32 with a static 32-bit C library: " + result.out);
    } catch (UncheckedIOException e) {
      assumeTrue(false, "gcc -m32 is not installed");
    }
    return program;
  }

  /** Writes a source of the test resources into a folder; those that include it lie there, too. */
  static Path write(Path folder, String source) {
    Path file = folder.resolve(source);
    try (InputStream in = HostPrograms.class.getResourceAsStream(source)) {
      if (in == null) {
        throw new IllegalStateException("no resource " + source);
      }
      return Files.write(file, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a program natively without address-space randomisation. */
  static Native runNatively(String... command) {
    List<String> whole = new ArrayList<>(List.of("setarch", "-R"));
    whole.addAll(Arrays.asList(command));
    try {
      return run(whole);
    } catch (UncheckedIOException e) {
      assumeTrue(false, "setarch is not installed, or the host cannot run 32-bit programs");
      throw e;
    }
  }

  private static Native run(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/bin:/bin");
    builder
        .redirectErrorStream(true)
        .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
    try {
      Process process = builder.start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("does not end: " + command);
      }
      return new Native(process.exitValue(), out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
