package org.memarium.kernel;

import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.PendingSignals;
import org.memarium.kernel.process.Sighand;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskDescriptors;
import org.memarium.kernel.process.TaskExit;
import org.memarium.kernel.process.TaskMachinery;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.tty.HostTerminal;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.StandardStreams;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.mm.Errno;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.RLimits;

/**
 * Makes the process that a machine gives its program to, with what init would have left to it: the
 * configuration's user, limits, streams, terminal and working directory.
 */
final class FirstProcess {
  /** A process takes so many pages for its kernel stack and structures: limits their number. */
  private static final int PAGES_PER_THREAD = 16;

  private final MachineConfig config;
  private final SlabAllocator slab;
  private final long totalRamPages;
  private final TaskMachinery machinery;

  /**
   * For the first processes of a machine, one after the other.
   *
   * @param totalRamPages what the default limits derive from
   * @param machinery what every task of the machine uses
   */
  FirstProcess(
      MachineConfig config, SlabAllocator slab, long totalRamPages, TaskMachinery machinery) {
    this.config = config;
    this.slab = slab;
    this.totalRamPages = totalRamPages;
    this.machinery = machinery;
  }

  /**
   * Makes one, of one thread and without a program.
   *
   * @throws UsageException if there is no memory for it, or no such working directory
   */
  Task make() {
    int pid = machinery.tasks().allocatePid();
    RLimits limits = RLimits.initial(totalRamPages / PAGES_PER_THREAD);
    for (MachineConfig.Limit limit : config.limits()) {
      limits.set(limit.resource(), limit.soft(), limit.hard());
    }
    TaskDescriptors descriptors = TaskDescriptors.allocate(slab);
    if (descriptors == null) {
      throw new UsageException("no memory for another process");
    }
    Task task;
    try {
      task = make(pid, limits, descriptors);
    } catch (ErrnoException e) {
      descriptors.free();
      throw new UsageException("no memory for the files of another process");
    }
    long result = task.fileCalls().chdir(Machine.bytes(config.workingDirectory()));
    if (result < 0) {
      TaskExit.release(task);
      TaskExit.reap(task);
      throw new UsageException(
          "the working directory %s: %s".formatted(config.workingDirectory(), Errno.name(result)));
    }
    return task;
  }

  private Task make(int pid, RLimits limits, TaskDescriptors descriptors) throws ErrnoException {
    Vfs vfs = machinery.vfs();
    FsStruct fs = FsStruct.allocate(vfs.root());
    FdTable fds = null;
    try {
      fds = FdTable.allocate(vfs, () -> limits.soft(RLimits.NOFILE));
      Identity identity = new Identity(config.uid(), config.gid());
      vfs.installStandardStreams(fds, standardStreams(), identity.forFiles());
      UserProcess process =
          new UserProcess(pid, limits, new PendingSignals(slab.kernelCaches().sigqueue()));
      HostTerminal terminal = vfs.terminal();
      if (terminal != null) {
        process.setTerminal(terminal.tty());
        terminal.tty().control(process.session(), process.processGroup());
      }
      return new Task(pid, process, machinery, fs, fds, identity, new Sighand(), descriptors);
    } catch (ErrnoException e) {
      if (fds != null) {
        fds.free();
      }
      fs.free();
      throw e;
    }
  }

  private StandardStreams standardStreams() {
    return new StandardStreams(
        config.standardInput(),
        config.standardOutput(),
        config.standardError(),
        config.isTerminal(0),
        config.isTerminal(1),
        config.isTerminal(2),
        config.terminalRows(),
        config.terminalColumns());
  }
}
