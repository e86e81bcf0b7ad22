package org.memarium.app;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableFormat;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.space.Layout;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code memarium run}: boots a machine, gives it a program, and ends as the program ends. */
@Command(
    name = "run",
    description = "Runs a 32-bit Linux program on a machine of its own.",
    customSynopsis = "memarium run [OPTIONS] PROGRAM [ARGUMENTS]",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    sortOptions = false,
    separator = " ",
    footerHeading = "%nExamples:%n",
    footer = {
      "  memarium run --report samples/maps",
      "  memarium run --limit as=64M --env TERM busybox sh",
      "  memarium run --layout compat --ram 1G --trace events.jsonl ./program",
      "",
      "The exit status is the program's own, 128 + N if signal N ended it; 127 if there is no such"
          + " program, 126 if it cannot be run here, 2 if Memarium was asked for something that"
          + " cannot be."
    })
final class RunCommand implements Callable<Integer> {
  /** What a program finds in its environment unless --env says otherwise; the same everywhere. */
  static final SequencedMap<String, String> ENVIRONMENT = standardEnvironment();

  @Option(
      names = "--ram",
      paramLabel = "SIZE",
      converter = Size.Converter.class,
      description = "RAM of the machine, such as 64M or 1G (default: 128M).")
  private @Nullable Long ramBytes;

  @Option(
      names = "--layout",
      paramLabel = "LAYOUT",
      converter = LayoutConverter.class,
      description = {
        "The kernel that the program finds itself on:",
        "i386: 32-bit, user space below 3 GiB (default);",
        "compat: 64-bit, nearly 4 GiB for the program."
      })
  private @Nullable Layout layout;

  @Option(
      names = "--paging",
      paramLabel = "FORMAT",
      converter = PagingConverter.class,
      description = {
        "Shape of the page tables: two-level (default) or pae with the i386 layout, four-level"
            + " with compat."
      })
  private @Nullable PageTableFormat paging;

  @Option(
      names = "--tlb",
      paramLabel = "NxWAYS",
      converter = TlbShape.Converter.class,
      description = "Entries of the TLB and how many make a set (default: 64x4).")
  private @Nullable TlbShape tlb;

