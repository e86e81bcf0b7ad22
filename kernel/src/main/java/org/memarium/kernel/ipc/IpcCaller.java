package org.memarium.kernel.ipc;

import org.memarium.mm.space.MmStruct;

/** {@code current}, as far as System V's calls look at it. */
public interface IpcCaller {
  /** The thread: equal to itself only. */
  Object thread();

  /** The process: equal to itself only. */
  Object process();

  /** The process's number. */
  int tgid();

  /** Real user: under whom locked memory is counted. */
  int uid();

  /** Effective user. */
  int euid();

  /** Effective group. */
  int egid();

  /** {@code in_group_p}, for the effective group and the supplementary ones. */
  boolean isInGroup(int gid);

  /** Whether it has capabilities: CAP_IPC_OWNER, CAP_IPC_LOCK, CAP_SYS_ADMIN. */
  boolean isPrivileged();

  /** Its address space. */
  MmStruct mm();
}
