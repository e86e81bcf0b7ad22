package org.memarium.kernel.process;

import org.memarium.cpu.Cpu;
import org.memarium.cpu.CpuState;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.mm.Errno;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code copy_process}: makes a task that is like the one that runs, and shares with it what was
 * asked for (Linux {@code kernel/fork.c}).
 *
 * <pre>
 *                        fork      vfork    a thread      flag
 *   address space        a copy    shared   shared        CLONE_VM
 *   descriptors          a copy    a copy   shared        CLONE_FILES
 *   root, directory      a copy    a copy   shared        CLONE_FS
 *   signals' actions     a copy    a copy   shared        CLONE_SIGHAND
 *   process              its own   its own  the parent's  CLONE_THREAD
 *   registers            a copy in which EAX is 0; another ESP if there is another stack
 * </pre>
 *
 * <p>Of a failure nothing is left.
 */
public final class Fork {
  private final Cpu cpu;
  private final TlsSegments tls;
  private final long maxThreads;

  /** {@code pidfd_prepare}: gives the caller a descriptor of its child. */
  @FunctionalInterface
  public interface PidFdMaker {
    /**
     * Makes it, and tells the caller.
     *
     * @throws ErrnoException nothing is left of it, and there will be no child
     */
    void make(UserProcess child) throws ErrnoException;
  }

  /**
   * For the tasks of a machine.
   *
   * @param maxThreads {@code max_threads}: how many tasks there may be
   */
  public Fork(Cpu cpu, TlsSegments tls, long maxThreads) {
    this.cpu = cpu;
    this.tls = tls;
    this.maxThreads = maxThreads;
  }

  /**
   * Makes a task; {@link #wakeUp} lets it run.
   *
   * @param parent the task that runs
   * @param arguments which fit together
   * @param pidfd asked with CLONE_PIDFD, as the last step that can fail
   * @throws ErrnoException EAGAIN: there are as many tasks as may be; ENOMEM; EINVAL: no such TLS;
   *     EEXIST: another task has the number
   */
  public Task copyProcess(Task parent, CloneArguments arguments, PidFdMaker pidfd)
      throws ErrnoException {
    TaskTable tasks = parent.machinery().tasks();
    Identity identity = parent.identity();
    boolean privileged = identity.isPrivileged();
    long limit = parent.limits().soft(RLimits.NPROC);
    if (!privileged && Long.compareUnsigned(tasks.countOf(identity.uid()), limit) >= 0) {
      throw new ErrnoException(Errno.EAGAIN);
    }
    if (tasks.size() >= maxThreads) {
      throw new ErrnoException(Errno.EAGAIN);
    }
    int pid = arguments.tid();
    if (pid == 0) {
      pid = tasks.allocatePid();
    } else if (tasks.isTaken(pid)) {
      throw new ErrnoException(Errno.EEXIST);
    }
    if (pid == 0) {
      throw new ErrnoException(Errno.EAGAIN);
    }
    boolean thread = arguments.has(CloneFlags.THREAD);
    TaskDescriptors descriptors =
        parent.descriptors().fork(thread, arguments.has(CloneFlags.SIGHAND));
    if (descriptors == null) {
      throw new ErrnoException(Errno.ENOMEM);
    }
    try {
      return copyResources(parent, arguments, pid, descriptors, pidfd);
    } catch (ErrnoException e) {
      descriptors.free();
      throw e;
    }
  }

