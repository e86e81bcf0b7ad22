package org.memarium.kernel.syscall;

import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;

/** What one task may do to another. */
final class Permissions {
  private Permissions() {}

  /** {@code kill_ok_by_cred}; SIGCONT also goes to whoever is in the same session. */
  static boolean maySignal(Task from, Task to, int signal) {
    Identity sender = from.identity();
    Identity target = to.identity();
    return from.process().equals(to.process())
        || sender.isPrivileged()
        || sender.euid() == target.suid()
        || sender.euid() == target.uid()
        || sender.uid() == target.suid()
        || sender.uid() == target.uid()
        || (signal == Signal.SIGCONT && from.process().session() == to.process().session());
  }

  /** {@code ptrace_may_access}, for reading, with the caller's real identity. */
  static boolean mayInspect(Task from, Task to) {
    Identity reader = from.identity();
    Identity target = to.identity();
    boolean sameUser =
        reader.uid() == target.euid()
            && reader.uid() == target.suid()
            && reader.uid() == target.uid()
            && reader.gid() == target.egid()
            && reader.gid() == target.sgid()
            && reader.gid() == target.gid();
    return from.process().equals(to.process())
        || reader.isPrivileged()
        || (sameUser && to.process().isDumpable());
  }
}
