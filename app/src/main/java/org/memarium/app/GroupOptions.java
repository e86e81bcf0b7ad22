package org.memarium.app;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.MemoryLimits;
import picocli.CommandLine.Option;

/** What the program and all that it starts may have of memory together. */
final class GroupOptions {
  @Option(
      names = "--memory-max",
      paramLabel = "SIZE",
      converter = Size.Converter.class,
      description = {
        "The program and all that it starts have no more than this together, as memory.max of a"
            + " cgroup: 64M. /sys/fs/cgroup/program tells more."
      })
  private @Nullable Long max;

  @Option(
      names = "--memory-high",
      paramLabel = "SIZE",
      converter = Size.Converter.class,
      description = "Beyond this they are slowed down, as memory.high of a cgroup.")
  private @Nullable Long high;

  @Option(
      names = "--memory-low",
      paramLabel = "SIZE",
      converter = Size.Converter.class,
      description = "So much is taken from them only when nobody else has any (memory.low).")
  private @Nullable Long low;

  @Option(
      names = "--memory-min",
      paramLabel = "SIZE",
      converter = Size.Converter.class,
      description = "So much is never taken from them (memory.min).")
  private @Nullable Long min;

  @Option(
      names = "--memory-swap-max",
      paramLabel = "SIZE",
      converter = Size.Converter.class,
      description = "They have no more than this in swap (memory.swap.max).")
  private @Nullable Long swapMax;

  private static long orElse(@Nullable Long bytes, long otherwise) {
    return bytes == null ? otherwise : bytes;
  }

  /** The limits; those that were not given are none. */
  MemoryLimits limits() {
    MemoryLimits none = MemoryLimits.NONE;
    return new MemoryLimits(
        orElse(max, none.max()),
        orElse(high, none.high()),
        orElse(low, none.low()),
        orElse(min, none.min()),
        orElse(swapMax, none.swapMax()));
  }
}
