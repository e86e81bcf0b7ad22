package org.memarium.app;

import java.io.IOException;
import java.util.EnumSet;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.ControlChar;
import org.jline.terminal.Attributes.InputFlag;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Attributes.OutputFlag;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.Machine;

/**
 * Lets a machine have the host's terminal while a program runs. The machine has a line discipline
 * of its own, so the host's is told to pass every byte on; closing gives the terminal back as it
 * was, and so does the end of this process, whatever ends it but SIGKILL.
 *
 * <p>Where nothing of the program's output goes to the terminal, the host goes on treating what is
 * typed: only so its user sees it.
 */
final class TerminalLink implements AutoCloseable {
  private final Machine machine;
  private final @Nullable Terminal terminal;
  private final Keyboard keyboard;

  private TerminalLink(Machine machine, @Nullable Terminal terminal, StandardInput input) {
    this.machine = machine;
    this.terminal = terminal;
    if (terminal != null) {
      takeOver(terminal);
      HostSignals.handle("WINCH", () -> tellSize(terminal));
      // After a stop from outside, the shell has set the terminal as it likes it.
      HostSignals.handle("CONT", () -> takeOver(terminal));
    }
    this.keyboard = Keyboard.open(machine, input, terminal != null);
  }

  /**
   * Takes the terminal over; null where standard input is none.
   *
   * @param machine whose program is to have it
   */
  static @Nullable TerminalLink open(Machine machine, StandardStreams streams) {
    if (!streams.terminals()[0] || !(streams.in() instanceof StandardInput input)) {
      return null;
    }
    boolean isSeen = streams.terminals()[1] || streams.terminals()[2];
    return new TerminalLink(machine, isSeen ? hostTerminal() : null, input);
  }

  /** Null where the host's terminal cannot be set. */
  private static @Nullable Terminal hostTerminal() {
    try {
      return TerminalBuilder.builder()
          .system(true)
          .systemOutput(TerminalBuilder.SystemOutput.SysOutOrSysErr)
          .nativeSignals(false)
          .paused(true)
          .graphemeCluster(false) // or it asks the terminal, which then types its answer
          .dumb(false)
          .build();
    } catch (IOException | IllegalStateException notToBeSet) {
      return null;
    }
  }

  private void takeOver(Terminal host) {
    Attributes raw = new Attributes(host.getAttributes());
    raw.setLocalFlags(
        EnumSet.of(LocalFlag.ICANON, LocalFlag.ECHO, LocalFlag.ISIG, LocalFlag.IEXTEN), false);
    raw.setInputFlags(
        EnumSet.of(
            InputFlag.IXON,
            InputFlag.ICRNL,
            InputFlag.INLCR,
            InputFlag.IGNCR,
            InputFlag.BRKINT,
            InputFlag.ISTRIP),
        false);
    raw.setOutputFlag(OutputFlag.OPOST, false);
    raw.setControlChar(ControlChar.VMIN, 1);
    raw.setControlChar(ControlChar.VTIME, 0);
    host.setAttributes(raw);
    tellSize(host);
  }

  private void tellSize(Terminal host) {
    Size size = host.getSize();
    if (size.getRows() > 0 && size.getColumns() > 0) {
      machine.terminal().resize(size.getRows(), size.getColumns());
    }
  }

  @Override
  public void close() {
    keyboard.close();
    if (terminal != null) {
      HostSignals.ignore("WINCH");
      HostSignals.ignore("CONT");
      try {
        terminal.close();
      } catch (IOException alreadyGone) {
        return;
      }
    }
  }
}
