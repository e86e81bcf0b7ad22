package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All commands, in the order in which help prints them. */
final class Registry {
  private final Map<String, Command> commands = new LinkedHashMap<>();

  void add(
      String name,
      String usage,
      Topic topic,
      String summary,
      String details,
      Command.Action action) {
    Command command = new Command(name, usage, topic, summary, details, action);
    if (commands.put(name, command) != null) {
      throw new IllegalStateException("two commands " + name);
    }
  }

  void add(String name, String usage, Topic topic, String summary, Command.Action action) {
    add(name, usage, topic, summary, "", action);
  }

  /**
   * The command of a name.
   *
   * @throws ShellError if there is none, with the nearest name
   */
  Command find(String name) {
    Command command = commands.get(name);
    if (command == null) {
      throw new ShellError(
          "there is no command %s%s"
              .formatted(
                  name,
                  Nearest.of(name, commands.keySet()) == null
                      ? "; help lists all"
                      : Nearest.hint(name, commands.keySet())));
    }
    return command;
  }

  List<Command> all() {
    return List.copyOf(commands.values());
  }

  List<Command> of(Topic topic) {
    return all().stream().filter(command -> command.topic() == topic).toList();
  }

  List<String> names() {
    return new ArrayList<>(commands.keySet());
  }
}
