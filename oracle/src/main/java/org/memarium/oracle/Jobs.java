package org.memarium.oracle;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sequences of consecutive seeds, several at a time. Each job is a thread with a machine and agents
 * of its own, which does every n-th seed; what comes out is told in the order of seeds, so that it
 * does not depend on how many jobs there are.
 */
final class Jobs implements AutoCloseable {
  /** How many answers a job may be ahead of who takes them. */
  private static final int AHEAD = 4;

  private static final long LOOK_EVERY_MILLIS = 100;

  private final List<Job> jobs = new ArrayList<>();
  private int next;
  private volatile boolean stopping;

  /**
   * What is to be done.
   *
   * @param folder for temporary files
   * @param groups of calls
   * @param seed the first one
   * @param operations in all
   * @param length of a sequence
   */
  record Work(Path folder, Set<CallGroup> groups, long seed, long operations, int length) {
    /** How many sequences that is. */
    long sequences() {
      return (operations + length - 1) / length;
    }

    /** How long one of them is: the last one may be shorter. */
    int length(long index) {
      return (int) Math.min(length, operations - index * length);
    }
  }

  /**
   * What became of a sequence.
   *
   * @param operations that were done
   * @param finding null: no difference
   * @param failure what the oracle itself failed with; null: nothing
   */
  record Answer(
      long seed,
      long operations,
      Oracle.@Nullable Finding finding,
      @Nullable RuntimeException failure) {}

  /**
   * Begins.
   *
   * @param known kinds of differences that have been told: they are not shrunk again
   */
  Jobs(int count, Work work, Set<String> known) {
    for (int number = 0; number < count; number++) {
      Job job = new Job(number, count, work, known);
      jobs.add(job);
      job.thread.start();
    }
  }

  /** Waits for the answer of the next seed. */
  Answer take() {
    Answer answer;
    try {
      answer = jobs.get(next).answers.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new OracleException("interrupted");
    }
    next = (next + 1) % jobs.size();
    if (answer.failure() != null) {
      throw answer.failure();
    }
    return answer;
  }

  /** Lets all jobs end after the sequence that they are in. */
  @Override
  public void close() {
    stopping = true;
    try {
      for (Job job : jobs) {
        job.thread.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Job {
    final BlockingQueue<Answer> answers = new ArrayBlockingQueue<>(AHEAD);
    final Thread thread;
    private final int number;
    private final int step;
    private final Work work;
    private final Set<String> known;

    Job(int number, int step, Work work, Set<String> known) {
      this.number = number;
      this.step = step;
      this.work = work;
      this.known = known;
      thread = new Thread(this::run, "job " + number);
    }

    private void run() {
      try (Oracle oracle = new Oracle(work.folder(), work.groups(), number)) {
        for (long i = number; i < work.sequences() && !stopping; i += step) {
          long before = oracle.operations();
          long seed = work.seed() + i;
          Oracle.@Nullable Finding finding = oracle.sequence(seed, work.length(i), known);
          tell(new Answer(seed, oracle.operations() - before, finding, null));
        }
      } catch (RuntimeException e) {
        tell(new Answer(0, 0, null, e));
      }
    }

    private void tell(Answer answer) {
      try {
        while (!stopping && !answers.offer(answer, LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS)) {
          // Whoever takes answers waits for another seed.
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
