package org.memarium.app;

import java.io.PrintWriter;
import java.util.Locale;
import org.memarium.kernel.error.UsageException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The {@code memarium} command. What the user can get wrong is answered with one line and exit
 * status 2 (126 or 127 where a shell would say so); only a bug prints a stack trace.
 */
@Command(
    name = "memarium",
    description =
        "Linux memory management, whole, in Java: real programs on memory that you can see.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    footer = {
      "",
      "The first thing to try:",
      "  memarium run --report samples/maps",
      "All that a command takes: memarium COMMAND --help"
    })
public final class Main implements Runnable {
  /** What a shell reports when the command was used wrongly. */
  static final int USAGE = 2;

  /** {@code EX_SOFTWARE} of sysexits.h: Memarium itself is wrong. */
  static final int BUG = 70;

  @Spec private CommandSpec spec = CommandSpec.create();

  private Main() {}

  /** Runs the command in this process's own streams and ends the process with its status. */
  public static void main(String[] arguments) {
    System.exit(execute(StandardStreams.ofProcess(), arguments));
  }

  /**
   * Runs the command.
   *
   * @return the exit status
   */
  static int execute(StandardStreams streams, String... arguments) {
    CommandLine command = new CommandLine(new Main());
    command
        .addSubcommand(new RunCommand(streams))
        .addSubcommand(new ShellCommand(streams))
        .addSubcommand(new ProcExportCommand(streams))
        .addSubcommand(new HelpCommand());
    command
        .setOut(streams.messagesOut())
        .setErr(streams.messages())
        .setColorScheme(CommandLine.Help.defaultColorScheme(streams.ansi()))
        .setExpandAtFiles(false)
        .setStopAtPositional(true)
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler(Main::wrongUsage)
        .setExecutionExceptionHandler(Main::failed);
    return command.execute(arguments);
  }

  /** Without a command there is nothing to do, and the help says what there is. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static int wrongUsage(ParameterException wrong, String[] arguments) {
    CommandLine command = wrong.getCommandLine();
    sayLine(
        command.getErr(),
        "%s (try %s --help)"
            .formatted(whatIsWrong(wrong, command), command.getCommandSpec().qualifiedName()));
    return USAGE;
  }

  private static String whatIsWrong(ParameterException wrong, CommandLine command) {
    if (wrong instanceof UnmatchedArgumentException unmatched
        && !unmatched.isUnknownOption()
        && command.getParent() == null) {
      return "there is no command '%s'; there are %s"
          .formatted(
              unmatched.getUnmatched().getFirst(),
              String.join(", ", command.getSubcommands().keySet()));
    }
    String message = String.valueOf(wrong.getMessage()).lines().findFirst().orElse("wrong usage");
    return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
  }

  private static int failed(
      Exception exception, CommandLine command, CommandLine.ParseResult parsed) {
    if (exception instanceof UsageException wrong) {
      sayLine(command.getErr(), String.valueOf(wrong.getMessage()));
      return wrong.exitStatus();
    }
    PrintWriter messages = command.getErr();
    sayLine(
        messages, "internal error; this is a bug in Memarium, and what follows is its evidence");
    exception.printStackTrace(messages);
    messages.flush();
    return BUG;
  }

  private static void sayLine(PrintWriter messages, String line) {
    messages.println("memarium: " + line);
    messages.flush();
  }

  /** The version, from the manifest of the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {
        "memarium %s (Java %s)"
            .formatted(version == null ? "development" : version, Runtime.version())
      };
    }
  }
}
