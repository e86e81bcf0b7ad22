package org.memarium.oracle;

import java.util.Map;
import java.util.Set;

/**
 * The differences that are meant: each is a rule, and has the same name in docs/fidelity.md, with
 * its reason.
 */
final class KnownDifferences {
  private static final Set<String> OF_DIRTY_FILES =
      Set.of("Pss_Dirty", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty");

  private KnownDifferences() {}

  /**
   * Takes those of the lines in which two areas of smaps differ away that are meant to.
   *
   * @param lines by name, the host's value and ours
   * @param realFile whether a file of a disk is mapped there
   */
  static void removeFrom(Map<String, String[]> lines, boolean realFile) {
    // oracle-referenced: looking at memory ages it on the host.
    lines.remove("Referenced");
    // oracle-lazyfree: the host puts pages of MADV_FREE aside in batches, for each CPU.
    lines.remove("LazyFree");
    // oracle-dirty-files: clean or dirty, but just as many.
    if (realFile && hasSameSum(lines, "Shared_") && hasSameSum(lines, "Private_")) {
      lines.keySet().removeAll(OF_DIRTY_FILES);
    }
  }

  private static boolean hasSameSum(Map<String, String[]> lines, String kind) {
    String[] none = {"0 kB", "0 kB"};
    String[] clean = lines.getOrDefault(kind + "Clean", none);
    String[] dirty = lines.getOrDefault(kind + "Dirty", none);
    return kibibytes(clean[0]) + kibibytes(dirty[0]) == kibibytes(clean[1]) + kibibytes(dirty[1]);
  }

  private static long kibibytes(String value) {
    return Long.parseLong(value.substring(0, value.indexOf(' ')));
  }

  /**
   * Whether sums of smaps_rollup, without those of the agent's areas, are the same. oracle-agent:
   * shares are cut to KiB after they were added up, and those of an area before.
   *
   * @param areas how many of the agent's were taken out
   */
  static boolean isSameSum(String name, long theirs, long own, int areas) {
    boolean isShare = name.contains("Pss") || name.equals("Locked");
    return Math.abs(theirs - own) <= (isShare ? 1 + areas : 0);
  }

  /**
   * A line of smaps without the flag {@code sd}. oracle-soft-dirty: the host's kernel may be built
   * without it.
   */
  static String withoutSoftDirty(String line) {
    return line.replace(" sd", "");
  }

  /**
   * Whether a step may have caused so many page faults. oracle-written-files: the host may have
   * written more of a file back ({@link WrittenFiles}), and those pages fault at the next write
   * through a mapping.
   *
   * @param cleanable how many such pages the step writes to
   */
  static boolean faults(int theirs, int own, int cleanable) {
    return theirs >= own && theirs <= own + cleanable;
  }
}
