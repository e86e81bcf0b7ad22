package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.JavaProgram;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.kernel.error.UsageException;
import org.memarium.malloc.FirstFit;
import org.memarium.malloc.Malloc;
import org.memarium.malloc.ProgramMemory;
import org.memarium.malloc.trace.AllocationTrace;
import org.memarium.malloc.trace.TraceReplay;

/** What a program asks malloc for: recorded from outside, kept, replayed. */
class MallocTraceTest {
  @TempDir Path folder;

  @Test
  void everyCallOfTheProgramIsRecorded() throws IOException {
    Counter counter = new Counter();
    record("small", "mapped", "threads").forEach(counter);
    // As heap.c has them; the C library may have some of its own.
    assertEquals(1, counter.of("memalign 300000 of 65536"));
    assertEquals(1, counter.of("malloc 1000000"));
    assertEquals(1, counter.of("malloc 140000"));
    assertEquals(60 + 4, counter.of("malloc 20"));
    assertEquals(40, counter.of("malloc 60000"));
    assertEquals(8 + 4, counter.of("malloc 26") + counter.of("malloc 24"));
    int frees = 667 + 30 + 4 + 1 + 3 * 150;
    assertTrue(counter.frees >= frees && counter.frees < frees + 20, counter.frees + " frees");
  }

  @Test
  void theFileIsTheSameEachTime() throws IOException {
    record("small");
    byte[] once = Files.readAllBytes(folder.resolve("trace"));
    record("small");
    assertTrue(Arrays.equals(once, Files.readAllBytes(folder.resolve("trace"))));
  }

  @Test
  void anotherAllocatorGetsTheSameRequests() throws IOException {
    AllocationTrace trace = record("small", "mapped");
    try (Machine machine = Machine.boot(MachineConfig.builder().ramBytes(64L << 20).build())) {
      ProgramMemory memory = new ProgramMemory(JavaProgram.start(machine));
      Malloc malloc = new FirstFit(memory);
      TraceReplay.run(trace, malloc, memory);
      malloc.check();
      assertTrue(malloc.statistics().peakSystemBytes() > trace.peakBytes());
      Counter counter = new Counter();
      trace.forEach(counter);
      assertEquals(counter.frees, malloc.statistics().frees());
    }
  }

  @Test
  void whatCannotBeRecordedIsSaid() throws IOException {
    Ended ended =
        MachineRun.command(
            "run",
            "--malloc-trace",
            folder.resolve("trace").toString(),
            Oracles.staticProgram("heap").toString());
    assertEquals(2, ended.status());
    assertTrue(ended.err().contains("no libc.so.6"), ended.err());
    ended =
        MachineRun.command(
            "run", "--malloc-trace", folder + "/none/trace", Oracles.HOME + "/samples/maps");
    assertEquals(2, ended.status());
    assertTrue(ended.err().contains("cannot write"), ended.err());
  }

  @Test
  void aFileThatIsNotWholeIsRefused() throws IOException {
    record("small");
    Path file = folder.resolve("trace");
    byte[] whole = Files.readAllBytes(file);
    for (int length : new int[] {0, 10, 24, whole.length / 2, whole.length - 1}) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThrows(UsageException.class, () -> AllocationTrace.read(file), length + " bytes");
    }
  }

  private AllocationTrace record(String... arguments) throws IOException {
    Path file = folder.resolve("trace");
    String[] command = new String[4 + arguments.length];
    command[0] = "run";
    command[1] = "--malloc-trace";
    command[2] = file.toString();
    command[3] = Oracles.dynamicProgram("heap").toString();
    System.arraycopy(arguments, 0, command, 4, arguments.length);
    Ended ended = MachineRun.command(command);
    assertEquals(0, ended.status(), ended.err());
    return AllocationTrace.read(file);
  }

  private static final class Counter implements AllocationTrace.Visitor {
    private final Map<String, Integer> calls = new TreeMap<>();
    private int frees;

    int of(String call) {
      return calls.getOrDefault(call, 0);
    }

    private void count(String call) {
      calls.merge(call, 1, Integer::sum);
    }

    @Override
    public void free(int block) {
      frees++;
    }

    @Override
    public void malloc(int block, long bytes) {
      count("malloc " + bytes);
    }

    @Override
    public void calloc(int block, long bytes) {
      count("calloc " + bytes);
    }

    @Override
    public void realloc(int block, long bytes) {
      count("realloc " + bytes);
    }

    @Override
    public void memalign(int block, long bytes, long alignment) {
      count("memalign %d of %d".formatted(bytes, alignment));
    }
  }
}
