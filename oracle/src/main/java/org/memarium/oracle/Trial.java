package org.memarium.oracle;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * One sequence of steps, from a new process on, on both sides.
 *
 * <p>Our side goes ahead: while the host works on one batch, ours does the next. A batch belongs to
 * one process, so that the order of all steps is the same there.
 */
final class Trial implements AutoCloseable {

  private final HostSide host;
  private final OurSide ours;
  private final Guard guard;
  private final WrittenFiles writtenFiles;
  private final StateComparison states;
  private final ProcComparison texts;
  private final List<Step> done = new ArrayList<>();

  private List<Step> building = new ArrayList<>();

  /** How many of the agent's commands that makes. */
  private int commands;

  private List<Expected> outcomes = new ArrayList<>();

  /** What the host works on, and what came out of it here. */
  private List<Step> posted = List.of();

  private List<Expected> expected = List.of();
  private int awaited;

  /**
   * What came out of a step here.
   *
   * @param cleanable as {@link WrittenFiles#pages} says
   */
  private record Expected(Outcome outcome, int cleanable) {}

  /** Page faults of a process when its last step was over; -1: it had none yet. */
  private final int[] theirFaults = new int[Mailbox.SLOTS];

  private final int[] ourFaults = new int[Mailbox.SLOTS];
  private @Nullable Difference difference;

  /**
   * Begins anew on both sides.
   *
   * @param job its number among those that run at once
   */
  Trial(OurSide ours, Path program, Path mailbox, Path hostFolder, int job) {
    this.ours = ours;
    ours.start(program, mailbox);
    host = HostSide.start(program, mailbox, hostFolder, job);
    guard = new Guard(ours);
    writtenFiles = new WrittenFiles(ours);
    AreaHeads heads = new AreaHeads(guard);
    states = new StateComparison(host, ours, heads);
    texts = new ProcComparison(host, ours, heads);
    theirFaults[0] = -1;
  }

  /** The steps that were done. */
  List<Step> done() {
    return done;
  }

  /**
   * Does steps until a difference, or the end.
   *
   * @param steps the next one; null: there are no more
   * @param every after how many steps the whole state is compared; it always is at the end
   */
  @Nullable Difference run(Supplier<@Nullable Step> steps, int every) {
    try {
      doSteps(steps, every);
    } catch (OracleException e) {
      difference = new Difference("the agent", String.valueOf(e.getMessage()), done.size());
    }
    return difference;
  }

  private void doSteps(Supplier<@Nullable Step> steps, int every) {
    // Both begin alike, or nothing that follows tells anything.
    compareStates();
    Step step = difference == null ? steps.get() : null;
    while (step != null && difference == null) {
      if (guard.allows(step)) {
        execute(step);
        if (done.size() % every == 0) {
          compareStates();
        }
      }
      step = difference == null ? steps.get() : null;
    }
    compareStates();
  }

  private void execute(Step step) {
    if (step.call() == MemoryCall.PROC_READ) {
      readProc(step);
      return;
    }
    if (!building.isEmpty()
        && (building.getFirst().process() != step.process()
            || commands + HostSide.commands(step) > Mailbox.MAX_COMMANDS)) {
      post();
    }
    done.add(step);
    if (step.call() == MemoryCall.FORK) {
      theirFaults[step.argument(0)] = -1;
    }
    try {
      int cleanable = writtenFiles.pages(step);
      Outcome outcome = ours.execute(step);
      writtenFiles.note(step, outcome);
      outcomes.add(new Expected(outcome, cleanable));
    } catch (RuntimeException e) {
      difference = Difference.exception(e, done.size());
      return;
    }
    building.add(step);
    commands += HostSide.commands(step);
    switch (step.call()) {
      case FORK, EXIT_GROUP, SHMGET -> {
        post();
        await();
      }
      default -> {}
    }
  }

