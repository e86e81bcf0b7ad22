package org.memarium.oracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.Machine;

/** Runs sequences, and shrinks those that end in a difference. */
final class Oracle implements AutoCloseable {
  private static final int CHECK_EVERY = 256;
  private static final int MAX_REPLAYS = 600;

  private final Path folder;
  private final Path program;
  private final Set<CallGroup> groups;
  private final Consumer<Machine> prepare;
  private @Nullable OurSide ours;
  private int trials;
  private long operations;

  /** Tries those groups of calls, with its files in a new folder. */
  Oracle(Path parent, Set<CallGroup> groups) {
    this(parent, groups, machine -> {});
  }

  /**
   * The same.
   *
   * @param prepare what is done to each machine before its first process
   */
  Oracle(Path parent, Set<CallGroup> groups, Consumer<Machine> prepare) {
    this.groups = groups;
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
      for (Step step : steps) {
        text.append("    ").append(step).append('\n');
      }
      return text.append(maps.indent(2)).toString();
    }
  }

  /** Does a sequence; null: without a difference. */
  @Nullable Finding sequence(long seed, int length) {
    List<Step> steps;
    Difference difference;
    try (Trial trial = trial()) {
      Generator generator = new Generator(seed, ours(), groups);
      int[] left = {length};
      difference = trial.run(() -> left[0]-- > 0 ? generator.next() : null, CHECK_EVERY);
      steps = List.copyOf(trial.done());
    }
    operations += steps.size();
    if (difference == null) {
      return null;
    }
    afresh();
    return shrink(seed, difference, steps);
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
    return new Trial(ours(), program, mailbox, folder.resolve("host"));
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

  private Finding shrink(long seed, Difference found, List<Step> all) {
    List<Step> steps = all.subList(0, Math.min(found.step(), all.size()));
    Difference difference = replay(steps, 1);
    if (difference == null) {
      return new Finding(
          seed,
          new Difference(found.kind() + " (not seen again in a replay)", found.text(), 0),
          steps,
          "");
    }
    steps = new ArrayList<>(steps.subList(0, Math.min(difference.step(), steps.size())));
    String kind = difference.kind();
    int replays = 0;
    for (int chunk = steps.size() / 2; chunk >= 1 && replays < MAX_REPLAYS; ) {
      boolean shorter = false;
      for (int from = steps.size() - chunk; from >= 0 && replays < MAX_REPLAYS; from -= chunk) {
        List<Step> fewer = new ArrayList<>(steps);
        fewer.subList(from, from + chunk).clear();
        replays++;
        Difference again = replay(fewer, Integer.MAX_VALUE);
        if (again != null && again.kind().equals(kind)) {
          difference = again;
          steps = new ArrayList<>(fewer.subList(0, Math.min(again.step(), fewer.size())));
          shorter = true;
          from = Math.min(from, steps.size());
        }
      }
      chunk = shorter && chunk == 1 ? 1 : chunk / 2;
      chunk = Math.min(chunk, steps.size());
    }
    String maps;
    try (Trial trial = trial()) {
      Iterator<Step> left = steps.iterator();
      trial.run(() -> left.hasNext() ? left.next() : null, Integer.MAX_VALUE);
      maps = trial.maps();
    } catch (RuntimeException e) {
      maps = "";
    }
    afresh();
    return new Finding(seed, difference, steps, maps);
  }

  private @Nullable Difference replay(List<Step> steps, int every) {
    Difference difference;
    try (Trial trial = trial()) {
      Iterator<Step> left = steps.iterator();
      difference = trial.run(() -> left.hasNext() ? left.next() : null, every);
    }
    if (difference != null && difference.kind().startsWith("exception")) {
      afresh();
    }
    return difference;
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
