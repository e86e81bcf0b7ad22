package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.ChildStatus;
import org.memarium.kernel.process.ResourceUsage;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskExit;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;

/** wait4, waitpid and waitid; Linux {@code kernel/exit.c}, {@code do_wait}. */
final class WaitCalls {
  private static final int WNOHANG = 1;
  private static final int WUNTRACED = 2;
  private static final int WSTOPPED = WUNTRACED;
  private static final int WEXITED = 4;
  private static final int WCONTINUED = 8;
  private static final int WNOWAIT = 0x0100_0000;
  private static final int NOTHREAD = 0x2000_0000;
  private static final int WALL = 0x4000_0000;
  private static final int WCLONE = 0x8000_0000;

  private static final int WAIT4_OPTIONS =
      WNOHANG | WUNTRACED | WCONTINUED | NOTHREAD | WALL | WCLONE;
  private static final int WAITID_EVENTS = WEXITED | WSTOPPED | WCONTINUED;
  private static final int WAITID_OPTIONS =
      WNOHANG | WNOWAIT | WAITID_EVENTS | NOTHREAD | WALL | WCLONE;

  /** Of {@code siginfo_t}, what tells of a child. */
  private static final int SIGINFO_BYTES = 24;

  private static final int P_ALL = 0;
  private static final int P_PID = 1;
  private static final int P_PGID = 2;
  private static final int P_PIDFD = 3;

  private final Kernel kernel;

  WaitCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("waitpid", (int pid, int status, int options) -> wait4(pid, status, options, 0));
    table.set("wait4", this::wait4);
    table.set("waitid", this::waitid);
  }

  /** For which children a call waits: {@code enum pid_type}. */
  private enum Which {
    ANY,
    PROCESS,
    GROUP
  }

  private long wait4(int pid, int status, int options, int usage) {
    if ((options & ~WAIT4_OPTIONS) != 0) {
      return -Errno.EINVAL;
    }
    if (pid == Integer.MIN_VALUE) {
      return -Errno.ESRCH;
    }
    Which which = Which.GROUP;
    int number = -pid;
    if (pid == -1) {
      which = Which.ANY;
    } else if (pid == 0) {
      number = kernel.task().process().processGroup();
    } else if (pid > 0) {
      which = Which.PROCESS;
      number = pid;
    }
    return new Wait4(which, number, options | WEXITED, status, usage).begin();
  }

  private long waitid(int type, int id, int info, int options, int usage) {
    if ((options & ~WAITID_OPTIONS) != 0 || (options & WAITID_EVENTS) == 0) {
      return told(-Errno.EINVAL, info, 0, 0, null);
    }
    Which which;
    int number = id;
    switch (type) {
      case P_ALL -> which = Which.ANY;
      case P_PID -> which = Which.PROCESS;
      case P_PGID -> {
        which = Which.GROUP;
        number = id == 0 ? kernel.task().process().processGroup() : id;
      }
      case P_PIDFD -> {
        which = Which.PROCESS;
        UserProcess process = id < 0 ? null : PidFdCalls.process(kernel, id);
        if (process == null) {
          return told(id < 0 ? -Errno.EINVAL : -Errno.EBADF, info, 0, 0, null);
        }
        number = process.pid();
      }
      default -> {
        return told(-Errno.EINVAL, info, 0, 0, null);
      }
    }
    if (id < (type == P_PID ? 1 : 0) && type != P_ALL) {
      return told(-Errno.EINVAL, info, 0, 0, null);
    }
    return new Waitid(which, number, options, info, usage).begin();
  }

  /** Fills {@code siginfo_t}, also where there is nothing to tell, as Linux does. */
  private long told(long result, int to, int pid, int uid, @Nullable ChildStatus status) {
    if (to != 0) {
      ByteBuffer info = ByteBuffer.allocate(SIGINFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      if (status != null) {
        info.putInt(Signal.SIGCHLD).putInt(0).putInt(status.cause());
        info.putInt(pid).putInt(uid).putInt(status.value());
      }
      kernel.memory().write(Integer.toUnsignedLong(to), info.array());
    }
    return result;
  }

  /** {@code do_wait}. */
  private abstract class Wait implements SleepingCall {
    private final Which which;
    private final int number;
    final int options;
    final int usageAt;

    Wait(Which which, int number, int options, int usageAt) {
      this.which = which;
      this.number = number;
      this.options = options;
      this.usageAt = usageAt;
    }

    long begin() {
      long result = tryAgain();
      return result == ASLEEP ? kernel.sleep(this, kernel.task().process().childExit()) : result;
    }

    @Override
    public final long tryAgain() {
      Task task = kernel.task();
      boolean hope = false;
      for (UserProcess child : task.process().children()) {
        if (!isEligible(child, task)) {
          continue;
        }
        ChildStatus status = event(child);
        if (status != null) {
          return take(child, status);
        }
        hope |= !child.isDead();
      }
      if (!hope) {
        return nothing(-Errno.ECHILD);
      }
      return (options & WNOHANG) != 0 ? nothing(0) : ASLEEP;
    }

    /** {@code eligible_child}. */
    private boolean isEligible(UserProcess child, Task task) {
      boolean chosen =
          switch (which) {
            case ANY -> true;
            case PROCESS -> child.pid() == number;
            case GROUP -> child.processGroup() == number;
          };
      boolean clone = child.exitSignal() != Signal.SIGCHLD;
      return chosen
          && ((options & NOTHREAD) == 0 || task.equals(child.parentThread()))
          && ((options & WALL) != 0 || clone == ((options & WCLONE) != 0));
    }

    /** {@code wait_consider_task}: what there is to tell of a child, or null. */
    private @Nullable ChildStatus event(UserProcess child) {
      if (child.isDead()) {
        return (options & WEXITED) != 0 ? ChildStatus.ofEnd(child) : null;
      }
      if ((options & WSTOPPED) != 0 && child.stopSignal() != 0) {
        return ChildStatus.ofStop(child.stopSignal());
      }
      return (options & WCONTINUED) != 0 && child.hasContinued() ? ChildStatus.ofContinue() : null;
    }

    private long take(UserProcess child, ChildStatus status) {
      ResourceUsage usage = new ResourceUsage();
      usage.addAll(child);
      int pid = child.pid();
      int uid = child.leader().identity().uid();
      if ((options & WNOWAIT) == 0) {
        if (child.isDead()) {
          TaskExit.reap(child);
        } else {
          child.forgetStop();
        }
      }
      if (usageAt != 0) {
        kernel.memory().write(Integer.toUnsignedLong(usageAt), ResourceCalls.format(usage));
      }
      return tell(pid, uid, status);
    }

    /** The result where a child has something to tell. */
    abstract long tell(int pid, int uid, ChildStatus status);

    /** The result where none has. */
    abstract long nothing(long result);

    @Override
    public String what() {
      return switch (which) {
        case ANY -> "any child";
        case PROCESS -> "child " + number;
        case GROUP -> "a child in process group " + number;
      };
    }
  }

  private final class Wait4 extends Wait {
    private final int statusAt;

    Wait4(Which which, int number, int options, int statusAt, int usageAt) {
      super(which, number, options, usageAt);
      this.statusAt = statusAt;
    }

    @Override
    long tell(int pid, int uid, ChildStatus status) {
      if (statusAt != 0) {
        kernel.memory().writeInt(Integer.toUnsignedLong(statusAt), status.status());
      }
      return pid;
    }

    @Override
    long nothing(long result) {
      return result;
    }
  }

  private final class Waitid extends Wait {
    private final int infoAt;

    Waitid(Which which, int number, int options, int infoAt, int usageAt) {
      super(which, number, options, usageAt);
      this.infoAt = infoAt;
    }

    @Override
    long tell(int pid, int uid, ChildStatus status) {
      return told(0, infoAt, pid, uid, status);
    }

    @Override
    long nothing(long result) {
      return told(result, infoAt, 0, 0, null);
    }
  }
}
