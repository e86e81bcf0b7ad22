package org.memarium.kernel.wait;

import java.util.function.LongSupplier;

/**
 * The moment at which somebody who waits for something else gives up.
 *
 * @param atNanos since boot; {@link Timers#NEVER}: there is none
 * @param uptimeNanos the time since boot
 */
public record Deadline(long atNanos, LongSupplier uptimeNanos) {
  /** Whether there is one at all. */
  public boolean exists() {
    return atNanos != Timers.NEVER;
  }

  /** Whether the moment has come. */
  public boolean hasPassed() {
    return exists() && uptimeNanos.getAsLong() >= atNanos;
  }
}
