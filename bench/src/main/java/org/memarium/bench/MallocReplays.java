package org.memarium.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.kernel.CallStop;
import org.memarium.kernel.JavaProgram;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.malloc.Malloc;
import org.memarium.malloc.MallocDesign;
import org.memarium.malloc.ProgramMemory;
import org.memarium.malloc.trace.AllocationRecorder;
import org.memarium.malloc.trace.AllocationTrace;
import org.memarium.malloc.trace.TraceReplay;
import org.memarium.mm.space.MmStruct;

/**
 * Allocation patterns of three real programs, recorded, and replayed on the designs of {@code
 * org.memarium.malloc} and on glibc's own, in a machine and on the host.
 */
final class MallocReplays {
  private static final long RAM = 256L << 20;

  /** Repetitions, of which the fastest counts: the first ones warm the Java virtual machine up. */
  private static final int REPETITIONS = 5;

  private static final List<String> ENVIRONMENT = List.of("PATH=/usr/bin:/bin", "HOME=/root");

  /**
   * A program whose pattern is recorded.
   *
   * @param name for tables
   * @param command its path and the arguments before its script
   * @param script a file of {@code bench/programs/malloc}, passed as an argument
   */
  record Program(String name, List<String> command, String script) {}

  static final List<Program> PROGRAMS =
      List.of(
          new Program("python3", List.of("/usr/bin/python3", "-c"), "documents.py"),
          new Program("sqlite3", List.of("/usr/bin/sqlite3", ":memory:"), "rows.sql"),
          new Program("lua", List.of("/usr/bin/lua5.4", "-e"), "trees.lua"));

  /**
   * What was recorded of a program.
   *
   * @param trace what it asked for
   * @param instructionsPerCall of glibc's malloc, as the program called it
   * @param trials the replays
   */
  record Recorded(
      Program program,
      AllocationTrace trace,
      double instructionsPerCall,
      List<MallocTrial> trials) {}

  private final Path root;
  private final Path scripts;
  private final Path replay;

  /**
   * Replays.
   *
   * @param root Debian's 32-bit programs
   * @param scripts the folder of the scripts
   * @param replay {@code bench/peers/replay.c}, built for 32 bits
   */
  MallocReplays(Path root, Path scripts, Path replay) {
    this.root = root;
    this.scripts = scripts;
    this.replay = replay;
  }

  /** Records a program and replays what it did. */
  Recorded run(Program program) throws IOException, InterruptedException {
    List<String> argv = new ArrayList<>(program.command());
    // Not a minus first: it would be an option.
    argv.add("\n" + Files.readString(scripts.resolve(program.script())));
    AllocationTrace trace;
    double instructionsPerCall;
    try (Machine machine = Machine.boot(MachineConfig.builder().ramBytes(RAM).root(root).build())) {
      machine.exec(argv.getFirst(), argv, ENVIRONMENT);
      AllocationRecorder recorder = AllocationRecorder.attach(machine);
      if (machine.run() != 0) {
        throw new IllegalStateException(program.name() + ": " + machine.deathLine());
      }
      trace = recorder.trace();
      instructionsPerCall = (double) recorder.instructions() / recorder.calls();
    }
    Path file = Files.createTempFile("malloc-", ".trace");
    try {
      trace.write(file);
      List<MallocTrial> trials = new ArrayList<>();
      for (MallocDesign design : MallocDesign.values()) {
        trials.add(inJava(trace, design));
      }
      long obtained = numbers(host(file, "obtained"))[2];
      trials.add(inMachine(trace, file, obtained));
      trials.add(onHost(trace, file, obtained));
      return new Recorded(program, trace, instructionsPerCall, List.copyOf(trials));
    } finally {
      Files.delete(file);
    }
  }

  private static MallocTrial inJava(AllocationTrace trace, MallocDesign design) {
    long best = Long.MAX_VALUE;
    long resident = 0;
    long obtained = 0;
    for (int i = 0; i < REPETITIONS; i++) {
      try (Machine machine = Machine.boot(MachineConfig.builder().ramBytes(RAM).build())) {
        JavaProgram program = JavaProgram.start(machine);
        ProgramMemory memory = new ProgramMemory(program);
        Malloc malloc = design.create(memory);
        MmStruct mm = program.task().requireMm();
        long before = mm.rss().total();
        long start = cpuNanos();
        TraceReplay.run(trace, malloc, memory);
        best = Math.min(best, cpuNanos() - start);
        resident = (mm.rss().peak() - before) * Ram.PAGE_SIZE;
        obtained = malloc.statistics().peakSystemBytes();
      }
    }
    return new MallocTrial(
        design.word(), (double) best / trace.operations(), 0, resident, obtained);
  }

  /** glibc's own code, executed by the machine; its clock counts instructions. */
  private MallocTrial inMachine(AllocationTrace trace, Path file, long obtained) {
    long best = Long.MAX_VALUE;
    long[] numbers = {};
    for (int i = 0; i < REPETITIONS; i++) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (Machine machine =
          Machine.boot(
              MachineConfig.builder()
                  .ramBytes(RAM)
                  .standardOutput(Channels.newChannel(out))
                  .build())) {
        machine.stopBeforeCalls(CallStop.named("getppid"));
        machine.exec(replay.toString(), List.of(replay.toString(), file.toString()), ENVIRONMENT);
        machine.run(Long.MAX_VALUE);
        long start = cpuNanos();
        machine.run(Long.MAX_VALUE);
        best = Math.min(best, cpuNanos() - start);
        machine.run();
        numbers = numbers(out.toString(StandardCharsets.UTF_8));
      }
    }
    double operations = trace.operations();
    return new MallocTrial(
        "glibc in Memarium", best / operations, numbers[0] / operations, numbers[2], obtained);
  }

  private MallocTrial onHost(AllocationTrace trace, Path file, long obtained)
      throws IOException, InterruptedException {
    long best = Long.MAX_VALUE;
    long resident = 0;
    for (int i = 0; i < REPETITIONS; i++) {
      long[] numbers = numbers(host(file));
      best = Math.min(best, numbers[0]);
      resident = numbers[2];
    }
    return new MallocTrial(
        "glibc on the host", (double) best / trace.operations(), 0, resident, obtained);
  }

  private String host(Path file, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(replay.toString(), file.toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(command + " failed on the host");
    }
    return out;
  }

  /** What this thread has worked: the same on a host that others use, too. */
  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  /** The three numbers that the replay prints. */
  private static long[] numbers(String line) {
    String[] words = line.strip().split(" ", -1);
    if (words.length != 3) {
      throw new IllegalStateException("the replay printed: " + line);
    }
    return new long[] {
      Long.parseLong(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2])
    };
  }
}
