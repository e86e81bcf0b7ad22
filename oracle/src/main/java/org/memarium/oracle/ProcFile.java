package org.memarium.oracle;

import java.util.List;
import java.util.Locale;

/** Files of {@code /proc/PID} that steps are about. */
enum ProcFile {
  // ---- opened by the agent ----
  MEM,
  CLEAR_REFS,
  PAGEMAP,

  // ---- looked at from outside ----
  MAPS,
  STATM,
  STAT,
  STATUS,
  SMAPS_ROLLUP,
  NUMA_MAPS,
  LIMITS,
  OOM_SCORE_ADJ,
  AUXV,
  MAP_FILES;

  /** Those that the agent opens. */
  static final List<ProcFile> OPENED = List.of(MEM, CLEAR_REFS, PAGEMAP);

  /** Those whose contents are compared. */
  static final List<ProcFile> TEXTS =
      List.of(
          MAPS,
          STATM,
          STAT,
          STATUS,
          SMAPS_ROLLUP,
          NUMA_MAPS,
          LIMITS,
          OOM_SCORE_ADJ,
          AUXV,
          MAP_FILES);

  /** How it is called. */
  String fileName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The path of what a step opens, by its arguments: a process's number and the file's. */
  static String path(int[] arguments) {
    return "/proc/%d/%s".formatted(arguments[0], OPENED.get(arguments[1]).fileName());
  }
}