  @Option(
      names = "--limit",
      paramLabel = "NAME=VALUE",
      converter = LimitOption.Converter.class,
      description = {
        "A resource limit, named as in prlimit: as=64M, stack=1M:unlimited, data=unlimited."
            + " Repeatable."
      })
  private List<LimitOption> limits = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "NUMBER",
      description = "What everything random derives from (default: 0).")
  private long seed;

  @Option(
      names = "--randomize",
      description = "Randomise the address space, from the seed (default: off).")
  private boolean randomize;

  @Option(
      names = "--env",
      paramLabel = "NAME[=VALUE]",
      description = {
        "Sets a variable, or passes yours on. Repeatable. Otherwise the program finds only PATH,"
            + " HOME and LANG, so that it does the same everywhere."
      })
  private List<String> environment = new ArrayList<>();

  @Option(
      names = "--root",
      paramLabel = "FOLDER",
      description = "The folder that the program sees as / (default: /).")
  private Path root = Path.of("/");

  @Option(
      names = "--writable",
      paramLabel = "FOLDER",
      description = {
        "Lets what the program writes there through to your files. Repeatable. Anything else that"
            + " it writes ends with the machine."
      })
  private List<Path> writable = new ArrayList<>();

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = {
        "Writes every event of the memory manager as a line of JSON; - is standard output."
      })
  private @Nullable String trace;

  @Option(
      names = "--report",
      description = "When the program has ended, prints what it did to memory, on standard error.")
  private boolean report;

  @Option(
      names = "--check",
      description = "Recounts all memory at every system call and stops where it does not add up.")
  private boolean check;

  @Parameters(
      index = "0",
      paramLabel = "PROGRAM",
      description = "Its path, or a name to look for in PATH.")
  private String program = "";

  @Parameters(index = "1..*", paramLabel = "ARGUMENTS", description = "Passed on as they are.")
  private List<String> arguments = new ArrayList<>();

  private final StandardStreams streams;

  RunCommand(StandardStreams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() {
    SequencedMap<String, String> variables = environment();
    String path = programPath(variables);
    List<String> argv = new ArrayList<>();
    argv.add(program);
    argv.addAll(arguments);
    List<String> envp =
        variables.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();

    try (Machine machine = Machine.boot(config());
        TraceFile events = trace == null ? null : TraceFile.open(trace, streams.out())) {
      if (events != null) {
        machine.trace().listen(events);
      }
      machine.exec(path, argv, envp);
      if (streams.in() instanceof StandardInput own) {
        HostSignals.forwardTo(machine, own);
      }
      int status = machine.run();
      if (events != null) {
        events.whole();
      }
      sayHowItEnded(machine);
      return status;
    }
  }

  private void sayHowItEnded(Machine machine) {
    PrintWriter messages = streams.messages();
    String death = machine.deathLine();
    if (death != null) {
      messages.println("memarium: " + death);
    }
    if (report) {
      new ReportPrinter(messages).print(machine.report());
    }
    messages.flush();
    if (check) {
      machine.audit();
    }
  }

  private MachineConfig config() {
    MachineConfig.Builder config =
        MachineConfig.builder()
            .seed(seed)
            .randomise(randomize)
            .root(root)
            .workingDirectory(workingDirectory())
            .checks(check)
            .standardInput(streams.in())
            .standardOutput(streams.out())
            .standardError(streams.err());
    for (int fd = 0; fd < streams.terminals().length; fd++) {
      config.terminal(fd, streams.terminals()[fd]);
    }
    writable.forEach(config::writable);
    limits.forEach(limit -> config.limit(limit.resource(), limit.soft(), limit.hard()));
    if (ramBytes != null) {
      config.ramBytes(ramBytes);
    }
    if (layout != null) {
      config.layout(layout);
    }
    if (paging != null) {
      config.pageTableFormat(paging);
    }
    if (tlb != null) {
      config.tlb(tlb.entries(), tlb.ways());
    }
    user(config);
    return config.build();
  }

  /** The program runs as whoever started it; where the host has no numbers for users, as root. */
  private static void user(MachineConfig.Builder config) {
    Path self = Path.of("/proc/self");
    try {
      config.user(
          (Integer) Files.getAttribute(self, "unix:uid"),
          (Integer) Files.getAttribute(self, "unix:gid"));
    } catch (IOException | UnsupportedOperationException _) {
      config.user(0, 0);
    }
  }

  private String programPath(Map<String, String> variables) {
    @Nullable String home = System.getProperty("memarium.home");
    @Nullable String packages = System.getenv("MEMARIUM_I386_ROOT");
    Path i386Root =
        packages != null
            ? Path.of(packages).toAbsolutePath()
            : Path.of(home == null ? "" : home).toAbsolutePath().resolve("target/i386");
    return ProgramPath.find(
        program, root.toAbsolutePath().normalize(), i386Root, variables.getOrDefault("PATH", ""));
  }

  /** The current folder if the program can see it, else /. */
  private String workingDirectory() {
    Path view = root.toAbsolutePath().normalize();
    Path here = Path.of("").toAbsolutePath();
    return here.startsWith(view) ? "/" + view.relativize(here) : "/";
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

  static final class LayoutConverter implements ITypeConverter<Layout> {
    @Override
    public Layout convert(String text) {
      return switch (text) {
        case "i386" -> Layout.I386;
        case "compat" -> Layout.COMPAT;
        default ->
            throw new TypeConversionException(
                "there is no layout '%s'; there are i386 and compat".formatted(text));
      };
    }
  }

  static final class PagingConverter implements ITypeConverter<PageTableFormat> {
    @Override
    public PageTableFormat convert(String text) {
      return switch (text) {
        case "two-level" -> PageTableFormat.TWO_LEVEL;
        case "pae" -> PageTableFormat.PAE;
        case "four-level" -> PageTableFormat.FOUR_LEVEL;
        default ->
            throw new TypeConversionException(
                "there are no page tables '%s'; there are two-level, pae and four-level"
                    .formatted(text));
      };
    }
  }

  /** {@code --tlb 64x4}. */
  record TlbShape(int entries, int ways) {
    static final class Converter implements ITypeConverter<TlbShape> {
      @Override
      public TlbShape convert(String text) {
        String[] parts = text.split("x", -1);
        try {
          if (parts.length == 2) {
            return new TlbShape(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
          }
        } catch (NumberFormatException _) {
          // Answered below, with everything else that is not of this form.
        }
        throw new TypeConversionException(
            "'%s' is no TLB; one looks like 64x4: 64 entries in sets of 4".formatted(text));
      }
    }
  }
}
