package org.memarium.kernel.procfs;

import org.memarium.mm.Errno;
import org.memarium.mm.oom.OomBadness;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;

/**
 * {@code oom_score}, {@code oom_score_adj} and {@code oom_adj} of a process: how soon it would be
 * killed for want of memory (Linux {@code fs/proc/base.c}, {@code mm/oom_kill.c}).
 */
final class OomFiles {

  // ---- The scale of old: oom_adj, from -17, never killed, to 15 ----
  private static final int OOM_DISABLE = -17;
  private static final int OOM_ADJUST_MAX = 15;
  private static final int MAX_ADJ = ProcessSettings.MAX_OOM_SCORE_ADJ;

  private final ProcessView process;
  private final SystemView system;

  OomFiles(ProcessView process, SystemView system) {
    this.process = process;
    this.system = system;
  }

  /** {@code proc_oom_score}: from 0 to about 2000, of which 666 is a small process. */
  String score() {
    MmStruct mm = process.mm();
    if (mm == null || process.isInVfork()) {
      return "0\n";
    }
    MemoryManager memory = system.memory();
    long totalPages = memory.allocator().node().totalRamPages() + memory.swap().totalPages();
    long badness = OomBadness.points(mm, process.settings().oomScoreAdj(), totalPages);
    return (badness == OomBadness.NEVER ? 0 : (1000 + badness * 1000 / totalPages) * 2 / 3) + "\n";
  }

  /** {@code oom_score_adj_read}. */
  String scoreAdj() {
    return process.settings().oomScoreAdj() + "\n";
  }

  /** {@code oom_adj_read}: the same on the scale of old. */
  String adj() {
    int value = process.settings().oomScoreAdj();
    int old = value == MAX_ADJ ? OOM_ADJUST_MAX : value * -OOM_DISABLE / MAX_ADJ;
    return Math.min(old, OOM_ADJUST_MAX) + "\n";
  }

  /** {@code oom_score_adj_write}. */
  long writeScoreAdj(byte[] written) {
    long value = WrittenNumber.parseInt(WrittenNumber.text(written), 0);
    long error = WrittenNumber.error(value);
    if (error != 0 || value < -MAX_ADJ || value > MAX_ADJ) {
      return error != 0 ? error : -Errno.EINVAL;
    }
    return set((int) value, process.settings().oomScoreAdjMin(), written.length);
  }

  /** {@code oom_adj_write}. */
  long writeAdj(byte[] written) {
    long value = WrittenNumber.parseInt(WrittenNumber.text(written), 0);
    long error = WrittenNumber.error(value);
    if (error != 0 || value < OOM_DISABLE || value > OOM_ADJUST_MAX) {
      return error != 0 ? error : -Errno.EINVAL;
    }
    int scaled = value == OOM_ADJUST_MAX ? MAX_ADJ : (int) value * MAX_ADJ / -OOM_DISABLE;
    return set(scaled, process.settings().oomScoreAdj(), written.length);
  }

  /** {@code __set_oom_adj}: only root may go below a limit. */
  private long set(int value, int limit, int taken) {
    boolean isRoot = PtraceAccess.isRoot(system);
    if (value < limit && !isRoot) {
      return -Errno.EACCES;
    }
    process.settings().setOomScoreAdj(value, isRoot);
    return taken;
  }
}
