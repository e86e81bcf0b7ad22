package org.memarium.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.memarium.app.shell.Console;
import org.memarium.app.shell.ProgramSource;
import org.memarium.app.shell.Shell;
import org.memarium.kernel.Machine;
import org.memarium.kernel.error.UsageException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code memarium shell}: boots a machine, and does with it what it is told, line by line. */
@Command(
    name = "shell",
    description = "Boots a machine and gives you a prompt to drive it by Linux's names.",
    customSynopsis = "memarium shell [OPTIONS]",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    separator = " ",
    footerHeading = "%nExamples:%n",
    footer = {
      "  memarium shell",
      "  memarium shell --ram 64M --preset guide --script lesson.txt",
      "  echo 'cat buddyinfo' | memarium shell",
      "",
      "At the prompt, help lists what there is. A script, or lines from standard input, end at the"
          + " first error with status 1, unless --keep-going is given."
    })
final class ShellCommand implements Callable<Integer> {
  @Mixin private MachineOptions machineOptions = new MachineOptions();

  @Mixin private ProgramOptions programOptions = new ProgramOptions();

  @Option(
      names = "--script",
      paramLabel = "FILE",
      description = "Executes the lines of a file; - is standard input.")
  private @Nullable String script;

  @Option(
      names = "--keep-going",
      description = "A script goes on after an error; the status is still 1.")
  private boolean keepGoing;

  @Option(names = "--echo", description = "Prints each line of a script before it is executed.")
  private boolean echo;

  private final StandardStreams streams;

  ShellCommand(StandardStreams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() {
    boolean prompt = script == null && streams.terminals()[0] && streams.terminals()[1];
    // In a script, what standard input holds are commands, and none of the programs' business.
    try (Reader lines = prompt ? Reader.nullReader() : lines();
        Machine machine = Machine.boot(machineOptions.config(streams, prompt))) {
      PrintWriter out = streams.messagesOut();
      Shell shell = new Shell(machine, out, streams.messages(), colours(), programs());
      shell.setEcho(echo);
      shell.setKeepGoing(keepGoing);
      if (!prompt) {
        return shell.executeScript(script == null ? "standard input" : script, lines);
      }
      new Console(shell, body -> withKeyboard(machine, body))
          .run(Console.historyFile(System.getenv()));
      return 0;
    } catch (IOException cannotRead) {
      throw new UsageException("--script %s: %s".formatted(script, HostError.of(cannotRead)));
    }
  }

  private Reader lines() throws IOException {
    ReadableByteChannel in = streams.in();
    return script == null || script.equals("-")
        ? Channels.newReader(in, StandardCharsets.UTF_8)
        : Files.newBufferedReader(Path.of(script), StandardCharsets.UTF_8);
  }

  /** What is typed goes to the program that runs, and not to the prompt. */
  private void withKeyboard(Machine machine, Runnable body) {
    if (!(streams.in() instanceof StandardInput own)) {
      body.run();
      return;
    }
    try (Keyboard _ = Keyboard.open(machine, own, true)) {
      body.run();
    }
  }

  /** Only where somebody looks, and did not ask for none (https://no-color.org). */
  private boolean colours() {
    String noColour = System.getenv("NO_COLOR");
    return streams.terminals()[1]
        && streams.terminals()[2]
        && (noColour == null || noColour.isEmpty());
  }

  private ProgramSource programs() {
    return new ProgramSource() {
      @Override
      public String pathOf(String program) {
        return programOptions.pathOf(program, machineOptions.root());
      }

      @Override
      public List<String> environment() {
        return programOptions.envp();
      }
    };
  }
}
