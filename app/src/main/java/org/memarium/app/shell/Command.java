package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One command: the only place where its name, arguments and help stand.
 *
 * @param name Linux's name where there is one
 * @param usage its arguments: {@code ORDER [GFP]}; in brackets what may be left out, with {@code
 *     ...} what may be repeated, in small letters words to choose from, such as on|off; options
 *     come first, such as [--until N]
 * @param topic what it is about
 * @param summary what it does, in one line
 * @param details more lines of help; may be empty
 * @param action does it
 */
record Command(
    String name, String usage, Topic topic, String summary, String details, Action action) {
  /** What a command does. */
  @FunctionalInterface
  interface Action {
    /**
     * Does it.
     *
     * @return what {@code let} keeps, or null if there is nothing to keep
     * @throws ShellError what went wrong
     */
    @Nullable Long run(Arguments arguments);
  }

  /**
   * One argument.
   *
   * @param name as the usage spells it
   * @param optional whether it may be left out
   * @param repeated whether more may follow
   */
  record Parameter(String name, boolean optional, boolean repeated) {
    ArgumentKind kind() {
      return ArgumentKind.of(name);
    }

    /** The words to choose from; empty if it is not one of those. */
    List<String> choices() {
      return name.toLowerCase(Locale.ROOT).equals(name)
          ? List.of(name.split("\\|", -1))
          : List.of();
    }
  }

  /** The arguments, in order; options are the command's own affair. */
  List<Parameter> parameters() {
    List<Parameter> parameters = new ArrayList<>();
    for (String part : usage.replaceAll("\\[--[^]]*]", "").trim().split(" +", -1)) {
      boolean optional = part.startsWith("[");
      String bare = optional ? part.substring(1, part.length() - 1) : part;
      boolean repeated = bare.endsWith("...");
      if (!bare.isEmpty()) {
        parameters.add(
            new Parameter(
                repeated ? bare.substring(0, bare.length() - 3) : bare, optional, repeated));
      }
    }
    return parameters;
  }

  /** The whole line: {@code alloc_pages ORDER [GFP]}. */
  String synopsis() {
    return usage.isEmpty() ? name : name + " " + usage;
  }

  /** Refuses what is too much or too little. */
  void check(List<String> arguments) {
    List<Parameter> parameters = parameters();
    boolean endless = !parameters.isEmpty() && parameters.getLast().repeated();
    if (arguments.size() > parameters.size() && !endless) {
      throw new ShellError(
          "'%s' is too much; usage: %s".formatted(arguments.get(parameters.size()), synopsis()));
    }
    List<Parameter> required =
        parameters.stream().filter(parameter -> !parameter.optional()).toList();
    if (arguments.size() < required.size()) {
      throw new ShellError(
          "needs %s; usage: %s".formatted(required.get(arguments.size()).name(), synopsis()));
    }
  }
}
