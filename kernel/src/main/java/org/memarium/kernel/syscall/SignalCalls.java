package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.memarium.cpu.Cpu;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalAction;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.wait.Deadline;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Errno;

/** Blocking, catching and awaiting signals; Linux {@code kernel/signal.c}. */
final class SignalCalls {
  private static final int SIGSET_BYTES = 8;
  private static final int SIG_BLOCK = 0;
  private static final int SIG_UNBLOCK = 1;
  private static final int SIG_SETMASK = 2;
  private static final int MIN_STACK_BYTES = 2048;

  /** {@code UAPI_SA_FLAGS}: since Linux 5.11 other bits are cleared. */
  private static final int SA_KNOWN = 0xdc00_0c07;

  private final Kernel kernel;
  private final UserMemory memory;
  private final TimeFormat format;

  SignalCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
    this.format = new TimeFormat(memory);
  }

  private SignalState signals() {
    return kernel.task().signals();
  }

  void enter(SystemCallTable table) {
    table.set("rt_sigaction", this::rtSigaction);
    table.set("sigaction", this::sigaction);
    table.set("signal", this::signal);
    table.set("rt_sigprocmask", this::rtSigprocmask);
    table.set("sigprocmask", this::sigprocmask);
    table.set("sgetmask", () -> signals().blocked() & 0xffff_ffffL);
    table.set("ssetmask", this::ssetmask);
    table.set("rt_sigpending", this::rtSigpending);
    table.set("sigpending", this::sigpending);
    table.set("sigaltstack", this::sigaltstack);
    table.set("rt_sigsuspend", this::rtSigsuspend);
    table.set("sigsuspend", (int _, int _, int mask) -> suspend(mask & 0xffff_ffffL));
    table.set("pause", () -> kernel.sleep(new SignalWait()));
    table.set("rt_sigtimedwait", (int s, int i, int t, int n) -> timedWait(s, i, t, n, 4));
    table.set("rt_sigtimedwait_time64", (int s, int i, int t, int n) -> timedWait(s, i, t, n, 8));
    table.set("sigreturn", () -> SignalFrame.sigreturn(kernel));
    table.set("rt_sigreturn", () -> SignalFrame.rtSigreturn(kernel));
  }

  /** {@code do_sigaction}. */
  private long setAction(int signal, SignalAction action) {
    signals()
        .setAction(
            signal,
            new SignalAction(
                action.handler(),
                action.flags() & SA_KNOWN,
                action.restorer(),
                action.mask() & ~Signal.UNBLOCKABLE));
    return 0;
  }

  private static boolean cannotCatch(int signal, boolean sets) {
    return !Signal.isValid(signal) || (sets && (Signal.bit(signal) & Signal.UNBLOCKABLE) != 0);
  }

  /** {@code struct sigaction}: handler, flags, restorer, and a mask of 64 bits; 20 bytes. */
  private long rtSigaction(int signal, int from, int to, int maskBytes) {
    if (maskBytes != SIGSET_BYTES) {
      return -Errno.EINVAL;
    }
    SignalAction action = null;
    if (from != 0) {
      long at = Integer.toUnsignedLong(from);
      action =
          new SignalAction(
              memory.readUnsignedInt(at),
              memory.readInt(at + 4),
              memory.readUnsignedInt(at + 8),
              memory.readLong(at + 12));
    }
    if (cannotCatch(signal, from != 0)) {
      return -Errno.EINVAL;
    }
    SignalAction before = signals().action(signal);
    if (action != null) {
      setAction(signal, action);
    }
    if (to != 0) {
      ByteBuffer out = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
      out.putInt((int) before.handler()).putInt(before.flags()).putInt((int) before.restorer());
      out.putLong(before.mask());
      memory.write(Integer.toUnsignedLong(to), out.array());
    }
    return 0;
  }

  /** {@code struct old_sigaction}: handler, a mask of 32 bits, flags, restorer; 16 bytes. */
  private long sigaction(int signal, int from, int to) {
    SignalAction action = null;
    if (from != 0) {
      long at = Integer.toUnsignedLong(from);
      action =
          new SignalAction(
              memory.readUnsignedInt(at),
              memory.readInt(at + 8),
              memory.readUnsignedInt(at + 12),
              memory.readUnsignedInt(at + 4));
    }
    if (cannotCatch(signal, from != 0)) {
      return -Errno.EINVAL;
    }
    SignalAction before = signals().action(signal);
    if (action != null) {
      setAction(signal, action);
    }
    if (to != 0) {
      ByteBuffer out = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
      out.putInt((int) before.handler()).putInt((int) before.mask());
      out.putInt(before.flags()).putInt((int) before.restorer());
      memory.write(Integer.toUnsignedLong(to), out.array());
    }
    return 0;
  }

  private long signal(int signal, int handler) {
    if (cannotCatch(signal, true)) {
      return -Errno.EINVAL;
    }
    long before = signals().action(signal).handler();
    int flags = SignalAction.SA_RESETHAND | SignalAction.SA_NODEFER;
    setAction(signal, new SignalAction(Integer.toUnsignedLong(handler), flags, 0, 0));
    return before;
  }

  private long rtSigprocmask(int how, int from, int to, int maskBytes) {
    if (maskBytes != SIGSET_BYTES) {
      return -Errno.EINVAL;
    }
    long before = signals().blocked();
    if (from != 0) {
      long result = block(how, memory.readLong(Integer.toUnsignedLong(from)), -1L);
      if (result < 0) {
        return result;
      }
    }
    if (to != 0) {
      memory.writeLong(Integer.toUnsignedLong(to), before);
    }
    return 0;
  }

  private long sigprocmask(int how, int from, int to) {
    long before = signals().blocked();
    if (from != 0) {
      long set = memory.readUnsignedInt(Integer.toUnsignedLong(from));
      long result = block(how, set, 0xffff_ffffL);
      if (result < 0) {
        return result;
      }
    }
    if (to != 0) {
      memory.writeInt(Integer.toUnsignedLong(to), (int) before);
    }
    return 0;
  }

  /** {@code reach} is the set of signals that the call can name at all. */
  private long block(int how, long set, long reach) {
    long now = signals().blocked();
    switch (how) {
      case SIG_BLOCK -> signals().setBlocked(now | set);
      case SIG_UNBLOCK -> signals().setBlocked(now & ~set);
      case SIG_SETMASK -> signals().setBlocked((now & ~reach) | set);
      default -> {
        return -Errno.EINVAL;
      }
    }
    return 0;
  }

  private long ssetmask(int mask) {
    long before = signals().blocked();
    signals().setBlocked(mask & 0xffff_ffffL);
    return before & 0xffff_ffffL;
  }

  private long rtSigpending(int to, int maskBytes) {
    if (Integer.compareUnsigned(maskBytes, SIGSET_BYTES) > 0) {
      return -Errno.EINVAL;
    }
    long set = signals().pending() & signals().blocked();
    byte[] bytes = new byte[maskBytes];
    for (int i = 0; i < maskBytes; i++) {
      bytes[i] = (byte) (set >>> (8 * i));
    }
    memory.write(Integer.toUnsignedLong(to), bytes);
    return 0;
  }

  private long sigpending(int to) {
    memory.writeInt(Integer.toUnsignedLong(to), (int) (signals().pending() & signals().blocked()));
    return 0;
  }

  /** {@code stack_t}: start, flags, bytes. */
  private long sigaltstack(int from, int to) {
    long stackPointer = Integer.toUnsignedLong(kernel.cpu().register(Cpu.ESP));
    byte[] before = SignalFrame.alternateStack(signals(), stackPointer);
    if (from != 0) {
      long at = Integer.toUnsignedLong(from);
      long start = memory.readUnsignedInt(at);
      int flags = memory.readInt(at + 4);
      long bytes = memory.readUnsignedInt(at + 8);
      if (signals().isOnAlternateStack(stackPointer)) {
        return -Errno.EPERM;
      }
      int mode = flags & ~SignalState.SS_AUTODISARM;
      if (mode != 0 && mode != SignalState.SS_ONSTACK && mode != SignalState.SS_DISABLE) {
        return -Errno.EINVAL;
      }
      if (mode == SignalState.SS_DISABLE) {
        signals().setAlternateStack(0, 0, flags);
      } else if (bytes < MIN_STACK_BYTES) {
        return -Errno.ENOMEM;
      } else {
        signals().setAlternateStack(start, bytes, flags);
      }
    }
    if (to != 0) {
      memory.write(Integer.toUnsignedLong(to), before);
    }
    return 0;
  }

  private long rtSigsuspend(int mask, int maskBytes) {
    if (maskBytes != SIGSET_BYTES) {
      return -Errno.EINVAL;
    }
    return suspend(memory.readLong(Integer.toUnsignedLong(mask)));
  }

  /** Waits until a signal has a handler to run or ends the process. */
  private long suspend(long mask) {
    signals().saveBlocked();
    signals().setBlocked(mask);
    return kernel.sleep(new SignalWait());
  }

  private long timedWait(int from, int to, int timeout, int maskBytes, int wordBytes) {
    if (maskBytes != SIGSET_BYTES) {
      return -Errno.EINVAL;
    }
    long set = memory.readLong(Integer.toUnsignedLong(from)) & ~Signal.UNBLOCKABLE;
    long atNanos =
        timeout == 0
            ? Timers.NEVER
            : kernel.clock().uptimeAfter(format.readTimespec(timeout, wordBytes));
    Deadline deadline = new Deadline(atNanos, kernel.clock()::uptimeNanos);
    return new SignalTimedWait(kernel, set, to, deadline).begin();
  }
}
