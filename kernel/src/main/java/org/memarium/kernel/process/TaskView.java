package org.memarium.kernel.process;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.procfs.ProcessSettings;
import org.memarium.kernel.procfs.ProcessView;
import org.memarium.kernel.vfs.Credentials;
import org.memarium.kernel.vfs.Dentry;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.space.MmStruct;

/** What {@code /proc} asks of a task, gathered from the task and its process. */
final class TaskView implements ProcessView {
  /** {@code PF_EXITING}, {@code PF_POSTCOREDUMP} and {@code PF_NOFREEZE}: a zombie. */
  private static final int PF_DEAD = 0x4 | 0x8 | 0x8000;

  private static final int PF_FORKNOEXEC = 0x40;
  private static final int PF_RANDOMIZE = 0x40_0000;

  private final Task task;

  TaskView(Task task) {
    this.task = task;
  }

  @Override
  public @Nullable MmStruct mm() {
    return task.mm();
  }

  @Override
  public boolean isInVfork() {
    return task.mmRelease().isInVfork();
  }

  @Override
  public int pid() {
    return task.pid();
  }

  @Override
  public int tgid() {
    return task.process().pid();
  }

  @Override
  public List<ProcessView> threadViews() {
    return task.process().threads().stream().map(Task::view).toList();
  }

  @Override
  public List<Integer> childPids() {
    List<Integer> pids = new ArrayList<>();
    for (UserProcess child : task.process().children()) {
      if (task.equals(child.parentThread())) {
        pids.add(child.pid());
      }
    }
    return pids;
  }

  @Override
  public Usage processUsage() {
    return task.process().ownUsage().view();
  }

  @Override
  public String io(boolean whole) {
    if (!whole) {
      return task.attributes().io().text();
    }
    ResourceUsage all = new ResourceUsage();
    all.addAll(task.process());
    return all.io().text();
  }

  @Override
  public Usage childrenUsage() {
    return task.process().childrenUsage().view();
  }

  @Override
  public int priority() {
    return task.scheduling().shownPriority();
  }

  @Override
  public int nice() {
    return task.scheduling().nice();
  }

  @Override
  public int realTimePriority() {
    return task.scheduling().realTimePriority();
  }

  @Override
  public int policy() {
    return task.scheduling().policy();
  }

  @Override
  public int exitSignal() {
    return task.process().exitSignal();
  }

  @Override
  public int queuedSignals() {
    return task.machinery().signalQuota().count(task.identity().uid());
  }

  @Override
  public boolean hasNoNewPrivileges() {
    return task.attributes().hasNoNewPrivileges();
  }

  @Override
  public int parentPid() {
    return task.process().parentPid();
  }

  @Override
  public int processGroup() {
    return task.process().processGroup();
  }

  @Override
  public int session() {
    return task.process().session();
  }

  @Override
  public String comm() {
    return task.comm();
  }

  @Override
  public char state() {
    return task.runState().letter();
  }

  @Override
  public int threads() {
    return task.process().threads().size();
  }

  @Override
  public Ids users() {
    Identity user = task.identity();
    return new Ids(user.uid(), user.euid(), user.suid(), user.fsuid());
  }

  @Override
  public Ids groups() {
    Identity user = task.identity();
    return new Ids(user.gid(), user.egid(), user.sgid(), user.fsgid());
  }

  @Override
  public boolean isDumpable() {
    return task.process().isDumpable();
  }

  @Override
  public int personality() {
    return task.attributes().personality();
  }

  @Override
  public int taskFlags() {
    return (task.isReleased() ? PF_DEAD : 0)
        | (task.attributes().isForkedOnly() ? PF_FORKNOEXEC : 0)
        | (task.attributes().isRandomized() ? PF_RANDOMIZE : 0);
  }

  @Override
  public int exitCode() {
    return task.isReleased() ? task.process().exitCode() : 0;
  }

  @Override
  public ProcessSettings settings() {
    return task.settings();
  }

  @Override
  public long voluntarySwitches() {
    return task.runState().voluntarySwitches();
  }

  @Override
  public long involuntarySwitches() {
    return task.runState().involuntarySwitches();
  }

  @Override
  public Credentials credentials() {
    return task.identity().forFiles();
  }

  @Override
  public FdTable files() {
    return task.files();
  }

  @Override
  public FsStruct fs() {
    return task.fs();
  }

  @Override
  public @Nullable Dentry executable() {
    OpenFile file = task.executableFile();
    return file == null ? null : file.dentry();
  }

  @Override
  public byte[] commandLine() {
    MmStruct space = task.mm();
    return space == null
        ? new byte[0]
        : strings(space, space.parts().argStart(), space.parts().argEnd());
  }

  @Override
  public byte[] environment() {
    MmStruct space = task.mm();
    return space == null
        ? new byte[0]
        : strings(space, space.parts().envStart(), space.parts().envEnd());
  }

  /** As far as the memory is still there; it need not be that of the task that runs. */
  private static byte[] strings(MmStruct space, long start, long end) {
    byte[] bytes = new byte[(int) (end - start)];
    return Arrays.copyOf(bytes, space.accessRemote(start, bytes));
  }

  @Override
  public byte[] auxiliaryVector() {
    return task.auxiliaryVector();
  }

  @Override
  public long softLimit(int resource) {
    return task.limits().soft(resource);
  }

  @Override
  public long hardLimit(int resource) {
    return task.limits().hard(resource);
  }

  @Override
  public long minorFaults() {
    return task.faults().minor();
  }

  @Override
  public long majorFaults() {
    return task.faults().major();
  }

  @Override
  public long userNanos() {
    return task.userNanos();
  }

  @Override
  public long systemNanos() {
    return task.systemNanos();
  }

  @Override
  public long startNanos() {
    return task.startNanos();
  }

  @Override
  public List<Long> signalMasks() {
    return task.signals().masks();
  }

  @Override
  public String toString() {
    return task.toString();
  }
}
