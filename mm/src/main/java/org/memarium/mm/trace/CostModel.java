package org.memarium.mm.trace;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * What each {@link Cost} is on the machine whose time is computed. Immutable.
 *
 * <p>Figures are kept in picoseconds, since an instruction takes less than a nanosecond.
 */
// An EnumMap would box; the ordinal is nothing but a place in the array here.
@SuppressWarnings("EnumOrdinal")
public final class CostModel {
  /** The figures of {@link Cost#defaultPicos}. */
  public static final CostModel DEFAULT = new CostModel(defaults());

  private static final int PICO_DIGITS = 3;
  static final long PICOS_PER_NANO = 1_000;

  /** An hour: nothing here takes longer, and sums of such stay far from the end of a long. */
  private static final BigDecimal MAX_NANOS = BigDecimal.valueOf(3_600_000_000_000L);

  private final long[] picos;

  private CostModel(long[] picos) {
    this.picos = picos;
  }

  private static long[] defaults() {
    long[] picos = new long[Cost.values().length];
    for (Cost cost : Cost.values()) {
      picos[cost.ordinal()] = cost.defaultPicos();
    }
    return picos;
  }

  /** Picoseconds of one. */
  public long picos(Cost cost) {
    return picos[cost.ordinal()];
  }

  /** Nanoseconds of one, what is left over dropped. */
  public long nanos(Cost cost) {
    return picos(cost) / PICOS_PER_NANO;
  }

  /** Nanoseconds of so many. */
  public long nanos(Cost cost, long count) {
    return Math.multiplyExact(picos(cost), count) / PICOS_PER_NANO;
  }

  /** The same but for one figure, in picoseconds. */
  public CostModel with(Cost cost, long costPicos) {
    long[] changed = picos.clone();
    changed[cost.ordinal()] = costPicos;
    return new CostModel(changed);
  }

  /**
   * The same but for what {@code NAME=NANOS} says; nanoseconds have up to three decimals.
   *
   * @throws IllegalArgumentException with one line for the user, if that cannot be read
   */
  public CostModel with(String assignment) {
    int equals = assignment.indexOf('=');
    String name = (equals < 0 ? assignment : assignment.substring(0, equals)).strip();
    Cost cost = Cost.named(name);
    if (cost == null) {
      throw new IllegalArgumentException(
          "there is no cost '%s'; there are %s".formatted(name, String.join(", ", Cost.words())));
    }
    String value = equals < 0 ? "" : assignment.substring(equals + 1).strip();
    try {
      BigDecimal nanos = new BigDecimal(value);
      if (nanos.signum() >= 0 && nanos.compareTo(MAX_NANOS) <= 0) {
        return with(
            cost,
            nanos
                .movePointRight(PICO_DIGITS)
                .setScale(0, RoundingMode.UNNECESSARY)
                .longValueExact());
      }
    } catch (ArithmeticException | NumberFormatException _) {
      // Answered below, with what is below 0 or too large.
    }
    throw new IllegalArgumentException(
        "'%s' is no cost; one looks like minor-fault=420 or instruction=0.35: nanoseconds, from 0"
                .formatted(assignment.strip())
            + " to an hour, with three decimals at most");
  }
}
