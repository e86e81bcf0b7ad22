package org.memarium.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.Machine;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.process.Task;
import org.memarium.malloc.heap.Heap;
import org.memarium.malloc.heap.HeapReader;
import org.memarium.malloc.trace.AllocationRecorder;
import org.memarium.malloc.trace.AllocationTrace;
import org.memarium.mm.trace.KernelLog;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code memarium run}: boots a machine, gives it a program, and ends as the program ends. */
@Command(
    name = "run",
    description = "Runs a 32-bit Linux program on a machine of its own.",
    customSynopsis = "memarium run [OPTIONS] PROGRAM [ARGUMENTS]",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    separator = " ",
    footerHeading = "%nExamples:%n",
    footer = {
      "  memarium run --report samples/maps",
      "  memarium run --limit as=64M --env TERM busybox sh",
      "  memarium run --layout compat --ram 1G --trace events.jsonl ./program",
      "",
      "The exit status is the program's own, 128 + N if signal N ended it; 127 if there is no such"
          + " program, 126 if it cannot be run here, 125 if the kernel panicked, 2 if Memarium was"
          + " asked for something that cannot be."
    })
final class RunCommand implements Callable<Integer> {
  @Mixin private MachineOptions machineOptions = new MachineOptions();

  @Mixin private ProgramOptions programOptions = new ProgramOptions();

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = {
        "Writes every event of the memory manager as a line of JSON; - is standard output."
      })
  private @Nullable String trace;

  @Option(
      names = "--report",
      description = "When the program has ended, prints what it did to memory, on standard error.")
  private boolean report;

  @Option(
      names = "--malloc-trace",
      paramLabel = "FILE",
      description = {
        "Records what the program asks malloc of libc.so.6 for; docs/heap.md describes the file."
      })
  private @Nullable Path mallocTrace;

  @Parameters(
      index = "0",
      paramLabel = "PROGRAM",
      description = "Its path, or a name to look for in PATH.")
  private String program = "";

  @Parameters(index = "1..*", paramLabel = "ARGUMENTS", description = "Passed on as they are.")
  private List<String> arguments = new ArrayList<>();

  private final StandardStreams streams;
  private @Nullable Heap heap;

  RunCommand(StandardStreams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() {
    Path folder = mallocTrace == null ? null : mallocTrace.toAbsolutePath().getParent();
    if (folder != null && !Files.isWritable(folder)) {
      throw new UsageException(
          "cannot write %s: its folder is not writable".formatted(mallocTrace));
    }
    String path = programOptions.pathOf(program, machineOptions.root());
    List<String> argv = new ArrayList<>();
    argv.add(program);
    argv.addAll(arguments);

    try (Machine machine = Machine.boot(machineOptions.config(streams));
        TraceFile events = trace == null ? null : TraceFile.open(trace, streams.out())) {
      if (events != null) {
        machine.trace().listen(events);
      }
      if (report) {
        machine.setExitListener(thread -> readHeap(machine, thread));
      }
      machine.exec(path, argv, programOptions.envp());
      AllocationRecorder recorder = mallocTrace == null ? null : AllocationRecorder.attach(machine);
      int status = run(machine);
      if (recorder != null && mallocTrace != null) {
        write(recorder.trace(), mallocTrace);
      }
      if (events != null) {
        events.whole();
      }
      sayHowItEnded(machine);
      return status;
    }
  }

  /** The heap of the program itself, as long as it is there. */
  private void readHeap(Machine machine, Task thread) {
    if (thread.equals(machine.task()) && thread.mm() != null) {
      heap = HeapReader.read(machine, thread);
    }
  }

  private static void write(AllocationTrace trace, Path file) {
    try {
      trace.write(file);
    } catch (IOException e) {
      throw new UsageException("cannot write %s: %s".formatted(file, HostError.of(e)));
    }
  }

  private int run(Machine machine) {
    TerminalLink terminal = TerminalLink.open(machine, streams);
    if (terminal == null) {
      if (streams.in() instanceof StandardInput own) {
        HostSignals.forwardTo(machine, own);
      }
      return machine.run();
    }
    HostSignals.forwardTo(machine);
    try (terminal) {
      return machine.run();
    }
  }

  private void sayHowItEnded(Machine machine) {
    PrintWriter messages = streams.messages();
    List<KernelLog.Line> log = machine.log().lines();
    for (KernelLog.Line line : log) {
      if (line.text().contains(": Killed process ")) {
        // Whoever started the program hears of it, also where only one of many was killed.
        messages.println("memarium: " + line.text());
      }
    }
    String death = machine.deathLine();
    if (death != null) {
      messages.println("memarium: " + death);
    }
    if (report) {
      ReportPrinter printer = new ReportPrinter(messages);
      printer.print(machine.report(), heap);
      printer.printLog(log);
    }
    messages.flush();
    if (machineOptions.check()) {
      machine.audit();
    }
  }
}
