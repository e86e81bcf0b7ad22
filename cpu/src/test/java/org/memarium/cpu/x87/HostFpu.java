package org.memarium.cpu.x87;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The host's own floating-point unit, driven by a small C program (host-fpu.c) that gcc builds for
 * 32 bits when the tests run.
 */
final class HostFpu {
  /** Bytes of a request and of its answer; host-fpu.c draws them. */
  static final int RECORD_BYTES = 232;

  static final int MEMORY = 108;
  static final int CODE = 220;
  static final int EFLAGS = 224;
  static final int EAX = 228;

  private final Path directory;
  private final Path program;

  private HostFpu(Path directory, Path program) {
    this.directory = directory;
    this.program = program;
  }

  /**
   * Builds the program; a test is skipped by assumption, with the reason, where that is impossible.
   */
  static HostFpu build(Path directory) throws IOException, InterruptedException {
    assumeTrue(
        System.getProperty("os.arch").equals("amd64"),
        "skipped: no x86 processor to compare with, os.arch is " + System.getProperty("os.arch"));
    // Vendors differ where the manuals leave it open: pointers, C1, unmasked denormals, last bits.
    Path processors = Path.of("/proc/cpuinfo");
    assumeTrue(
        Files.exists(processors) && Files.readString(processors).contains("AuthenticAMD"),
        "skipped: the unit follows AMD's processors to the bit, and this is another's");
    Path source = directory.resolve("host-fpu.c");
    try (InputStream in = HostFpu.class.getResourceAsStream("host-fpu.c")) {
      Files.write(source, in.readAllBytes());
    }
    Path program = directory.resolve("host-fpu");
    Process gcc;
    try {
      gcc =
          new ProcessBuilder("gcc", "-m32", "-O1", "-o", program.toString(), source.toString())
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      assumeTrue(false, "skipped: no gcc: " + e.getMessage());
      throw e;
    }
    String output = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assumeTrue(gcc.waitFor() == 0, "skipped: gcc -m32 does not work (gcc-multilib): " + output);
    return new HostFpu(directory, program);
  }

  /** Runs a batch of requests. */
  byte[] run(byte[] requests) throws IOException, InterruptedException {
    Path in = Files.createTempFile(directory, "requests", ".bin");
    Path out = Files.createTempFile(directory, "answers", ".bin");
    Files.write(in, requests);
    Process process =
        new ProcessBuilder(List.of(program.toString()))
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IllegalStateException("host-fpu failed");
    }
    byte[] answers = Files.readAllBytes(out);
    Files.delete(in);
    Files.delete(out);
    if (answers.length != requests.length) {
      throw new IllegalStateException(
          "host-fpu: " + answers.length + " bytes for " + requests.length);
    }
    return answers;
  }
}
