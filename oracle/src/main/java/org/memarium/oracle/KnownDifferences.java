package org.memarium.oracle;

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
   * Whether a line of smaps is not compared.
   *
   * @param realFile whether a file of a disk is mapped there
   */
  static boolean smaps(String field, boolean realFile) {
    return switch (field) {
      // oracle-referenced: looking at memory ages it on the host.
      case "Referenced" -> true;
      // oracle-lazyfree: the host puts pages of MADV_FREE aside in batches, for each CPU.
      case "LazyFree" -> true;
      // oracle-dirty-files: when a page that was written is on the disk is the file system's
      // affair.
      default -> realFile && OF_DIRTY_FILES.contains(field);
    };
  }

  /**
   * A line of smaps without the flag {@code sd}. oracle-soft-dirty: the host's kernel may be built
   * without it.
   */
  static String withoutSoftDirty(String line) {
    return line.replace(" sd", "");
  }

  /**
   * Whether a step may have caused so many page faults. oracle-dirty-files: a page of a file that
   * the host's file system has written back meanwhile faults at the next write through a mapping.
   *
   * @param cleanable how many such pages the step writes to
   */
  static boolean faults(int theirs, int own, int cleanable) {
    return theirs >= own && theirs <= own + cleanable;
  }
}