  /** What both sides look at at the same time. */
  private void readProc(Step step) {
    post();
    await();
    done.add(step);
    awaited++;
    if (difference == null && step.argument(0) >= 0 && step.argument(0) < Mailbox.SLOTS) {
      ProcFile file = ProcFile.TEXTS.get(step.argument(1));
      difference = texts.compare(step.argument(0), file, done.size());
    }
  }

  private void post() {
    await();
    if (!building.isEmpty() && difference == null) {
      host.post(building);
      posted = building;
      expected = outcomes;
      building = new ArrayList<>();
      commands = 0;
      outcomes = new ArrayList<>();
    }
  }

  private void await() {
    List<Outcome> theirs = host.await();
    for (int i = 0; i < theirs.size() && difference == null; i++) {
      compare(posted.get(i), theirs.get(i), expected.get(i), awaited + i + 1);
    }
    awaited += posted.size();
    posted = List.of();
  }

  private void compare(Step step, Outcome theirs, Expected expects, int index) {
    Outcome own = expects.outcome();
    int slot = step.process();
    boolean same = theirs.signal() == own.signal();
    if (same && theirs.signal() != 0) {
      same = theirs.code() == own.code() && theirs.address() == own.address();
    } else if (same && step.call().group() == CallGroup.ACCESS) {
      same = step.call().name().startsWith("WRITE") || theirs.result() == own.result();
    } else if (same) {
      same = isSame(step, theirs.result(), own.result());
    }
    if (!same) {
      String kind = "%s: %s/%s".formatted(step.call().callName(), kind(theirs), kind(own));
      difference = new Difference(kind, step + ": host " + theirs + ", ours " + own, index);
      return;
    }
    int before = theirFaults[slot];
    int theirDelta = theirs.faults() - before;
    int ourDelta = own.faults() - ourFaults[slot];
    theirFaults[slot] = theirs.faults();
    ourFaults[slot] = own.faults();
    boolean sameFaults = KnownDifferences.faults(theirDelta, ourDelta, expects.cleanable());
    if (before >= 0 && !sameFaults && step.call() != MemoryCall.FORK) {
      difference =
          new Difference(
              "faults of " + step.call().callName(),
              "%s (%s): %d page faults on the host, %d here"
                  .formatted(step, own, theirDelta, ourDelta),
              index);
    }
  }

  private boolean isSame(Step step, int theirs, int own) {
    return switch (step.call()) {
      case FORK, WAIT4, SHMGET ->
          theirs == own || (theirs > 0 && own > 0) || (theirs >= 0 && own >= 0);
      // The highest place in a table, where the other side's has been used before.
      case SHMCTL ->
          theirs == own || (theirs >= 0 && own >= 0 && ShmSteps.tellsPlace(step.argument(1)));
      case SHMCTL_AT ->
          theirs == own
              || (theirs >= 0
                  && own >= 0
                  && host.numbers().segments().indexOf(theirs)
                      == ours.numbers().segments().indexOf(own));
      default -> theirs == own;
    };
  }

  private static String kind(Outcome outcome) {
    if (outcome.signal() != 0) {
      return "signal " + outcome.signal() + "." + outcome.code();
    }
    return outcome.isError() ? Errno.name(-outcome.result()) : "ok";
  }

  private void compareStates() {
    post();
    await();
    for (int slot = 0; slot < Mailbox.SLOTS && difference == null; slot++) {
      if (ours.isAlive(slot)) {
        difference = states.compare(slot, done.size());
      }
    }
    host.lookAway();
  }

  /** The maps of all processes, the host's and ours side by side, for a report. */
  String maps() {
    StringBuilder text = new StringBuilder();
    for (int slot = 0; slot < Mailbox.SLOTS; slot++) {
      if (ours.isAlive(slot)) {
        text.append("p%d on the host:\n".formatted(slot)).append(host.proc(slot, "maps"));
        text.append("p%d here:\n".formatted(slot))
            .append(new String(ours.proc(slot, "maps"), StandardCharsets.ISO_8859_1));
      }
    }
    return text.toString();
  }

  @Override
  public void close() {
    host.close();
    ours.end();
  }
}
