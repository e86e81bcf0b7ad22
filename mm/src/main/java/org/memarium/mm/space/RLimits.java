package org.memarium.mm.space;

import java.util.Arrays;
import java.util.List;

/**
 * The sixteen resource limits of a process, soft and hard ({@code struct rlimit}, Linux {@code
 * include/uapi/asm-generic/resource.h}).
 *
 * <p>Values are unsigned; {@link #INFINITY} is the largest. The memory limits are enforced in this
 * package, the others by whoever hands out what they limit.
 */
public final class RLimits {
  public static final int CPU = 0;
  public static final int FSIZE = 1;
  public static final int DATA = 2;
  public static final int STACK = 3;
  public static final int CORE = 4;
  public static final int RSS = 5;
  public static final int NPROC = 6;
  public static final int NOFILE = 7;
  public static final int MEMLOCK = 8;
  public static final int AS = 9;
  public static final int LOCKS = 10;
  public static final int SIGPENDING = 11;
  public static final int MSGQUEUE = 12;
  public static final int NICE = 13;
  public static final int RTPRIO = 14;
  public static final int RTTIME = 15;

  /** How many limits there are. */
  public static final int COUNT = 16;

  /** {@code RLIM_INFINITY}: no limit. */
  public static final long INFINITY = -1L;

  /** Lower-case names as {@code prlimit} takes them, by number. */
  private static final List<String> NAMES =
      List.of(
          "cpu",
          "fsize",
          "data",
          "stack",
          "core",
          "rss",
          "nproc",
          "nofile",
          "memlock",
          "as",
          "locks",
          "sigpending",
          "msgqueue",
          "nice",
          "rtprio",
          "rttime");

  private final long[] soft = new long[COUNT];
  private final long[] hard = new long[COUNT];

  private RLimits() {}

  /**
   * The limits that the first process of a machine gets (Linux {@code INIT_RLIMITS}).
   *
   * @param maxThreads half of it limits processes and pending signals, as {@code fork_init} does
   */
  public static RLimits initial(long maxThreads) {
    RLimits limits = new RLimits();
    Arrays.fill(limits.soft, INFINITY);
    Arrays.fill(limits.hard, INFINITY);
    limits.soft[STACK] = 8L << 20;
    limits.soft[CORE] = 0;
    limits.set(NPROC, maxThreads / 2, maxThreads / 2);
    limits.set(NOFILE, 1024, 4096);
    limits.set(MEMLOCK, 8L << 20, 8L << 20);
    limits.set(SIGPENDING, maxThreads / 2, maxThreads / 2);
    limits.set(MSGQUEUE, 819_200, 819_200);
    limits.set(NICE, 0, 0);
    limits.set(RTPRIO, 0, 0);
    return limits;
  }

  /** Limits equal to these, for a child. */
  public RLimits copy() {
    RLimits copy = new RLimits();
    System.arraycopy(soft, 0, copy.soft, 0, COUNT);
    System.arraycopy(hard, 0, copy.hard, 0, COUNT);
    return copy;
  }

  /** The limit that is enforced ({@code rlim_cur}). */
  public long soft(int resource) {
    return soft[resource];
  }

  /** How far the soft limit may be raised ({@code rlim_max}). */
  public long hard(int resource) {
    return hard[resource];
  }

  /**
   * Sets both values of a limit; who may is the caller's business.
   *
   * @throws IllegalArgumentException if the soft limit is above the hard one
   */
  public void set(int resource, long newSoft, long newHard) {
    if (Long.compareUnsigned(newSoft, newHard) > 0) {
      throw new IllegalArgumentException(
          "limit %s: the soft limit %s is above the hard limit %s"
              .formatted(
                  nameOf(resource),
                  Long.toUnsignedString(newSoft),
                  Long.toUnsignedString(newHard)));
    }
    soft[resource] = newSoft;
    hard[resource] = newHard;
  }

  /** The soft limit in whole pages, rounded down; not negative. */
  long softPages(int resource) {
    return soft[resource] >>> 12;
  }

  /** The hard limit in whole pages, rounded down; not negative. */
  long hardPages(int resource) {
    return hard[resource] >>> 12;
  }

  /** The name of a limit as {@code prlimit} has it: {@code as}, {@code data}, ... */
  public static String nameOf(int resource) {
    return NAMES.get(resource);
  }

  /** The number of a limit by its name, or -1 if there is none of that name. */
  public static int numberOf(String name) {
    return NAMES.indexOf(name);
  }

  /** The names of all limits, by number. */
  public static List<String> names() {
    return NAMES;
  }
}
