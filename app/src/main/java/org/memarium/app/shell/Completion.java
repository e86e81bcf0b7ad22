package org.memarium.app.shell;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.process.Task;
import org.memarium.mm.frame.Zone;

/** What may stand at a place of a line, from the {@link Registry} and the machine as it is now. */
final class Completion {
  private final Session session;
  private final Registry registry;

  Completion(Session session, Registry registry) {
    this.session = session;
    this.registry = registry;
  }

  /**
   * The words that may stand in the place of the last one, all that begin with it.
   *
   * @param words of the line up to the cursor; the last may be empty
   */
  List<String> candidates(List<String> words) {
    List<String> line = words;
    // let NAME = COMMAND ... is completed as the command is.
    if (line.size() > 3 && line.getFirst().equals("let") && line.get(2).equals("=")) {
      line = line.subList(3, line.size());
    }
    String start = line.getLast();
    return all(line, start).stream().filter(word -> word.startsWith(start)).toList();
  }

  private List<String> all(List<String> line, String start) {
    if (start.startsWith("$")) {
      return session.variables().keySet().stream().map(name -> "$" + name).toList();
    }
    if (line.size() == 1) {
      return registry.names();
    }
    Command command;
    try {
      command = registry.find(line.getFirst().replaceFirst("/.*", ""));
    } catch (ShellError unknown) {
      return List.of();
    }
    Command.Parameter parameter = parameter(command, line.size() - 2);
    return parameter == null ? List.of() : wordsFor(parameter, start);
  }

  private static Command.@Nullable Parameter parameter(Command command, int index) {
    List<Command.Parameter> parameters = command.parameters();
    if (index < parameters.size()) {
      return parameters.get(index);
    }
    return !parameters.isEmpty() && parameters.getLast().repeated() ? parameters.getLast() : null;
  }

  private List<String> wordsFor(Command.Parameter parameter, String start) {
    if (!parameter.choices().isEmpty()) {
      return parameter.choices();
    }
    List<String> words = new ArrayList<>();
    for (String name : parameter.name().split("\\|", -1)) {
      words.addAll(wordsFor(ArgumentKind.of(name), start));
    }
    return words;
  }

  private List<String> wordsFor(ArgumentKind kind, String start) {
    return switch (kind) {
      case ADDRESS -> new ArrayList<>(session.symbols().keySet());
      case CACHE -> session.cacheNames();
      case COMMAND -> registry.names();
      case FILE, PROGRAM -> hostFiles(start);
      case GFP -> flags(start, FlagNames.GFP.all());
      case PATH -> machineFiles(start);
      case PID -> pids();
      case SETTING -> settings();
      case SLAB_FLAGS -> flags(start, FlagNames.SLAB.all());
      case TOPIC -> topics();
      case VARIABLE -> new ArrayList<>(session.variables().keySet());
      case ZONE -> session.machine().memory().allocator().zones().stream().map(Zone::name).toList();
      case OTHER -> List.of();
    };
  }

  private static List<String> topics() {
    List<String> words = new ArrayList<>();
    for (Topic topic : Topic.values()) {
      words.add(topic.word());
    }
    return words;
  }

  /** The flag behind the last bar. */
  private static List<String> flags(String start, List<String> names) {
    String before = start.substring(0, start.lastIndexOf('|') + 1);
    return names.stream().map(name -> before + name).toList();
  }

  private List<String> pids() {
    Task task = session.machine().running();
    return task == null ? List.of() : List.of(Integer.toString(task.pid()));
  }

  private List<String> settings() {
    return session.machine().files().list("/proc/sys/vm").stream()
        .map(name -> "vm." + name)
        .toList();
  }

  /** Names in the directory that is being written; one relative to /proc too. */
  private List<String> machineFiles(String start) {
    String directory = start.substring(0, start.lastIndexOf('/') + 1);
    String whole = directory.startsWith("/") ? directory : "/proc/" + directory;
    try {
      return session.machine().files().list(whole).stream().map(name -> directory + name).toList();
    } catch (UsageException noDirectory) {
      return List.of();
    }
  }

  private static List<String> hostFiles(String start) {
    String directory = start.substring(0, start.lastIndexOf('/') + 1);
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of(directory))) {
      for (Path file : files) {
        names.add(directory + file.getFileName() + (Files.isDirectory(file) ? "/" : ""));
      }
    } catch (IOException unreadable) {
      return List.of();
    }
    names.sort(null);
    return names;
  }
}
