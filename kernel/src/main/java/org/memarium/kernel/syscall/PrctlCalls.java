package org.memarium.kernel.syscall;

import java.nio.charset.StandardCharsets;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.process.UserProcess;
import org.memarium.mm.Errno;

/** prctl and arch_prctl; Linux {@code kernel/sys.c}, {@code security/commoncap.c}. */
final class PrctlCalls {
  private static final int PR_SET_PDEATHSIG = 1;
  private static final int PR_GET_PDEATHSIG = 2;
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int PR_GET_KEEPCAPS = 7;
  private static final int PR_SET_KEEPCAPS = 8;
  private static final int PR_GET_TIMING = 13;
  private static final int PR_SET_TIMING = 14;
  private static final int PR_SET_NAME = 15;
  private static final int PR_GET_NAME = 16;
  private static final int PR_GET_SECCOMP = 21;
  private static final int PR_SET_SECCOMP = 22;
  private static final int PR_CAPBSET_READ = 23;
  private static final int PR_CAPBSET_DROP = 24;
  private static final int PR_GET_TSC = 25;
  private static final int PR_GET_SECUREBITS = 27;
  private static final int PR_SET_TIMERSLACK = 29;
  private static final int PR_GET_TIMERSLACK = 30;
  private static final int PR_SET_MM = 35;
  private static final int PR_SET_CHILD_SUBREAPER = 36;
  private static final int PR_GET_CHILD_SUBREAPER = 37;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_GET_NO_NEW_PRIVS = 39;
  private static final int PR_GET_TID_ADDRESS = 40;
  private static final int PR_SET_THP_DISABLE = 41;
  private static final int PR_GET_THP_DISABLE = 42;
  private static final int PR_THP_DISABLE_EXCEPT_ADVISED = 2;

  private static final int NAME_BYTES = 16;
  private static final int LAST_CAPABILITY = 40;
  private static final int TSC_ENABLED = 1;

  private static final int ARCH_GET_CPUID = 0x1011;
  private static final int ARCH_SET_CPUID = 0x1012;

  private final Kernel kernel;
  private final UserMemory memory;

  PrctlCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
  }

  void enter(SystemCallTable table) {
    table
        .set("prctl", this::prctl)
        .partly("names, death signals, subreapers, no_new_privs and the like; else EINVAL");
    table.set("arch_prctl", this::archPrctl);
  }

  private Task task() {
    return kernel.task();
  }

  private long prctl(int option, int a, int b, int c, int d) {
    Task task = task();
    UserProcess process = task.process();
    boolean more = (b | c | d) != 0;
    return switch (option) {
      case PR_SET_PDEATHSIG -> {
        if (a < 0 || a > Signal.COUNT) {
          yield -Errno.EINVAL;
        }
        task.attributes().setParentDeathSignal(a);
        yield 0;
      }
      case PR_GET_PDEATHSIG -> put(a, task.attributes().parentDeathSignal());
      case PR_GET_DUMPABLE -> process.isDumpable() ? 1 : 0;
      case PR_SET_DUMPABLE -> {
        if (a != 0 && a != 1) {
          yield -Errno.EINVAL;
        }
        process.setDumpable(a == 1);
        yield 0;
      }
      case PR_SET_NAME -> {
        task.setComm(name(a));
        yield 0;
      }
      case PR_GET_NAME -> {
        byte[] name = new byte[NAME_BYTES];
        byte[] text = task.comm().getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(text, 0, name, 0, text.length);
        memory.write(Integer.toUnsignedLong(a), name);
        yield 0;
      }
      case PR_SET_CHILD_SUBREAPER -> {
        process.setSubreaper(a != 0);
        yield 0;
      }
      case PR_GET_CHILD_SUBREAPER -> put(a, process.isSubreaper() ? 1 : 0);
      case PR_SET_NO_NEW_PRIVS -> {
        if (a != 1 || more) {
          yield -Errno.EINVAL;
        }
        task.attributes().setNoNewPrivileges();
        yield 0;
      }
      case PR_GET_NO_NEW_PRIVS ->
          a != 0 || more ? -Errno.EINVAL : task.attributes().hasNoNewPrivileges() ? 1 : 0;
      case PR_SET_TIMERSLACK -> {
        task.settings().setTimerSlackNanos(Math.max(0, a));
        yield 0;
      }
      case PR_GET_TIMERSLACK -> task.settings().timerSlackNanos();
      case PR_SET_THP_DISABLE -> disableHugePages(a, b, c, d);
      case PR_GET_TID_ADDRESS -> put(a, (int) task.mmRelease().clearChildTid());
      default -> rarely(option, a, more);
    };
  }

  /** What has one answer for everybody. */
  private long rarely(int option, int a, boolean more) {
    return switch (option) {
      case PR_GET_KEEPCAPS, PR_GET_TIMING, PR_GET_SECUREBITS -> 0;
      case PR_SET_KEEPCAPS -> Integer.compareUnsigned(a, 1) > 0 ? -Errno.EINVAL : 0;
      case PR_SET_TIMING -> a == 0 ? 0 : -Errno.EINVAL;
      case PR_GET_SECCOMP, PR_SET_SECCOMP -> -Errno.EINVAL;
      case PR_CAPBSET_READ -> Integer.compareUnsigned(a, LAST_CAPABILITY) > 0 ? -Errno.EINVAL : 1;
      case PR_CAPBSET_DROP, PR_SET_MM -> -Errno.EPERM;
      case PR_GET_TSC -> put(a, TSC_ENABLED);
      case PR_GET_THP_DISABLE ->
          a != 0 || more ? -Errno.EINVAL : task().settings().hugePagesDisabled();
      default -> kernel.unsupported("prctl option " + option, Errno.EINVAL);
    };
  }

  /** {@code prctl_set_thp_disable}: current kernels can leave those that are asked for. */
  private long disableHugePages(int disable, int flags, int c, int d) {
    boolean current = task().requireMm().layout().hasThpDisableFlags();
    int known = current && disable != 0 ? PR_THP_DISABLE_EXCEPT_ADVISED : 0;
    if ((flags & ~known) != 0 || (c | d) != 0) {
      return -Errno.EINVAL;
    }
    task().settings().setHugePagesDisabled(disable == 0 ? 0 : 1 | flags);
    return 0;
  }

  private long put(int to, int value) {
    memory.writeInt(Integer.toUnsignedLong(to), value);
    return 0;
  }

  private String name(int address) {
    String name = memory.readName(Integer.toUnsignedLong(address), NAME_BYTES - 1);
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
}
