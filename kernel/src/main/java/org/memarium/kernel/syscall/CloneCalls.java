package org.memarium.kernel.syscall;

import static org.memarium.kernel.process.CloneFlags.CLEAR_SIGHAND;
import static org.memarium.kernel.process.CloneFlags.CSIGNAL;
import static org.memarium.kernel.process.CloneFlags.DETACHED;
import static org.memarium.kernel.process.CloneFlags.FS;
import static org.memarium.kernel.process.CloneFlags.INTO_CGROUP;
import static org.memarium.kernel.process.CloneFlags.NAMESPACES;
import static org.memarium.kernel.process.CloneFlags.NEWIPC;
import static org.memarium.kernel.process.CloneFlags.NEWNS;
import static org.memarium.kernel.process.CloneFlags.NEWPID;
import static org.memarium.kernel.process.CloneFlags.NEWTIME;
import static org.memarium.kernel.process.CloneFlags.NEWUSER;
import static org.memarium.kernel.process.CloneFlags.PARENT;
import static org.memarium.kernel.process.CloneFlags.PARENT_SETTID;
import static org.memarium.kernel.process.CloneFlags.PIDFD;
import static org.memarium.kernel.process.CloneFlags.SIGHAND;
import static org.memarium.kernel.process.CloneFlags.SYSVSEM;
import static org.memarium.kernel.process.CloneFlags.THREAD;
import static org.memarium.kernel.process.CloneFlags.VFORK;
import static org.memarium.kernel.process.CloneFlags.VM;

import org.memarium.hardware.Ram;
import org.memarium.kernel.process.CloneArguments;
import org.memarium.kernel.process.Fork;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskTable;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/** fork, vfork, clone and clone3; Linux {@code kernel/fork.c}. */
final class CloneCalls {
  private static final long LEGACY_FLAGS = 0xffff_ffffL;

  /** {@code MAX_THREADS}: a task's kernel stack may take an eighth of RAM in all. */
  private static final int THREAD_BYTES = 8 * 8192;

  /** {@code CLONE_ARGS_SIZE_VER0}: up to tls. */
  private static final int FIRST_ARGUMENT_BYTES = 64;

  /** {@code CLONE_ARGS_SIZE_VER2}: all that is known. */
  private static final int ARGUMENT_BYTES = 88;

  private static final int MAX_PID_NAMESPACES = 32;

  private final Kernel kernel;
  private final UserMemory memory;
  private final Fork fork;

  CloneCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
    long maxThreads = kernel.statistics().totalRamBytes() / THREAD_BYTES;
    this.fork = new Fork(kernel.cpu(), kernel.tls(), maxThreads);
  }

  void enter(SystemCallTable table) {
    table.set("fork", () -> start(arguments(0)));
    table.set("vfork", () -> start(arguments(VFORK | VM)));
    table
        .set("clone", this::legacyClone)
        .remark("namespaces: EPERM, as where user.max_user_namespaces is 0; no pidfds of threads");
    table
        .set("clone3", this::clone3)
        .remark("namespaces: EPERM, as for clone; set_tid needs privilege; no cgroups: EBADF");
  }

  private static CloneArguments arguments(long flags) {
    return new CloneArguments(flags, 0, 0, 0, Signal.SIGCHLD, 0, 0, 0);
  }

  /** The order of arguments is that of i386 ({@code CONFIG_CLONE_BACKWARDS}). */
  private long legacyClone(int flags, int stack, int parentTid, int tls, int childTid) {
    long wanted = Integer.toUnsignedLong(flags) & ~CSIGNAL;
    if ((wanted & (PIDFD | PARENT_SETTID)) == (PIDFD | PARENT_SETTID)) {
      return -Errno.EINVAL; // both would be written to the same place
    }
    long parentAt = Integer.toUnsignedLong(parentTid);
    return start(
        new CloneArguments(
            wanted,
            parentAt,
            Integer.toUnsignedLong(childTid),
            parentAt,
            flags & CSIGNAL,
            Integer.toUnsignedLong(stack),
            Integer.toUnsignedLong(tls),
            0));
  }

  /**
   * {@code struct clone_args}, all words of 64 bits; what is behind those that are known must be 0.
   *
   * <pre>
   *   0       8       16          24           32            40      48           56
   *  +-------+-------+-----------+------------+-------------+-------+------------+-----+
   *  | flags | pidfd | child_tid | parent_tid | exit_signal | stack | stack_size | tls |
   *  +-------+-------+-----------+------------+-------------+-------+------------+-----+
   *   64        72             80
   *  +---------+--------------+--------+
   *  | set_tid | set_tid_size | cgroup |
   *  +---------+--------------+--------+
   * </pre>
   */
  private long clone3(int from, int size) {
    long bytes = Integer.toUnsignedLong(size);
    if (bytes > Ram.PAGE_SIZE) {
      return -Errno.E2BIG;
    }
    if (bytes < FIRST_ARGUMENT_BYTES) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(from);
    for (long i = ARGUMENT_BYTES; i < bytes; i++) {
      if (memory.read(at + i, 1)[0] != 0) {
        return -Errno.E2BIG;
      }
    }
    long[] words = new long[ARGUMENT_BYTES / Long.BYTES];
    for (int i = 0; i < Math.min(bytes, ARGUMENT_BYTES) / Long.BYTES; i++) {
      words[i] = memory.readLong(at + (long) i * Long.BYTES);
    }
    return checkedClone3(words);
  }

  private long checkedClone3(long[] words) {
    long flags = words[0];
    long exitSignal = words[4];
    long stack = words[5];
    long stackBytes = words[6];
    long setTid = words[8];
    long setTidCount = words[9];
    if (Long.compareUnsigned(setTidCount, MAX_PID_NAMESPACES) > 0
        || (setTid == 0) != (setTidCount == 0)
        || (exitSignal & ~(long) CSIGNAL) != 0
        || exitSignal > Signal.COUNT
        || ((flags & INTO_CGROUP) != 0 && words[10] > Integer.MAX_VALUE)) {
      return -Errno.EINVAL;
    }
    if (setTidCount > 1) {
      return -Errno.EINVAL; // there is one namespace
    }
    int tid = setTidCount == 0 ? 0 : memory.readInt(setTid);
    long known = LEGACY_FLAGS | CLEAR_SIGHAND | INTO_CGROUP;
    if ((flags & ~known) != 0
        || (flags & (DETACHED | (CSIGNAL & ~NEWTIME))) != 0
        || (flags & (SIGHAND | CLEAR_SIGHAND)) == (SIGHAND | CLEAR_SIGHAND)
        || ((flags & (THREAD | PARENT)) != 0 && exitSignal != 0)
        || (stack == 0) != (stackBytes == 0)
        || (stack != 0 && !memory.isUserRange(stack, stackBytes))) {
      return -Errno.EINVAL;
    }
    if ((flags & INTO_CGROUP) != 0) {
      return kernel.unsupported("clone3 with CLONE_INTO_CGROUP", Errno.EBADF);
    }
    CloneArguments arguments =
        new CloneArguments(
            flags,
            words[1],
            words[2],
            words[3],
            (int) exitSignal,
            stack == 0 ? 0 : stack + stackBytes,
            words[7],
            tid);
    if (setTidCount != 0) {
      long error = check(flags);
      if (error == 0 && (tid < 1 || tid >= TaskTable.PID_MAX)) {
        error = -Errno.EINVAL;
      }
      if (error == 0 && !kernel.task().identity().isPrivileged()) {
        error = -Errno.EPERM;
      }
      if (error != 0) {
        return error;
      }
    }
    return start(arguments);
  }

  /** What {@code copy_process} refuses before it takes anything. */
  private long check(long flags) {
    if ((flags & (NEWNS | FS)) == (NEWNS | FS)
        || (flags & (NEWUSER | FS)) == (NEWUSER | FS)
        || (flags & (THREAD | SIGHAND)) == THREAD
        || (flags & (SIGHAND | VM)) == SIGHAND
        || ((flags & THREAD) != 0 && (flags & (NEWUSER | NEWPID)) != 0)
        || ((flags & PIDFD) != 0 && (flags & (DETACHED | THREAD)) != 0)
        || (flags & (NEWIPC | SYSVSEM)) == (NEWIPC | SYSVSEM)
        || (flags & (NEWTIME | VM)) == (NEWTIME | VM)) {
      return -Errno.EINVAL;
    }
    return (flags & NAMESPACES) != 0
        ? kernel.unsupported("a namespace of its own (clone)", Errno.EPERM)
        : 0;
  }

  /** {@code kernel_clone}. */
  private long start(CloneArguments arguments) {
    long error = check(arguments.flags());
    if (error != 0) {
      return error;
    }
    Task child;
    try {
      child = fork.copyProcess(kernel.task(), arguments, process -> pidfd(arguments, process));
    } catch (ErrnoException e) {
      return e.result();
    }
    if (arguments.has(PARENT_SETTID)) {
      // Linux does not mind either if there is no such place.
      var _ = writeInt(arguments.parentTid(), child.pid());
    }
    Fork.wakeUp(child);
    return arguments.has(VFORK)
        ? kernel.sleep(new Vfork(child), child.mmRelease().vforkDone())
        : child.pid();
  }

  /** Gives the parent a descriptor of the child, and tells it the number. */
  private void pidfd(CloneArguments arguments, UserProcess child) throws ErrnoException {
    long fd = PidFdCalls.openOf(kernel, child, 0);
    if (fd < 0) {
      throw new ErrnoException((int) -fd);
    }
    if (!writeInt(arguments.pidfd(), (int) fd)) {
      var _ = kernel.files().close((int) fd);
      throw new ErrnoException(Errno.EFAULT);
    }
  }

  private boolean writeInt(long linearAddress, int value) {
    byte[] bytes = new byte[Integer.BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (value >> (8 * i));
    }
    return memory.copyToUser(linearAddress, bytes, 0, bytes.length) == bytes.length;
  }

  /** {@code wait_for_vfork_done}. */
  private static final class Vfork implements SleepingCall {
    private final Task child;

    Vfork(Task child) {
      this.child = child;
    }

    @Override
    public long tryAgain() {
      return child.mmRelease().isDone() ? child.pid() : ASLEEP;
    }

    @Override
    public long interrupted() {
      return child.pid();
    }

    @Override
    public boolean isKillable() {
      return true;
    }

    @Override
    public String what() {
      return "vfork's child " + child.pid();
    }
  }
}
