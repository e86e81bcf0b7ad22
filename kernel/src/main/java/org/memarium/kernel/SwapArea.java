package org.memarium.kernel;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A swap area that is on when the machine has booted.
 *
 * @param bytes of a temporary file of the host, which vanishes with this process; 0 for one that is
 *     given
 * @param file of the host, as {@code mkswap} made it; null for a temporary one
 * @param priority from 0 to 32767; -1: below all that were turned on before
 * @param seeks whether a seek costs, as on a disk; it decides how slots are chosen, and what is
 *     read ahead
 */
public record SwapArea(long bytes, @Nullable Path file, int priority, boolean seeks) {
  /** The highest priority. */
  public static final int MAX_PRIORITY = 32_767;

  /** An area of so many bytes, with a header, that vanishes with this process. */
  public static SwapArea temporary(long bytes) {
    return new SwapArea(bytes, null, -1, true);
  }
}
