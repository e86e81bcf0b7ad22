package org.memarium.app.shell;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The shell's own commands. */
final class ShellCommands {
  private final Shell shell;
  private final Session session;
  private final Registry registry;

  ShellCommands(Shell shell, Session session, Registry registry) {
    this.shell = shell;
    this.session = session;
    this.registry = registry;
  }

  void addTo(Registry all) {
    all.add(
        "let",
        "VARIABLE = COMMAND [ARGUMENTS...]",
        Topic.SHELL,
        "runs a command and keeps what it found: then $VARIABLE is it",
        "A number instead of a command is kept too. let without anything lists the variables.",
        this::let);
    all.add(
        "repeat",
        "COUNT COMMAND [ARGUMENTS...]",
        Topic.SHELL,
        "runs a command again and again; what is kept is what the last one found",
        this::repeat);
    all.add("vars", "", Topic.SHELL, "lists the variables", this::variables);
    all.add(
        "symbols", "", Topic.SHELL, "lists the symbols that stand for addresses", this::symbols);
    all.add("echo", "[TEXT...]", Topic.SHELL, "prints its arguments", this::echo);
    all.add(
        "source",
        "FILE",
        Topic.SHELL,
        "executes a file of your computer, line by line, up to its first error",
        arguments -> {
          shell.source(arguments.word(0));
          return null;
        });
    all.add(
        "help",
        "[TOPIC|COMMAND]",
        Topic.SHELL,
        "prints the topics, or about a topic or a command",
        this::help);
    all.add(
        "quit",
        "",
        Topic.SHELL,
        "leaves the shell; the machine ends with it",
        arguments -> {
          session.quit();
          return null;
        });
  }

  private @Nullable Long let(Arguments arguments) {
    String name = arguments.word(0);
    if (name.isEmpty() || !name.chars().allMatch(c -> Words.isNamePart((char) c))) {
      throw new ShellError("'%s' is no name: letters, digits and _".formatted(name));
    }
    if (!arguments.word(1).equals("=")) {
      throw new ShellError("a = with blanks around it follows the name: let p = kmalloc 64");
    }
    List<String> command = arguments.from(2);
    Long value =
        command.size() == 1 && Character.isDigit(command.getFirst().charAt(0))
            ? Long.valueOf(Numbers.parse("VALUE", command.getFirst(), session::symbol))
            : shell.execute(command);
    if (value == null) {
      throw new ShellError(command.getFirst() + " finds nothing that could be kept");
    }
    session.variables().put(name, value);
    return value;
  }

  private @Nullable Long repeat(Arguments arguments) {
    long count = arguments.number(0, "COUNT", 1, 1_000_000);
    Long last = null;
    for (long i = 0; i < count; i++) {
      last = shell.execute(arguments.from(1));
    }
    return last;
  }

  private @Nullable Long variables(Arguments arguments) {
    session
        .variables()
        .forEach((name, value) -> session.out().format("%-16s 0x%x", "$" + name, value));
    return null;
  }

  private @Nullable Long symbols(Arguments arguments) {
    session
        .symbols()
        .forEach((name, value) -> session.out().format("%-20s %s", name, session.address(value)));
    return null;
  }

  private @Nullable Long echo(Arguments arguments) {
    session.out().line(String.join(" ", arguments.from(0)));
    return null;
  }

  // ---- Help ----

  private @Nullable Long help(Arguments arguments) {
    if (!arguments.has(0)) {
      topics();
      return null;
    }
    String word = arguments.word(0);
    for (Topic topic : Topic.values()) {
      if (topic.word().equals(word)) {
        topic(topic);
        return null;
      }
    }
    command(registry.find(word));
    return null;
  }

  private void topics() {
    Output out = session.out();
    out.line("help TOPIC says more of a topic, help COMMAND of a command.");
    for (Topic topic : Topic.values()) {
      List<Command> commands = registry.of(topic);
      if (!commands.isEmpty()) {
        out.line("");
        out.line(
            out.paint(Output.Style.HEADING, "%-9s".formatted(topic.word())) + " " + topic.title());
        wrapped(commands.stream().map(Command::name).toList());
      }
    }
  }

  private void wrapped(List<String> names) {
    StringBuilder line = new StringBuilder(" ".repeat(10));
    for (String name : names) {
      if (line.length() + name.length() > 90) {
        session.out().line(line.toString());
        line = new StringBuilder(" ".repeat(10));
      }
      line.append(name).append("  ");
    }
    session.out().line(line.toString());
  }

  private void topic(Topic topic) {
    Output out = session.out();
    out.heading(topic.word() + ": " + topic.title());
    topic.text().forEach(out::line);
    out.line("");
    for (Command command : registry.of(topic)) {
      out.line("  " + command.synopsis());
      out.line("      " + command.summary());
    }
  }

  private void command(Command command) {
    Output out = session.out();
    out.heading(command.synopsis());
    out.line("  " + command.summary());
    command.details().lines().forEach(line -> out.line("  " + line));
    out.line("  topic: " + command.topic().word());
  }
}
