package org.memarium.oracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.Machine;

/** Runs sequences, and shrinks those that end in a difference. */
final class Oracle implements AutoCloseable {
  private static final int CHECK_EVERY = 256;

  /** How many sequences pass from one audit to the next. */
  private static final int AUDIT_EVERY = 8;

  private static final int MAX_REPLAYS = 600;
  private static final int MAX_STEPS_SHOWN = 60;

  private final Path folder;
  private final Path program;
  private final Set<CallGroup> groups;
  private final int job;
  private final Consumer<Machine> prepare;
  private @Nullable OurSide ours;
  private int trials;
  private long operations;

  /** Tries those groups of calls, with its files in a new folder. */
  Oracle(Path parent, Set<CallGroup> groups) {
    this(parent, groups, 0, machine -> {});
  }

  /** The same as one of several jobs, by number: each has another of the host's processors. */
  Oracle(Path parent, Set<CallGroup> groups, int job) {
    this(parent, groups, job, machine -> {});
  }

  /**
   * The same.
   *
   * @param prepare what is done to each machine before its first process
   */
  Oracle(Path parent, Set<CallGroup> groups, Consumer<Machine> prepare) {
    this(parent, groups, 0, prepare);
  }

  private Oracle(Path parent, Set<CallGroup> groups, int job, Consumer<Machine> prepare) {
    this.groups = groups;
    this.job = job;
    this.prepare = prepare;
    try {
      folder = Files.createTempDirectory(parent, "memarium-oracle-");
      program = AgentProgram.write(folder, "agent");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Steps that were done, those of replays not counted. */
  long operations() {
    return operations;
  }

  /**
   * A sequence that ended in a difference.
   *
   * @param seed of the sequence
   * @param steps a shortest sequence that was found to do so
   * @param maps how the areas are at its end
   */
  record Finding(long seed, Difference difference, List<Step> steps, String maps) {
    @Override
    public String toString() {
      StringBuilder text = new StringBuilder();
      text.append("seed %d, %d steps: %s%n".formatted(seed, steps.size(), difference.kind()));
      text.append("  ").append(difference.text()).append('\n');
      int first = Math.max(0, steps.size() - MAX_STEPS_SHOWN);
      if (first > 0) {
        text.append("    ... %d steps more%n".formatted(first));
      }
      for (Step step : steps.subList(first, steps.size())) {
        text.append("    ").append(step).append('\n');
      }
      return text.append(maps.indent(2)).toString();
    }
  }

  /** Does a sequence; null: without a difference. */
  @Nullable Finding sequence(long seed, int length) {
    return sequence(seed, length, Set.of());
  }

  /**
   * The same.
   *
   * @param known kinds of differences of which a sequence has been shrunk already
   */
  @Nullable Finding sequence(long seed, int length, Set<String> known) {
    List<Step> steps;
    Difference difference;
    try (Trial trial = trial()) {
      Generator generator = new Generator(seed, ours(), groups);
      // Steps that may not be tried do not count.
      difference =
          trial.run(() -> trial.done().size() < length ? generator.next() : null, CHECK_EVERY);
      steps = List.copyOf(trial.done());
    }
    operations += steps.size();
    if (difference == null && seed % AUDIT_EVERY == 0) {
      difference = audit(steps.size());
    }
    if (difference == null) {
      return null;
    }
    afresh();
    return shrink(seed, difference, steps, known);
  }

  /** Our side recounts everything, after all processes have ended. */
  private @Nullable Difference audit(int steps) {
    try {
      ours().machine().audit();
      return null;
    } catch (IllegalStateException e) {
      return Difference.exception(e, steps);
    }
  }

  private OurSide ours() {
    OurSide side = ours;
    if (side == null) {
      Path files = make("ours");
      side = OurSide.boot(files);
      prepare.accept(side.machine());
      ours = side;
    }
    return side;
  }

  private Path make(String name) {
    try {
      return Files.createDirectories(folder.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Boots a new machine for the next sequence: this one may be broken. */
  private void afresh() {
    if (ours != null) {
      ours.close();
      ours = null;
    }
  }

  private Trial trial() {
    empty(make("ours"));
    empty(make("host"));
    Path mailbox = Path.of("/dev/shm/" + folder.getFileName() + "-" + trials++);
    return new Trial(ours(), program, mailbox, folder.resolve("host"), job);
  }

  private static void empty(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- Shrinking ----

  /** What a replay did, up to the difference or to its end. */
  private record Replay(@Nullable Difference difference, List<Step> steps) {
    boolean showsAgain(String kind) {
      return difference != null && difference.kind().equals(kind);
    }
  }

  /** Takes steps away, fewer at a time, as long as what is left ends in the same difference. */
  private Finding shrink(long seed, Difference found, List<Step> all, Set<String> known) {
    // With every step's state compared it shows where it begins, maybe as something else.
    Replay shortest = replay(all, 1);
    if (shortest.difference() == null) {
      // To look may change what there is to see: as often as at first, then.
      shortest = replay(all, CHECK_EVERY);
    }
    Difference difference = shortest.difference();
    if (difference == null) {
      String kind = found.kind() + " (not seen again in a replay)";
      return new Finding(seed, new Difference(kind, found.text(), found.step()), all, "");
    }
    String kind = difference.kind();
    if (known.contains(kind)) {
      return new Finding(seed, difference, shortest.steps(), "");
    }
    int replays = 0;
    for (int chunk = shortest.steps().size() / 2; chunk >= 1; chunk /= 2) {
      int from = shortest.steps().size() - chunk;
      while (from >= 0 && replays++ < MAX_REPLAYS) {
        List<Step> fewer = new ArrayList<>(shortest.steps());
        fewer.subList(from, from + chunk).clear();
        Replay replay = replay(fewer, Integer.MAX_VALUE);
        if (replay.showsAgain(kind)) {
          shortest = replay;
        }
        from = Math.min(from, shortest.steps().size()) - chunk;
      }
    }
    return finding(seed, shortest);
  }

  private Finding finding(long seed, Replay shortest) {
    String maps;
    try (Trial trial = trial()) {
      Iterator<Step> left = shortest.steps().iterator();
      trial.run(() -> left.hasNext() ? left.next() : null, Integer.MAX_VALUE);
      maps = trial.maps();
    } catch (RuntimeException e) {
      maps = "(no maps: " + e.getMessage() + ")\n";
    }
    afresh();
    return new Finding(seed, Objects.requireNonNull(shortest.difference()), shortest.steps(), maps);
  }

  private Replay replay(List<Step> steps, int every) {
    Replay replay;
    try (Trial trial = trial()) {
      Iterator<Step> left = steps.iterator();
      Difference difference = trial.run(() -> left.hasNext() ? left.next() : null, every);
      List<Step> done = trial.done();
      int end = difference == null ? done.size() : Math.min(difference.step(), done.size());
      replay = new Replay(difference, List.copyOf(done.subList(0, end)));
    }
    if (replay.difference() != null && replay.difference().isException()) {
      afresh();
    }
    return replay;
  }

  @Override
  public void close() {
    afresh();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
