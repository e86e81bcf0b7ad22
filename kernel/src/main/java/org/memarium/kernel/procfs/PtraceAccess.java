package org.memarium.kernel.procfs;

import org.memarium.kernel.vfs.Credentials;
import org.memarium.mm.Errno;

/**
 * {@code ptrace_may_access} with {@code PTRACE_MODE_READ_FSCREDS}: who may look into the memory of
 * a process (Linux {@code kernel/ptrace.c}, {@code __ptrace_may_access}). There is no security
 * module, so attaching asks the same.
 *
 * <pre>
 *   the looker                                          may look
 *   a thread of the same process                        yes
 *   root (CAP_SYS_PTRACE)                               yes
 *   its fsuid and fsgid are all three of the target's   if the target is dumpable
 *   anybody else                                        no
 * </pre>
 */
final class PtraceAccess {

  private PtraceAccess() {}

  /**
   * Whether the process that runs may look; with nobody running, whoever drives the machine may.
   */
  static boolean isAllowed(SystemView system, ProcessView target) {
    ProcessView looker = system.current();
    return looker == null || isAllowed(looker, target);
  }

  private static boolean isAllowed(ProcessView looker, ProcessView target) {
    Credentials rights = looker.credentials();
    if (looker.tgid() == target.tgid() || rights.isRoot()) {
      return true;
    }
    return target.users().areAll(rights.fsuid())
        && target.groups().areAll(rights.fsgid())
        && target.isDumpable();
  }

  /** 0, or -EACCES as {@code mm_access} says it. */
  static int check(SystemView system, ProcessView target) {
    return isAllowed(system, target) ? 0 : -Errno.EACCES;
  }

  /** Whether the process that runs is a thread of the target's process. */
  static boolean isSelf(SystemView system, ProcessView target) {
    ProcessView looker = system.current();
    return looker != null && looker.tgid() == target.tgid();
  }

  /** Whether the process that runs is root, or there is none. */
  static boolean isRoot(SystemView system) {
    ProcessView looker = system.current();
    return looker == null || looker.credentials().isRoot();
  }
}
