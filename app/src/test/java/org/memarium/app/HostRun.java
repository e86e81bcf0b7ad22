package org.memarium.app;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs programs on the host's own kernel. */
final class HostRun {
  private static final long SECONDS = 60;
  private static final Path NOTHING = Path.of("/dev/null");

  private HostRun() {}

  /** Runs a command as it is, in this process's environment; status 127 if there is no such one. */
  static Ended plain(List<String> command) throws IOException {
    return run(command, NOTHING, Oracles.HOME);
  }

  /**
   * Runs a 32-bit program as a machine runs it: addresses not randomised, and the environment that
   * {@code memarium run} gives.
   */
  static Ended of(Path input, List<String> program) throws IOException {
    List<String> command = new ArrayList<>(List.of("/usr/bin/env", "-i"));
    for (Map.Entry<String, String> variable : ProgramOptions.ENVIRONMENT.entrySet()) {
      command.add(variable.getKey() + "=" + variable.getValue());
    }
    // Those that a signal ends shall leave no core file.
    command.addAll(List.of("prlimit", "--core=0:", "setarch", "-R"));
    command.addAll(program);
    Ended ended = run(command, input, Path.of("").toAbsolutePath());
    if (ended.err().contains("Exec format error") || ended.err().contains("setarch:")) {
      Oracles.missing("a kernel that runs 32-bit programs, and setarch: " + ended.err().strip());
    }
    return ended;
  }

  static Ended of(List<String> program) throws IOException {
    return of(NOTHING, program);
  }

  static Ended run(List<String> command, Path input, Path folder) throws IOException {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectInput(input.toFile())
              .directory(folder.toFile())
              .start();
    } catch (IOException noSuchCommand) {
      return new Ended(127, new byte[0], String.valueOf(noSuchCommand.getMessage()));
    }
    CompletableFuture<byte[]> err =
        CompletableFuture.supplyAsync(() -> all(process.getErrorStream()));
    byte[] out = all(process.getInputStream());
    try {
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException("still running after " + SECONDS + " s: " + command);
      }
    } catch (InterruptedException interrupted) {
      process.destroyForcibly();
      throw new IllegalStateException("interrupted", interrupted);
    }
    return new Ended(process.exitValue(), out, new String(err.join(), StandardCharsets.UTF_8));
  }

  private static byte[] all(InputStream stream) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (stream) {
      stream.transferTo(bytes);
    } catch (IOException closed) {
      throw new UncheckedIOException(closed);
    }
    return bytes.toByteArray();
  }
}
