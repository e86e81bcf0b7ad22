package org.memarium.app;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.error.UsageException;
import picocli.CommandLine.Option;

/** The options that say what a program finds, and where its file is looked for. */
final class ProgramOptions {
  /** What a program finds in its environment unless --env says otherwise; the same everywhere. */
  static final SequencedMap<String, String> ENVIRONMENT = standardEnvironment();

  @Option(
      names = "--env",
      paramLabel = "NAME[=VALUE]",
      description = {
        "Sets a variable, or passes yours on. Repeatable. Otherwise the program finds only PATH,"
            + " HOME and LANG, so that it does the same everywhere."
      })
  private List<String> environment = new ArrayList<>();

  /** The program's environment: {@code NAME=value} each. */
  List<String> envp() {
    return environment().entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
  }

  /**
   * The path of a program, as the machine will see it.
   *
   * @param program its path, or a name to look for
   * @param root the host folder that is the machine's /
   * @throws ExecException 127 if there is none
   */
  String pathOf(String program, Path root) {
    @Nullable String home = System.getProperty("memarium.home");
    @Nullable String packages = System.getenv("MEMARIUM_I386_ROOT");
    Path i386Root =
        packages != null
            ? Path.of(packages).toAbsolutePath()
            : Path.of(home == null ? "" : home).toAbsolutePath().resolve("target/i386");
    return ProgramPath.find(program, root, i386Root, environment().getOrDefault("PATH", ""));
  }

  private static SequencedMap<String, String> standardEnvironment() {
    SequencedMap<String, String> variables = new LinkedHashMap<>();
    variables.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    variables.put("HOME", "/");
    variables.put("LANG", "C");
    return Collections.unmodifiableSequencedMap(variables);
  }

  private SequencedMap<String, String> environment() {
    SequencedMap<String, String> variables = new LinkedHashMap<>(ENVIRONMENT);
    for (String option : environment) {
      int equals = option.indexOf('=');
      if (equals == 0 || option.isEmpty()) {
        throw new UsageException(
            "--env '%s' has no name; it looks like --env TERM=xterm".formatted(option));
      }
      if (equals > 0) {
        variables.put(option.substring(0, equals), option.substring(equals + 1));
        continue;
      }
      String value = System.getenv(option);
      if (value == null) {
        throw new UsageException(
            "--env %s: your environment has no such variable; --env %s=VALUE sets one"
                .formatted(option, option));
      }
      variables.put(option, value);
    }
    return variables;
  }
}
