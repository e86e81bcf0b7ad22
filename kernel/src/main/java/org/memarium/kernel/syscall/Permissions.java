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

  /** {@code check_prlimit_permission}. */
  static boolean mayLimit(Task from, Task to) {
    return from.equals(to)
        || from.identity().isPrivileged()
        || isSameUser(from.identity(), to.identity());
  }

  /** Whether all three of the target's users and groups are the real ones of the other. */
  private static boolean isSameUser(Identity from, Identity target) {
    return from.uid() == target.euid()
        && from.uid() == target.suid()
        && from.uid() == target.uid()
        && from.gid() == target.egid()
        && from.gid() == target.sgid()
        && from.gid() == target.gid();
  }

  /** {@code ptrace_may_access}, for reading, with the caller's real identity. */
  static boolean mayInspect(Task from, Task to) {
    Identity reader = from.identity();
    return from.process().equals(to.process())
        || reader.isPrivileged()
        || (isSameUser(reader, to.identity()) && to.process().isDumpable());
  }
}
