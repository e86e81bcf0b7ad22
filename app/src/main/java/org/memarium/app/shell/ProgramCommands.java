package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.CallStop;
import org.memarium.kernel.Machine;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;

/** Running programs, and what they look like while they stand still. */
final class ProgramCommands {
  private final Session session;
  private final Machine machine;

  ProgramCommands(Session session) {
    this.session = session;
    this.machine = session.machine();
  }

  void addTo(Registry registry) {
    registry.add(
        "run",
        "[--until N|CALL] PROGRAM [ARGUMENTS...]",
        Topic.PROGRAMS,
        "runs a program to its end, for N instructions, or up to a system call",
        "CALL is its name, such as brk, mmap2 or exit_group: it stops before each one.",
        this::run);
    registry.add(
        "continue",
        "[N|CALL]",
        Topic.PROGRAMS,
        "lets the program go on: to its end, for N instructions, or up to a system call",
        this::goOn);
    registry.add(
        "kill",
        "[PID] [SIGNAL]",
        Topic.PROGRAMS,
        "sends a signal, by number, and lets the program meet it; without one, 9",
        this::kill);
    registry.add("ps", "", Topic.PROGRAMS, "lists the processes", this::ps);
    registry.add(
        "maps",
        "[PID]",
        Topic.PROGRAMS,
        "prints its memory areas",
        arguments -> view(arguments, "maps"));
    registry.add(
        "smaps",
        "[PID]",
        Topic.PROGRAMS,
        "prints its memory areas and what is resident of each",
        arguments -> view(arguments, "smaps"));
  }

  private @Nullable Long run(Arguments arguments) {
    Task there = machine.running();
    if (there != null) {
      throw new ShellError(
          "%s still stands here; continue lets it go on, kill ends it".formatted(name(there)));
    }
    String until = null;
    Arguments command = arguments;
    if (arguments.has(0) && arguments.word(0).equals("--until")) {
      if (!arguments.has(2)) {
        throw new ShellError("--until needs N or CALL, and a PROGRAM");
      }
      until = arguments.word(1);
      command = arguments.without(2);
    }
    List<String> argv = new ArrayList<>(command.from(0));
    // What is wrong with --until is said before there is a process.
    Limit limit = limit(until);
    machine.exec(
        session.programs().pathOf(argv.getFirst()), argv, session.programs().environment());
    return go(limit);
  }

  private @Nullable Long goOn(Arguments arguments) {
    session.requireProcess();
    return go(limit(arguments.optional(0)));
  }

  /**
   * How far a program goes.
   *
   * @param call before which; null: none stops it
   */
  private record Limit(long instructions, @Nullable CallStop call) {
    static final Limit NONE = new Limit(Long.MAX_VALUE, null);
  }

  private Limit limit(@Nullable String text) {
    if (text == null) {
      return Limit.NONE;
    }
    if (!Character.isDigit(text.charAt(0))) {
      return new Limit(Long.MAX_VALUE, CallStop.named(text));
    }
    long instructions = Numbers.parse("N", text, session::symbol);
    if (instructions < 1) {
      throw new ShellError("N is at least 1");
    }
    return new Limit(instructions, null);
  }

  private @Nullable Long kill(Arguments arguments) {
    session.process(arguments, 0);
    int signal =
        arguments.has(1) ? (int) arguments.number(1, "SIGNAL", 1, Signal.COUNT) : Signal.SIGKILL;
    machine.interrupt(signal);
    return go(Limit.NONE);
  }

  private Long go(Limit limit) {
    Task task = session.requireProcess();
    session.out().flush();
    machine.stopBeforeCalls(limit.call());
    session.foreground().whileRunning(() -> machine.run(limit.instructions()));
    long executed = machine.report().instructions();
    if (!task.isEnded()) {
      session
          .out()
          .format(
              "%s stands still at eip %s, after %,d instructions",
              name(task), session.address(Integer.toUnsignedLong(machine.cpu().eip())), executed);
      return (long) task.pid();
    }
    String death = machine.deathLine();
    session
        .out()
        .format(
            "%s ended with status %d, after %,d instructions%s",
            name(task), task.process().exitStatus(), executed, death == null ? "" : ": " + death);
    return (long) task.process().exitStatus();
  }

  private static String name(Task task) {
    return "%s (%d)".formatted(task.comm(), task.pid());
  }

  private @Nullable Long ps(Arguments arguments) {
    Task task = machine.running();
    session
        .out()
        .heading(
            "%6s %6s  %-5s %10s %10s  %s"
                .formatted("PID", "PPID", "STATE", "VSZ", "RSS", "COMMAND"));
    if (task != null) {
      session
          .out()
          .format(
              "%6d %6d  %-5s %8d K %8d K  %s",
              task.pid(),
              task.process().parentPid(),
              task.runState().letter(),
              task.requireMm().accounting().totalVm() * (Ram.PAGE_SIZE / 1024L),
              task.requireMm().rss().total() * (Ram.PAGE_SIZE / 1024L),
              task.comm());
    }
    return null;
  }

  private @Nullable Long view(Arguments arguments, String file) {
    Task task = session.process(arguments, 0);
    session.out().text(machine.proc("%d/%s".formatted(task.pid(), file)));
    return null;
  }
}
