package org.memarium.kernel.process;

import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.space.MmStruct;

/**
 * {@code begin_new_exec} and what follows it: how a task becomes another program, from the point
 * where the old one cannot be gone back to; Linux {@code fs/exec.c}.
 */
public final class TaskExec {
  private TaskExec() {}

  /**
   * Before the old program is gone: the other threads of the process end, and what was shared with
   * other processes becomes the task's own.
   *
   * @return false if there is no memory for that; nothing has changed then
   */
  public static boolean begin(Task task) {
    try {
      task.unshareFiles();
    } catch (ErrnoException e) {
      return false;
    }
    TaskExit.endOtherThreads(task);
    Sighand actions = task.signals().sighand();
    if (actions.isShared()) {
      if (!task.descriptors().renewSighand()) {
        return false;
      }
      actions.put();
      task.signals().setSighand(actions.copy());
    }
    return true;
  }

  /** {@code exec_mmap}: another address space takes the place of the one that it has. */
  public static void execMmap(Task task, MmStruct fresh) {
    MmStruct old = task.mm();
    if (old != null) {
      task.mmRelease().run();
      task.process().usage().noteRss(old.rss().peak());
    }
    task.setMm(fresh);
    fresh.activate();
    if (old != null) {
      old.put();
    }
    task.process().noteExec();
  }

  /** What execve leaves in the process: a new name, default signal actions, no registrations. */
  public static void becomeProgram(Task task, OpenFile program, String name, byte[] auxv) {
    task.setExecutable(program);
    task.setComm(name);
    task.setAuxiliaryVector(auxv.clone());
    task.attributes().setForkedOnly(false);
    task.signals().resetForExec();
    task.rseq().forget();
  }
}
