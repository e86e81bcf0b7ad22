package org.memarium.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.memarium.kernel.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code memarium proc-export}: writes a machine's {@code /proc} as plain files, for programs of
 * the host that read {@code /proc}.
 */
@Command(
    name = "proc-export",
    description = {
      "Writes all of a machine's /proc into a new directory: as it is after boot, or while a"
          + " program runs there, whose /proc/PID is part of it."
    },
    customSynopsis = "memarium proc-export [OPTIONS] DIRECTORY [PROGRAM [ARGUMENTS]]",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    separator = " ",
    footerHeading = "%nExamples:%n",
    footer = {
      "  memarium proc-export --ram 1G /tmp/proc && scripts/with-proc /tmp/proc free -m",
      "  memarium proc-export /tmp/proc samples/maps && scripts/with-proc /tmp/proc pmap -X 100",
      "",
      "The exit status is 0 if DIRECTORY was written, whatever the program did; otherwise as for"
          + " run."
    })
final class ProcExportCommand implements Callable<Integer> {
  private static final int EXIT = 1;
  private static final int EXIT_GROUP = 252;

  @Mixin private MachineOptions machineOptions = new MachineOptions();

  @Mixin private ProgramOptions programOptions = new ProgramOptions();

  @Option(
      names = "--after-instructions",
      paramLabel = "NUMBER",
      description = {
        "Looks when the program has executed so many instructions. Without this and the next"
            + " option: when it is about to end."
      })
  private long afterInstructions = Long.MAX_VALUE;

  @Option(
      names = "--after-calls",
      paramLabel = "NUMBER",
      description = "Looks when the program has made so many system calls.")
  private long afterCalls = Long.MAX_VALUE;

  @Parameters(
      index = "0",
      paramLabel = "DIRECTORY",
      description = "Where the files go; it must not exist, or be empty.")
  private Path directory = Path.of("");

  @Parameters(
      index = "1..*",
      paramLabel = "PROGRAM",
      description = "A program to run, and its arguments.")
  private List<String> program = new ArrayList<>();

  private final StandardStreams streams;

  ProcExportCommand(StandardStreams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() {
    ProcExport.requireNew(directory);
    try (Machine machine = Machine.boot(machineOptions.config(streams))) {
      if (!program.isEmpty()) {
        runUntilLookedAt(machine);
      }
      if (machineOptions.check()) {
        machine.audit();
      }
      ProcExport.of(machine.files()).write(directory);
      return 0;
    }
  }

  private void runUntilLookedAt(Machine machine) {
    String path = programOptions.pathOf(program.getFirst(), machineOptions.root());
    machine.exec(path, program, programOptions.envp());
    if (streams.in() instanceof StandardInput own) {
      HostSignals.forwardTo(machine, own);
    }
    long[] callsLeft = {afterCalls};
    machine.stopBeforeCalls(
        number -> callsLeft[0]-- == 0 || number == EXIT || number == EXIT_GROUP);
    if (machine.run(afterInstructions)) {
      String death = machine.deathLine();
      streams
          .messages()
          .println(
              "memarium: %s; its /proc/PID is not among the files"
                  .formatted(death == null ? "the program ended" : death));
      streams.messages().flush();
    }
  }
}
