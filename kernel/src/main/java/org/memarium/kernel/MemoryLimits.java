package org.memarium.kernel;

import org.memarium.hardware.Ram;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.frame.MemCgroup;

/**
 * What a program and all that it starts may have of memory together, in bytes, as cgroup v2 limits
 * it; see {@link MemCgroup} for what each of them does.
 *
 * @param max {@code memory.max}
 * @param high {@code memory.high}
 * @param low {@code memory.low}
 * @param min {@code memory.min}
 * @param swapMax {@code memory.swap.max}
 */
public record MemoryLimits(long max, long high, long low, long min, long swapMax) {
  /** No limit. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  /** Group of the program, where there is a limit, below {@code /sys/fs/cgroup}. */
  public static final String GROUP = "/program";

  /** A group that is counted, and not limited. */
  public static final MemoryLimits NONE = new MemoryLimits(UNLIMITED, UNLIMITED, 0, 0, UNLIMITED);

  /** Limits. */
  public MemoryLimits {
    for (long bytes : new long[] {max, high, low, min, swapMax}) {
      if (bytes < 0) {
        throw new UsageException("a limit of memory cannot be %d bytes".formatted(bytes));
      }
    }
  }

  private static long pages(long bytes) {
    return Math.min(bytes >>> Ram.PAGE_SHIFT, MemCgroup.UNLIMITED);
  }

  /** Sets them, in whole pages, before anything is charged. */
  void apply(MemCgroup group) {
    group.setMax(pages(max));
    group.setHigh(pages(high));
    group.setLow(pages(low));
    group.setMin(pages(min));
    group.setSwapMax(pages(swapMax));
  }
}
