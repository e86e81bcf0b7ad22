package org.memarium.cpu.witness;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/** The host's processor: a client of witness.c, which it builds first. */
final class NativeProcessor implements AutoCloseable {
  private static final int MAX_BATCH = 100_000;
  private static final String[] COMPILE = {
    "gcc",
    "-m32",
    "-O2",
    "-ffreestanding",
    "-nostdlib",
    "-static",
    "-fno-pic",
    "-no-pie",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-mgeneral-regs-only",
    "-fcf-protection=none",
    "-Wall",
    "-Wextra",
    "-Werror",
    // Out of the way of what random registers are likely to point to.
    "-Wl,-Ttext-segment=0x5a5a0000",
    "-Wl,--build-id=none",
    "-Wl,-z,noexecstack"
  };

  private final Process process;
  private final OutputStream in;
  private final DataInputStream out;
  private final ByteBuffer batch =
      ByteBuffer.allocate(2 * MAX_BATCH).order(ByteOrder.LITTLE_ENDIAN);

  private NativeProcessor(Process process) {
    this.process = process;
    this.in = process.getOutputStream();
    this.out = new DataInputStream(process.getInputStream());
  }

  /**
   * Builds and starts the witness.
   *
   * @throws TestAbortedException where the host cannot: the test is skipped, and says why
   */
  static NativeProcessor start() {
    try {
      Path program = build();
      Process process =
          new ProcessBuilder(program.toString())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      NativeProcessor started = new NativeProcessor(process);
      TestCase nop = new TestCase();
      nop.code = new byte[] {(byte) 0x90};
      try {
        started.run(List.of(nop));
      } catch (UncheckedIOException refused) {
        throw new TestAbortedException("this host does not let the 32-bit witness run", refused);
      }
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path build() throws IOException {
    Path source = Path.of("src", "test", "c", "witness.c");
    Path program = Path.of("target", "witness");
    if (Files.exists(program)
        && Files.getLastModifiedTime(program).compareTo(Files.getLastModifiedTime(source)) > 0) {
      return program;
    }
    if (!System.getProperty("os.arch").equals("amd64")) {
      throw new TestAbortedException("the host has no x86 processor");
    }
    Path fresh = Files.createTempFile(Path.of("target"), "witness", null);
    List<String> command = new ArrayList<>(List.of(COMPILE));
    command.addAll(List.of("-o", fresh.toString(), source.toString()));
    String refused = failure(command);
    if (refused != null) {
      Files.delete(fresh);
      throw new TestAbortedException("gcc -m32 is missing or fails: " + refused);
    }
    Files.move(fresh, program, StandardCopyOption.ATOMIC_MOVE);
    return program;
  }

  private static @Nullable String failure(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.waitFor() == 0 ? null : said;
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    }
  }

  /** Runs cases, in order. */
  List<Outcome> run(List<TestCase> cases) {
    List<Outcome> outcomes = new ArrayList<>(cases.size());
    int at = 0;
    while (at < cases.size()) {
      batch.clear().position(4);
      int first = at;
      while (at < cases.size() && batch.position() < MAX_BATCH) {
        cases.get(at++).writeTo(batch);
      }
      batch.putInt(0, batch.position() - 4);
      try {
        in.write(batch.array(), 0, batch.position());
        in.flush();
        byte[] answer = new byte[Integer.reverseBytes(out.readInt())];
        out.readFully(answer);
        ByteBuffer results = ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN);
        while (results.hasRemaining()) {
          outcomes.add(Outcome.readFrom(results));
        }
      } catch (IOException e) {
        throw new UncheckedIOException(
            "the witness died between case %d and %d".formatted(first, at), e);
      }
    }
    return outcomes;
  }

  @Override
  public void close() {
    try {
      in.close();
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
