package org.memarium.mm.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * {@code printk}: the kernel's log of one machine, a ring of lines that {@code dmesg} shows (Linux
 * {@code kernel/printk/printk.c}).
 */
public final class KernelLog {
  /** {@code KERN_EMERG}. */
  public static final int EMERG = 0;

  /** {@code KERN_ERR}. */
  public static final int ERR = 3;

  /** {@code KERN_WARNING}. */
  public static final int WARNING = 4;

  /** {@code KERN_INFO}. */
  public static final int INFO = 6;

  private static final int CAPACITY = 4096;
  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final long NANOS_PER_MICRO = 1000;

  private final Line[] ring = new Line[CAPACITY];
  private LongSupplier clock = () -> 0;
  private Runnable waiter = () -> {};
  private long written;
  private long cleared;

  /**
   * A line.
   *
   * @param sequence its number, from 0
   * @param nanos since boot, by the machine's clock
   * @param level {@link #EMERG}, {@link #ERR}, {@link #WARNING}, {@link #INFO}; of what a program
   *     has written, that and its facility, from bit 3 on
   */
  public record Line(long sequence, long nanos, int level, String text) {
    /** As {@code dmesg} prints it: {@code [ 1.234567] text}. */
    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "[%5d.%06d] %s",
          nanos / NANOS_PER_SECOND,
          nanos % NANOS_PER_SECOND / NANOS_PER_MICRO,
          text);
    }
  }

  /** An empty log, whose clock stands still at 0. */
  public KernelLog() {}

  /** Names the clock that stamps the lines, in nanoseconds since boot. */
  public void setClock(LongSupplier virtualNanos) {
    clock = virtualNanos;
  }

  /** The clock that stamps the lines. */
  public LongSupplier clock() {
    return clock;
  }

  /** {@code wake_up_klogd}: who is told of each new line. */
  public void setWaiter(Runnable reader) {
    waiter = reader;
  }

  /** Adds a line; a full ring loses its oldest. */
  public void print(int level, String text) {
    ring[(int) (written % CAPACITY)] = new Line(written, clock.getAsLong(), level, text);
    written++;
    waiter.run();
  }

  /** {@code pr_err}. */
  public void err(String text) {
    print(ERR, text);
  }

  /** {@code pr_warn}. */
  public void warn(String text) {
    print(WARNING, text);
  }

  /** {@code pr_info}. */
  public void info(String text) {
    print(INFO, text);
  }

  /** How many lines were written since boot; also the number of the next one. */
  public long written() {
    return written;
  }

  /** The number of the oldest line that is still there. */
  public long first() {
    return Math.max(0, written - CAPACITY);
  }

  /**
   * A line that is still there.
   *
   * @param sequence from {@link #first} to before {@link #written}
   */
  public Line line(long sequence) {
    if (sequence < first() || sequence >= written) {
      throw new IllegalArgumentException(
          "line %d of %d to %d".formatted(sequence, first(), written));
    }
    return ring[(int) (sequence % CAPACITY)];
  }

  /** {@code syslog_clear}: who reads all reads from here on; nothing is lost. */
  public void clear() {
    cleared = written;
  }

  /** {@code clear_seq}: the number of the first line since {@link #clear}. */
  public long cleared() {
    return Math.max(cleared, first());
  }

  /** The lines that are still there, oldest first. */
  public List<Line> lines() {
    return linesFrom(0);
  }

  /** Those from number {@code sequence} on. */
  public List<Line> linesFrom(long sequence) {
    List<Line> lines = new ArrayList<>();
    for (long i = Math.max(sequence, first()); i < written; i++) {
      lines.add(ring[(int) (i % CAPACITY)]);
    }
    return lines;
  }
}
