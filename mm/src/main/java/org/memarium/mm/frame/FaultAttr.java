package org.memarium.mm.frame;

/**
 * {@code struct fault_attr}: which of many calls fail on purpose (Linux 6.1 {@code
 * lib/fault-inject.c}), so that it can be seen what becomes of those who made them.
 *
 * <pre>
 *   interval      of so many calls one is thought of, the last; 1: each
 *   probability   in how many of a hundred such cases it fails, 100: always, 0: nothing ever does
 *   space         so many bytes are granted first
 *   times         how often it fails at the most; -1: no limit
 *   fail-nth      the n-th call from now fails, once, whatever the others say
 * </pre>
 */
public final class FaultAttr {
  /** Prime to what the program does, and the same in each run. */
  private static final long FIRST_RANDOM = 0x9e37_79b9_7f4a_7c15L;

  private final String name;
  private final Runnable changed;
  private int interval = 1;
  private int probability;
  private long space;
  private long times = 1;
  private long nth;
  private long calls;
  private long failures;
  private long random = FIRST_RANDOM;
  private Runnable dump = () -> {};

  /**
   * Nothing fails.
   *
   * @param name of the folder in debugfs, such as {@code fail_page_alloc}
   * @param changed told when {@link #isOn} may have changed
   */
  public FaultAttr(String name, Runnable changed) {
    this.name = name;
    this.changed = changed;
  }

  /** Its name in Linux. */
  public String name() {
    return name;
  }

  /**
   * Every so many calls one fails.
   *
   * @param every 0: none does; 1: each does
   * @param most how many in all, -1 for no limit
   */
  public void set(int every, long most) {
    set(Math.max(every, 1), every == 0 ? 0 : 100, 0, most);
  }

  /**
   * Sets everything but {@code fail-nth}, and counts anew.
   *
   * @throws IllegalArgumentException if a value can't be
   */
  public void set(int newInterval, int newProbability, long newSpace, long newTimes) {
    if (newInterval < 1 || newProbability < 0 || newProbability > 100 || newTimes < -1) {
      throw new IllegalArgumentException(
          "%s: interval %d (1 and up), probability %d (0 to 100), times %d (-1 and up)"
              .formatted(name, newInterval, newProbability, newTimes));
    }
    interval = newInterval;
    probability = newProbability;
    space = newSpace;
    times = newTimes;
    nth = 0;
    restart();
  }

  /**
   * {@code setup_fault_attr}: as the boot option of the same name says it.
   *
   * @param option {@code interval,probability,space,times}
   * @throws IllegalArgumentException with one clear line, if it says something else
   */
  public void set(String option) {
    String[] parts = option.split(",", -1);
    try {
      if (parts.length == 4) {
        set(
            Integer.parseInt(parts[0]),
            Integer.parseInt(parts[1]),
            Long.parseLong(parts[2]),
            Long.parseLong(parts[3]));
        return;
      }
    } catch (NumberFormatException _) {
      // The line below says what would be right.
    }
    throw new IllegalArgumentException(
        "%s: %s is not interval,probability,space,times, such as 10,100,0,-1"
            .formatted(name, option));
  }

  /**
   * {@code fail-nth}: the n-th call from now fails, and no other. (On Linux a task has that number,
   * for all kinds together; here each kind has one, for the whole machine.)
   *
   * @param n from 1; more than there will ever be: the calls are counted only
   */
  public void failNth(long n) {
    if (n < 1) {
      throw new IllegalArgumentException(
          "%s: fail-nth is %d, and counts from 1".formatted(name, n));
    }
    probability = 0;
    nth = n;
    restart();
  }

  private void restart() {
    calls = 0;
    failures = 0;
    random = FIRST_RANDOM;
    changed.run();
  }

  /** {@code fail_dump}: what is done at each failure, before the caller hears of it. */
  public void setDump(Runnable onFailure) {
    dump = onFailure;
  }

  /** Whether any call may fail, or calls are counted. */
  public boolean isOn() {
    return probability > 0 || nth > 0;
  }

  /** Calls since the latest setting that might have failed. */
  public long calls() {
    return calls;
  }

  /** How many of them did. */
  public long failures() {
    return failures;
  }

  /**
   * {@code should_fail}.
   *
   * @param bytes what the call asks for
   */
  public boolean shouldFail(long bytes) {
    if (!isOn()) {
      return false;
    }
    calls++;
    if (nth > 0 ? calls != nth : !isChosen(bytes)) {
      return false;
    }
    failures++;
    dump.run();
    return true;
  }

  private boolean isChosen(long bytes) {
    if (times == 0) {
      return false;
    }
    if (space > bytes) {
      space -= bytes;
      return false;
    }
    if (calls % interval != 0 || probability <= nextPercent()) {
      return false;
    }
    if (times > 0) {
      times--;
    }
    return true;
  }

  /** 0 to 99; xorshift64. */
  private int nextPercent() {
    random ^= random << 13;
    random ^= random >>> 7;
    random ^= random << 17;
    return (int) Long.remainderUnsigned(random, 100);
  }
}
