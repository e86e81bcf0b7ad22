package org.memarium.kernel.process;

import org.memarium.kernel.vfs.FileSizeLimit;
import org.memarium.mm.space.RLimits;

/** {@code RLIMIT_FSIZE} of a task: who writes beyond it gets SIGXFSZ. */
record TaskFileSize(Task task) implements FileSizeLimit {
  @Override
  public long bytes() {
    return task.limits().soft(RLimits.FSIZE);
  }

  @Override
  public void exceeded() {
    task.send(SignalInfo.fromUser(Signal.SIGXFSZ, task.process().pid(), task.identity().uid()));
  }
}
