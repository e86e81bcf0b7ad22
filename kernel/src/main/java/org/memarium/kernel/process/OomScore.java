package org.memarium.kernel.process;

import org.memarium.kernel.procfs.ProcessSettings;

/**
 * What a process has of {@link ProcessSettings}: {@code oom_score_adj} of {@code struct
 * signal_struct}, which memory a core file would have ({@code MMF_DUMP_FILTER}), and whether it has
 * renounced huge pages ({@code MMF_DISABLE_THP_COMPLETELY}).
 */
final class OomScore {
  int adjustment;
  int minimum;
  int coredumpFilter = ProcessSettings.DEFAULT_DUMP_FILTER;

  /** What PR_GET_THP_DISABLE answers. */
  int hugePagesDisabled;

  /** {@code copy_signal}: that of a child. */
  OomScore copy() {
    OomScore copy = new OomScore();
    copy.adjustment = adjustment;
    copy.minimum = minimum;
    copy.coredumpFilter = coredumpFilter;
    copy.hugePagesDisabled = hugePagesDisabled;
    return copy;
  }
}
