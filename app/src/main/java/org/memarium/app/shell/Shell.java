package org.memarium.app.shell;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.memarium.kernel.Machine;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.trace.KernelLog;

/**
 * Executes lines on a machine. Every error is one line, and the machine stands as the failed
 * command left it.
 */
public final class Shell {
  private static final int MAX_SOURCES = 16;

  private final Session session;
  private final Registry registry = new Registry();
  private boolean echo;
  private boolean keepGoing;
  private int sources;
  private long logged;

  /**
   * A shell.
   *
   * @param machine what it drives; the caller closes it
   * @param out where results go
   * @param errors where errors go
   * @param colours whether both may have colours
   * @param programs where {@code run} finds programs
   */
  public Shell(
      Machine machine,
      PrintWriter out,
      PrintWriter errors,
      boolean colours,
      ProgramSource programs) {
    logged = machine.log().written();
    session = new Session(machine, new Output(out, errors, colours), programs);
    new PageCommands(session).addTo(registry);
    new SlabCommands(session).addTo(registry);
    new KmallocCommands(session).addTo(registry);
    new VmallocCommands(session).addTo(registry);
    new BuddyCommands(session).addTo(registry);
    new ProgramCommands(session).addTo(registry);
    new HeapCommand(session).addTo(registry);
    new TranslateCommand(session).addTo(registry);
    new MemoryCommands(session).addTo(registry);
    new ViewCommands(session).addTo(registry);
    new ShellCommands(this, session, registry).addTo(registry);
  }

  /** Whether each line of a script is printed before it is executed. */
  public void setEcho(boolean on) {
    echo = on;
  }

  /** Whether a script goes on after an error. */
  public void setKeepGoing(boolean on) {
    keepGoing = on;
  }

  Session session() {
    return session;
  }

  Registry registry() {
    return registry;
  }

  /** Executes one line of a prompt; an error is printed, and the next line may come. */
  boolean executeAtPrompt(String line) {
    return attempt("", line);
  }

  private boolean attempt(String where, String line) {
    try {
      List<String> words = Words.of(line, session::variableText);
      if (!words.isEmpty()) {
        execute(words);
      }
      return true;
    } catch (ShellError wrong) {
      printLog();
      session.out().error(where + wrong.line());
      return false;
    } finally {
      printLog();
      session.out().flush();
    }
  }

  /** What the kernel said meanwhile, as its console would show it. */
  private void printLog() {
    KernelLog log = session.machine().log();
    for (KernelLog.Line line : log.linesFrom(logged)) {
      session.out().line(session.out().paint(Output.Style.KERNEL, line.toString()));
    }
    logged = log.written();
  }

  /**
   * Executes a command.
   *
   * @return what {@code let} keeps, or null
   * @throws ShellError with the name of the command before what is wrong
   */
  @org.jspecify.annotations.Nullable
  Long execute(List<String> words) {
    String first = words.getFirst();
    int slash = first.indexOf('/');
    String name = slash < 0 ? first : first.substring(0, slash);
    Command command = registry.find(name);
    List<String> arguments = words.subList(1, words.size());
    try {
      command.check(arguments);
      return command
          .action()
          .run(new Arguments(session, slash < 0 ? "" : first.substring(slash + 1), arguments));
    } catch (ShellError wrong) {
      throw wrong.of(name);
    } catch (UsageException | IllegalArgumentException | IllegalStateException misuse) {
      // What the machine itself refuses: a second free, an address that is nobody's.
      String evidence = evidence(misuse);
      throw new ShellError(
              evidence.startsWith(name + ": ") ? evidence.substring(name.length() + 2) : evidence)
          .of(name);
    } catch (RuntimeException | StackOverflowError bug) {
      throw new ShellError(
              "internal error, a bug in Memarium: %s at %s"
                  .formatted(bug, bug.getStackTrace().length > 0 ? bug.getStackTrace()[0] : "?"))
          .of(name);
    }
  }

  /** The message; its lines after the first are evidence, and follow indented. */
  private static String evidence(RuntimeException misuse) {
    return String.valueOf(misuse.getMessage())
        .stripTrailing()
        .replace("\n", System.lineSeparator());
  }

  /**
   * Executes a script.
   *
   * @param name for messages: {@code NAME:LINE: what is wrong}
   * @return the exit status: 0, or 1 if a command failed
   */
  public int executeScript(String name, Reader script) {
    return executeLines(name, script, keepGoing);
  }

  private int executeLines(String name, Reader script, boolean goOn) {
    BufferedReader lines = new BufferedReader(script);
    int number = 0;
    boolean failed = false;
    try {
      for (String line = lines.readLine();
          line != null && !session.isQuit();
          line = lines.readLine()) {
        number++;
        if (echo && !line.isBlank()) {
          session.out().line("> " + line);
          session.out().flush();
        }
        if (!attempt("%s:%d: ".formatted(name, number), line)) {
          failed = true;
          if (!goOn) {
            break;
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return failed ? 1 : 0;
  }

  /** {@code source FILE}. */
  void source(String file) {
    if (sources == MAX_SOURCES) {
      throw new ShellError("%s: %d files that source each other".formatted(file, MAX_SOURCES));
    }
    sources++;
    try (Reader reader = Files.newBufferedReader(Path.of(file), StandardCharsets.UTF_8)) {
      if (executeLines(file, reader, false) != 0) {
        throw new ShellError(file + " was left at its first error");
      }
    } catch (IOException | UncheckedIOException cannotRead) {
      throw new ShellError("%s cannot be read".formatted(file));
    } finally {
      sources--;
    }
  }
}
