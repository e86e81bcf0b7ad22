package org.memarium.app.shell;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.error.UsageException;

/** The prompt at a terminal: line editing, history and completion are JLine's. */
public final class Console {
  private static final String PROMPT = "memarium> ";
  private static final int COLUMNS = 80;
  private static final int ROWS = 24;

  private final Shell shell;
  private final Consumer<Runnable> withKeyboard;

  /**
   * A prompt.
   *
   * @param withKeyboard lets a program run that reads what is typed
   */
  public Console(Shell shell, Consumer<Runnable> withKeyboard) {
    this.shell = shell;
    this.withKeyboard = withKeyboard;
  }

  /**
   * Where the history is kept: {@code memarium/history} in the user's state folder, as the XDG base
   * directory specification names it; null if there is no home.
   */
  public static @Nullable Path historyFile(Map<String, String> environment) {
    String state = environment.get("XDG_STATE_HOME");
    String home = environment.get("HOME");
    if (state != null && state.startsWith("/")) {
      return Path.of(state, "memarium", "history");
    }
    return home == null || home.isEmpty()
        ? null
        : Path.of(home, ".local", "state", "memarium", "history");
  }

  /**
   * Reads lines and executes them, until {@code quit} or the end of the input (Ctrl-D).
   *
   * @param history where lines are kept; null, or one that cannot be written: only until the end
   */
  public void run(@Nullable Path history) {
    try (Terminal terminal = TerminalBuilder.builder().system(true).build()) {
      if (terminal.getColumns() == 0) {
        // A terminal that nobody told its size; lines would not fit in it.
        terminal.setSize(Size.of(COLUMNS, ROWS));
      }
      LineReader reader = reader(terminal, history);
      shell
          .session()
          .setForeground(body -> {
            Terminal.SignalHandler before =
                terminal.handle(Terminal.Signal.INT, signal -> shell.session().machine().pause());
            Attributes own = terminal.getAttributes();
            terminal.setAttributes(withoutLines(own));
            try {
              withKeyboard.accept(body);
            } finally {
              terminal.setAttributes(own);
              terminal.handle(Terminal.Signal.INT, before);
            }
          });
      greet();
      while (!shell.session().isQuit() && readAndExecute(reader)) {}
      save(reader);
    } catch (IOException noTerminal) {
      throw new UsageException("the terminal cannot be opened: " + noTerminal.getMessage());
    }
  }

  /** The machine's terminal makes lines of what is typed, and echoes it; Ctrl-C stays here. */
  private static Attributes withoutLines(Attributes own) {
    Attributes changed = new Attributes(own);
    changed.setLocalFlags(
        EnumSet.of(
            Attributes.LocalFlag.ICANON, Attributes.LocalFlag.ECHO, Attributes.LocalFlag.IEXTEN),
        false);
    changed.setInputFlag(Attributes.InputFlag.ICRNL, false);
    changed.setOutputFlag(Attributes.OutputFlag.OPOST, false);
    changed.setControlChar(Attributes.ControlChar.VMIN, 1);
    changed.setControlChar(Attributes.ControlChar.VTIME, 0);
    return changed;
  }

  private void greet() {
    shell
        .session()
        .out()
        .line("A machine has booted; help lists the commands, Ctrl-D or quit leaves.");
    shell.session().out().flush();
  }

  private boolean readAndExecute(LineReader reader) {
    try {
      shell.executeAtPrompt(reader.readLine(PROMPT));
      return true;
    } catch (UserInterruptException lineGivenUp) {
      return true;
    } catch (EndOfFileException end) {
      return false;
    }
  }

  private LineReader reader(Terminal terminal, @Nullable Path history) {
    // The shell has quotes and variables of its own, and ! is an ordinary character.
    DefaultParser parser = new DefaultParser();
    parser.setEofOnUnclosedQuote(false);
    LineReaderBuilder builder =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .parser(parser)
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .option(LineReader.Option.HISTORY_INCREMENTAL, false)
            .completer((lineReader, line, candidates) -> {
              List<String> words = line.words().subList(0, line.wordIndex() + 1);
              for (String word :
                  new Completion(shell.session(), shell.registry()).candidates(words)) {
                candidates.add(new Candidate(word, word, null, null, null, null, isWhole(word)));
              }
            });
    if (history != null && isUsable(history)) {
      builder.variable(LineReader.HISTORY_FILE, history);
    }
    return builder.build();
  }

  /** A directory, or a flag that others may be joined to, may go on. */
  private static boolean isWhole(String word) {
    return !word.endsWith("/");
  }

  private static boolean isUsable(Path history) {
    try {
      Path folder = history.getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      return !Files.exists(history) || (Files.isReadable(history) && Files.isWritable(history));
    } catch (IOException | SecurityException refused) {
      return false;
    }
  }

  /** Losing the history is no reason to say anything. */
  private static void save(LineReader reader) {
    try {
      reader.getHistory().save();
    } catch (IOException | UncheckedIOException lost) {
      return;
    }
  }
}
