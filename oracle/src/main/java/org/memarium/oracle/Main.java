package org.memarium.oracle;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The {@code memarium-oracle} command. */
@Command(
    name = "memarium-oracle",
    description = {
      "Does random memory calls on the host's kernel and on Memarium's, and compares all that can be"
          + " seen of them: results, areas, figures of /proc, page tables, contents, page faults.",
      "Exit status: 0 no difference, 1 differences, 2 wrong usage, 3 this host cannot be asked."
    },
    mixinStandardHelpOptions = true)
public final class Main implements Callable<Integer> {
  private static final int DIFFERENT = 1;
  private static final int USAGE = 2;
  private static final int NO_HOST = 3;
  private static final int MAX_LENGTH = 1_000_000;
  private static final int MAX_JOBS = 64;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--operations",
      paramLabel = "N",
      converter = Count.class,
      description = "How many operations in all, such as 50000, 200K or 10M (default: 200K).")
  private long operations = 200_000;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "The first sequence's seed; each next one's is greater by one (default: 1).")
  private long seed = 1;

  @Option(
      names = "--length",
      paramLabel = "N",
      converter = Count.class,
      description = "Operations in one sequence, from a new process on (default: 2000).")
  private long length = 2000;

  @Option(
      names = "--only",
      paramLabel = "GROUP",
      split = ",",
      description = "Only these groups of calls, and accesses to memory.")
  private List<String> only = List.of();

  @Option(
      names = "--without",
      paramLabel = "GROUP",
      split = ",",
      description = "All groups but these.")
  private List<String> without = List.of();

  @Option(
      names = "--differences",
      paramLabel = "N",
      converter = Count.class,
      description = "Stop after so many kinds of differences (default: 1).")
  private long differences = 1;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      converter = Count.class,
      description = "Sequences that run at once, each on a processor of its own (default: 1).")
  private long jobs = 1;

  @Option(
      names = "--folder",
      paramLabel = "FOLDER",
      description = "Where its temporary files go, on a file system of a disk (default: /tmp).")
  private Path folder = Path.of("/tmp");

  @Option(names = "--verbose", description = "A line for each sequence.")
  private boolean verbose;

  private Main() {}

  /** Runs the command and ends the process with its status. */
  public static void main(String[] arguments) {
    System.exit(
        execute(
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8),
            arguments));
  }

  /** Runs the command, and returns its exit status. */
  static int execute(PrintWriter out, PrintWriter messages, String... arguments) {
    return new CommandLine(new Main())
        .setOut(out)
        .setErr(messages)
        .setUsageHelpAutoWidth(true)
        .setParameterExceptionHandler((wrong, given) -> {
          String message = String.valueOf(wrong.getMessage()).lines().findFirst().orElse("");
          String text = message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
          messages.println("memarium-oracle: " + text + " (try memarium-oracle --help)");
          return USAGE;
        })
        .execute(arguments);
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Set<CallGroup> groups = groups();
    if (operations < 1 || length < 1 || length > MAX_LENGTH || differences < 1) {
      throw wrong("--operations, --length (at most 1M) and --differences are at least 1");
    }
    if (jobs < 1 || jobs > MAX_JOBS) {
      throw wrong("--jobs is from 1 to " + MAX_JOBS);
    }
    if (!Files.isDirectory(folder)) {
      throw wrong("there is no folder " + folder);
    }
    String missing = HostSide.missing(folder);
    if (missing != null) {
      spec.commandLine().getErr().println("memarium-oracle: " + missing);
      return NO_HOST;
    }
    Map<String, Integer> kinds = run(groups, out);
    kinds.forEach((kind, times) -> out.printf("  %6d x %s%n", times, kind));
    out.flush();
    return kinds.isEmpty() ? 0 : DIFFERENT;
  }

  /** Runs all sequences; the kinds of differences, and how often each was found. */
  private Map<String, Integer> run(Set<CallGroup> groups, PrintWriter out) {
    Map<String, Integer> kinds = new ConcurrentSkipListMap<>();
    long begin = System.nanoTime();
    long done = 0;
    Jobs.Work work = new Jobs.Work(folder, groups, seed, operations, (int) length);
    int count = (int) Math.min(jobs, work.sequences());
    try (Jobs running = new Jobs(count, work, kinds.keySet())) {
      for (long i = 0; i < work.sequences() && kinds.size() < differences; i++) {
        Jobs.Answer answer = running.take();
        Oracle.@Nullable Finding finding = answer.finding();
        done += answer.operations();
        if (verbose) {
          String what = finding == null ? "ok" : finding.difference().kind();
          out.printf("seed %d: %s%n", answer.seed(), what);
        }
        if (finding != null && kinds.merge(finding.difference().kind(), 1, Integer::sum) == 1) {
          out.println(finding);
        }
      }
    }
    long nanos = System.nanoTime() - begin;
    out.printf(
        Locale.ROOT,
        "%,d operations in %,d s: %,d a second; %s%n",
        done,
        nanos / NANOS_PER_SECOND,
        (long) ((double) done * NANOS_PER_SECOND / nanos),
        kinds.isEmpty() ? "no difference" : kinds.size() + " kinds of differences");
    return kinds;
  }

  private Set<CallGroup> groups() {
    if (!only.isEmpty() && !without.isEmpty()) {
      throw wrong("--only and --without exclude one another");
    }
    Set<CallGroup> groups = EnumSet.allOf(CallGroup.class);
    if (!only.isEmpty()) {
      groups.clear();
      groups.add(CallGroup.ACCESS);
      only.forEach(name -> groups.add(group(name)));
    }
    without.forEach(name -> groups.remove(group(name)));
    if (groups.isEmpty()) {
      throw wrong("nothing is left to try");
    }
    return groups;
  }

  private CallGroup group(String name) {
    CallGroup group = CallGroup.named(name);
    if (group == null) {
      throw wrong("there is no group '%s'; there are %s".formatted(name, CallGroup.names()));
    }
    return group;
  }

  private ParameterException wrong(String what) {
    return new ParameterException(spec.commandLine(), what);
  }

  /** A number with K or M for thousands and millions. */
  static final class Count implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      if (!text.matches("\\d{1,12}[kKmM]?")) {
        throw new TypeConversionException(
            "'%s' is not a number; they look like 2000, 200K or 10M".formatted(text));
      }
      char last = Character.toUpperCase(text.charAt(text.length() - 1));
      long unit = last == 'M' ? 1_000_000 : last == 'K' ? 1_000 : 1;
      return Long.parseLong(unit == 1 ? text : text.substring(0, text.length() - 1)) * unit;
    }
  }
}
