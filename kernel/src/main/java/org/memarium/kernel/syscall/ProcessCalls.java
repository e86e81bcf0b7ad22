package org.memarium.kernel.syscall;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.process.UserProcess;
import org.memarium.mm.Errno;

/** The process itself: ending, its relatives, execve, prctl, personality. */
final class ProcessCalls {
  private static final int PR_SET_PDEATHSIG = 1;
  private static final int PR_GET_PDEATHSIG = 2;
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int PR_SET_NAME = 15;
  private static final int PR_GET_NAME = 16;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_GET_NO_NEW_PRIVS = 39;
  private static final int NAME_BYTES = 16;
  private static final int ARCH_GET_CPUID = 0x1011;
  private static final int ARCH_SET_CPUID = 0x1012;
  private static final int MAX_STRING_BYTES = 131_072;

  private final Kernel kernel;
  private final UserMemory memory;

  ProcessCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
  }

  private Task task() {
    return kernel.task();
  }

  void enter(SystemCallTable table) {
    table.set("exit", this::exit);
    table.set("exit_group", this::exitGroup);
    table.set("execve", this::execve);
    table.set("getpid", () -> task().process().pid());
    table.set("gettid", () -> task().pid());
    table.set("getppid", () -> task().parentPid());
    table.set("getpgrp", () -> task().processGroup());
    table.set("getpgid", (int pid) -> isSelf(pid) ? task().processGroup() : -Errno.ESRCH);
    table.set("getsid", (int pid) -> isSelf(pid) ? task().session() : -Errno.ESRCH);
    table.set("setpgid", this::setpgid);
    table.set("setsid", this::setsid);
    table.set("prctl", this::prctl);
    table.set("arch_prctl", this::archPrctl);
    table.set("personality", this::personality);
    table.set("restart_syscall", () -> task().restart());
  }

  private boolean isSelf(int pid) {
    return pid == 0 || pid == task().process().pid();
  }

  private long exit(int status) {
    task().exit((status & 0xff) << 8);
    return 0;
  }

  private long exitGroup(int status) {
    task().process().exitGroup((status & 0xff) << 8);
    return 0;
  }

  private long setpgid(int pid, int group) {
    if (group < 0) {
      return -Errno.EINVAL;
    }
    if (!isSelf(pid)) {
      return -Errno.ESRCH;
    }
    // A session leader cannot leave its group.
    UserProcess process = task().process();
    if (process.session() == process.pid() || (group != 0 && group != process.pid())) {
      return -Errno.EPERM;
    }
    process.setProcessGroup(process.pid());
    return 0;
  }

  private long setsid() {
    UserProcess process = task().process();
    if (process.processGroup() == process.pid()) {
      return -Errno.EPERM;
    }
    process.startSession();
    return process.session();
  }

  /** The strings are copied in before the old image goes. */
  private long execve(int path, int arguments, int environment) {
    String name = kernel.path(path);
    if (name.isEmpty()) {
      return -Errno.ENOENT;
    }
    long result = kernel.exec().exec(name, strings(arguments), strings(environment));
    return result < 0 ? result : SystemCall.REGISTERS_SET;
  }

  /** A vector of pointers up to a null one; a null vector is an empty one, as Linux has it. */
  private List<String> strings(int vector) {
    List<String> strings = new ArrayList<>();
    if (vector == 0) {
      return strings;
    }
    for (long at = Integer.toUnsignedLong(vector); ; at += 4) {
      long pointer = memory.readUnsignedInt(at);
      if (pointer == 0) {
        return strings;
      }
      String text = memory.readString(pointer, MAX_STRING_BYTES);
      if (text == null) {
        throw new CallFailedException(Errno.E2BIG);
      }
      strings.add(text);
    }
  }

  private long prctl(int option, int a, int b, int c, int d) {
    return switch (option) {
      case PR_SET_PDEATHSIG -> {
        if (a < 0 || a > 64) {
          yield -Errno.EINVAL;
        }
        task().setParentDeathSignal(a);
        yield 0;
      }
      case PR_GET_PDEATHSIG -> {
        memory.writeInt(Integer.toUnsignedLong(a), task().parentDeathSignal());
        yield 0;
      }
      case PR_GET_DUMPABLE -> task().process().isDumpable() ? 1 : 0;
      case PR_SET_DUMPABLE -> {
        if (a != 0 && a != 1) {
          yield -Errno.EINVAL;
        }
        task().process().setDumpable(a == 1);
        yield 0;
      }
      case PR_SET_NAME -> {
        task().setComm(name(a));
        yield 0;
      }
      case PR_GET_NAME -> {
        byte[] name = new byte[NAME_BYTES];
        byte[] text = task().comm().getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(text, 0, name, 0, text.length);
        memory.write(Integer.toUnsignedLong(a), name);
        yield 0;
      }
      case PR_SET_NO_NEW_PRIVS -> {
        if (a != 1 || b != 0 || c != 0 || d != 0) {
          yield -Errno.EINVAL;
        }
        task().setNoNewPrivileges();
        yield 0;
      }
      case PR_GET_NO_NEW_PRIVS -> task().hasNoNewPrivileges() ? 1 : 0;
      default -> kernel.unsupported("prctl option " + option, Errno.EINVAL);
    };
  }

  private String name(int address) {
    String name = memory.readString(Integer.toUnsignedLong(address), NAME_BYTES - 1);
    return name != null
        ? name
        : new String(
            memory.read(Integer.toUnsignedLong(address), NAME_BYTES - 1),
            StandardCharsets.ISO_8859_1);
  }

  /** On 32 bits only the trapping of CPUID, which this processor does not offer. */
  private long archPrctl(int option, int argument) {
    return switch (option) {
      case ARCH_GET_CPUID -> 1;
      case ARCH_SET_CPUID -> -Errno.ENODEV;
      default -> -Errno.EINVAL;
    };
  }

  private long personality(int bits) {
    int before = task().personality();
    if (bits != -1) {
      task().setPersonality(bits);
    }
    return Integer.toUnsignedLong(before);
  }
}
