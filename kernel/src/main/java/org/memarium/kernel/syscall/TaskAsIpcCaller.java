package org.memarium.kernel.syscall;

import java.util.Arrays;
import org.memarium.kernel.ipc.IpcCaller;
import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.Task;
import org.memarium.mm.space.MmStruct;

/**
 * The task that calls, as System V's calls look at it.
 *
 * @param task the caller
 */
record TaskAsIpcCaller(Task task) implements IpcCaller {
  private Identity identity() {
    return task.identity();
  }

  @Override
  public Object thread() {
    return task;
  }

  @Override
  public Object process() {
    return task.process();
  }

  @Override
  public int tgid() {
    return task.process().pid();
  }

  @Override
  public int uid() {
    return identity().uid();
  }

  @Override
  public int euid() {
    return identity().euid();
  }

  @Override
  public int egid() {
    return identity().egid();
  }

  @Override
  public boolean isInGroup(int gid) {
    return identity().fsgid() == gid || Arrays.binarySearch(identity().groups(), gid) >= 0;
  }

  @Override
  public boolean isPrivileged() {
    return identity().isPrivileged();
  }

  @Override
  public MmStruct mm() {
    return MemoryCalls.memoryOf(task);
  }
}