  private Task copyResources(
      Task parent, CloneArguments arguments, int pid, TaskDescriptors descriptors, PidFdMaker pidfd)
      throws ErrnoException {
    UserProcess process =
        arguments.has(CloneFlags.THREAD)
            ? parent.process()
            : parent.process().fork(pid, new PendingSignals(descriptors.sigqueueCache()));
    RLimits limits = process.limits();
    FdTable files =
        arguments.has(CloneFlags.FILES)
            ? parent.files().share()
            : parent.files().copy(() -> limits.soft(RLimits.NOFILE));
    FsStruct fs = null;
    MmStruct mm = null;
    try {
      fs = arguments.has(CloneFlags.FS) ? parent.fs().share() : parent.fs().copy();
      MmStruct parents = parent.requireMm();
      mm = arguments.has(CloneFlags.VM) ? parents.get() : parents.fork(limits);
      if (mm == null) {
        throw new ErrnoException(Errno.ENOMEM);
      }
      long[] slots = new long[TlsSegments.ENTRIES];
      CpuState registers = registers(parent, arguments, slots);
      if (arguments.has(CloneFlags.PIDFD)) {
        pidfd.make(process);
      }
      Task child =
          new Task(
              pid,
              process,
              parent.machinery(),
              fs,
              files,
              parent.identity().copy(),
              sighand(parent, arguments),
              descriptors);
      boolean vfork = arguments.has(CloneFlags.VFORK);
      child.inherit(parent, mm, arguments.has(CloneFlags.VM), vfork);
      child.context().setRegisters(registers);
      System.arraycopy(slots, 0, child.context().tlsDescriptors(), 0, slots.length);
      if (arguments.has(CloneFlags.CHILD_SETTID)) {
        child.setSetChildTid(arguments.childTid());
      }
      if (arguments.has(CloneFlags.CHILD_CLEARTID)) {
        child.mmRelease().setClearChildTid(arguments.childTid());
      }
      adopt(parent, child, arguments);
      return child;
    } catch (ErrnoException e) {
      if (mm != null) {
        mm.put();
      }
      if (fs != null) {
        fs.free();
      }
      files.free();
      throw e;
    }
  }

  private static Sighand sighand(Task parent, CloneArguments arguments) {
    Sighand parents = parent.signals().sighand();
    if (arguments.has(CloneFlags.SIGHAND)) {
      return parents.share();
    }
    Sighand copy = parents.copy();
    if (arguments.has(CloneFlags.CLEAR_SIGHAND)) {
      copy.resetForExec();
    }
    return copy;
  }

  /** Whose child it is, and what that is sent when it ends. */
  private static void adopt(Task parent, Task child, CloneArguments arguments) {
    if (arguments.has(CloneFlags.THREAD)) {
      return;
    }
    UserProcess process = child.process();
    if (arguments.has(CloneFlags.PARENT)) {
      process.setParent(parent.process().parent(), parent.process().parentThread());
      process.setExitSignal(parent.process().exitSignal());
    } else {
      process.setParent(parent.process(), parent);
      process.setExitSignal(arguments.exitSignal());
    }
  }

  /** {@code wake_up_new_task}, for the task that runs. */
  public static void wakeUp(Task child) {
    Trace trace = child.trace();
    if (trace.isOn()) {
      int parentPid = child.machinery().scheduler().requireCurrent().pid();
      trace.emit(new TraceEvent.SchedProcessFork(parentPid, child.pid(), child.comm()));
    }
    child.machinery().scheduler().enqueue(child);
  }

  // ---- Registers ----

  /**
   * {@code copy_thread}: what the processor holds when the child runs first.
   *
   * @param slots gets its segments of thread-local storage
   * @throws ErrnoException EINVAL: what CLONE_SETTLS points to is no segment for a program; EFAULT
   */
  private CpuState registers(Task parent, CloneArguments arguments, long[] slots)
      throws ErrnoException {
    CpuState registers = cpu.save();
    tls.save(slots);
    if (arguments.has(CloneFlags.SETTLS)) {
      registers = withTls(parent, arguments.tls(), registers, slots);
    }
    registers.registers()[Cpu.EAX] = 0;
    if (arguments.stack() != 0) {
      registers.registers()[Cpu.ESP] = (int) arguments.stack();
    }
    return registers;
  }

  /** {@code set_new_tls}: FS and GS are loaded anew from the child's segments. */
  private CpuState withTls(Task parent, long address, CpuState registers, long[] slots)
      throws ErrnoException {
    UserDesc wanted;
    try {
      wanted = UserDesc.copyIn(parent.machinery().memory(), address);
    } catch (UserFaultException notThere) {
      throw new ErrnoException(Errno.EFAULT);
    }
    if (!wanted.isAllowedForTls() || !tls.contains(wanted.entry())) {
      throw new ErrnoException(Errno.EINVAL);
    }
    long[] parents = slots.clone();
    tls.set(wanted);
    tls.save(slots);
    tls.reload(cpu.segmentation(), wanted.entry());
    CpuState changed = cpu.save();
    tls.load(parents);
    cpu.restore(registers);
    return changed;
  }
}
