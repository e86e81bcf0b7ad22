package org.memarium.kernel.syscall;

import java.util.function.LongSupplier;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.mm.Errno;
import org.memarium.mm.space.RLimits;

/**
 * {@code poll} and {@code select} in all their shapes; Linux {@code fs/select.c}. Where nothing is
 * ready, the virtual clock moves on by the timeout: nobody else could make it ready meanwhile.
 */
final class PollCalls {
  private static final int MAX_SELECT = 1024;
  private static final int POLLPRI = 2;
  private static final int SIGSET_BYTES = 8;
  private static final long NO_TIMEOUT = -1;

  private final Kernel kernel;
  private final TimeFormat times;

  PollCalls(Kernel kernel) {
    this.kernel = kernel;
    this.times = new TimeFormat(kernel.memory());
  }

  void enter(SystemCallTable table) {
    table.set("poll", (int fds, int count, int millis) -> poll(fds, count, nanosOf(millis)));
    table.set(
        "ppoll",
        (int fds, int count, int timeout, int mask, int bytes) ->
            masked(mask, bytes, () -> poll(fds, count, timeout(timeout, 4))));
    table.set(
        "ppoll_time64",
        (int fds, int count, int timeout, int mask, int bytes) ->
            masked(mask, bytes, () -> poll(fds, count, timeout(timeout, 8))));
    table.set("_newselect", this::select);
    table.set("select", this::oldSelect);
    table.set(
        "pselect6",
        (count, in, out, except, timeout, mask) ->
            maskedIndirect(mask, () -> select(count, in, out, except, timeout(timeout, 4))));
    table.set(
        "pselect6_time64",
        (count, in, out, except, timeout, mask) ->
            maskedIndirect(mask, () -> select(count, in, out, except, timeout(timeout, 8))));
  }

  private static long nanosOf(int millis) {
    return millis < 0 ? NO_TIMEOUT : millis * 1_000_000L;
  }

  private long timeout(int address, int wordBytes) {
    return address == 0 ? NO_TIMEOUT : times.readTimespec(address, wordBytes);
  }

  /** Runs a call with another set of blocked signals, as ppoll does. */
  private long masked(int mask, int bytes, LongSupplier call) {
    if (mask == 0) {
      return call.getAsLong();
    }
    if (bytes != SIGSET_BYTES) {
      return -Errno.EINVAL;
    }
    long set = kernel.memory().readLong(Integer.toUnsignedLong(mask));
    SignalState signals = kernel.task().signals();
    signals.saveBlocked();
    signals.setBlocked(set);
    if (signals.isDeliverable()) {
      return -Errno.EINTR;
    }
    long result = call.getAsLong();
    signals.restoreSavedBlocked();
    return result;
  }

  /** pselect's last argument points to the mask's address and size. */
  private long maskedIndirect(int pair, LongSupplier call) {
    if (pair == 0) {
      return call.getAsLong();
    }
    long at = Integer.toUnsignedLong(pair);
    return masked(kernel.memory().readInt(at), kernel.memory().readInt(at + 4), call);
  }

  /** {@code struct pollfd}: fd, 32 bits; events and revents, 16 bits each. */
  private long poll(int fds, int count, long timeoutNanos) {
    if (Integer.toUnsignedLong(count) > kernel.task().limits().soft(RLimits.NOFILE)) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(fds);
    int ready = 0;
    int[] answers = new int[count];
    for (int i = 0; i < count; i++) {
      int fd = kernel.memory().readInt(at + 8L * i);
      int events = kernel.memory().readInt(at + 8L * i + 4) & 0xffff;
      int wanted = events | Fcntl.POLLERR | Fcntl.POLLHUP | Fcntl.POLLNVAL;
      answers[i] = events | (fd < 0 ? 0 : kernel.files().poll(fd) & wanted) << 16;
      if (answers[i] >>> 16 != 0) {
        ready++;
      }
    }
    if (ready == 0 && timeoutNanos != 0) {
      long waited = wait("poll", timeoutNanos);
      if (waited < 0) {
        return waited;
      }
    }
    for (int i = 0; i < count; i++) {
      kernel.memory().writeInt(at + 8L * i + 4, answers[i]);
    }
    return ready;
  }

  private long wait(String what, long timeoutNanos) {
    if (timeoutNanos == NO_TIMEOUT) {
      kernel.task().deadlock(what + " without a timeout, and nothing can become ready");
      return -Errno.EINTR;
    }
    kernel.clock().sleep(timeoutNanos);
    return 0;
  }

  private long oldSelect(int block) {
    long at = Integer.toUnsignedLong(block);
    int[] words = new int[5];
    for (int i = 0; i < words.length; i++) {
      words[i] = kernel.memory().readInt(at + 4L * i);
    }
    return select(words[0], words[1], words[2], words[3], words[4]);
  }

  /** The timeout is a {@code struct timeval}; what is left of it is written back. */
  private long select(int count, int in, int out, int except, int timeout) {
    long nanos = timeout == 0 ? NO_TIMEOUT : times.readTimeval(timeout);
    long before = kernel.clock().uptimeNanos();
    long result = select(count, in, out, except, nanos);
    if (timeout != 0 && result >= 0) {
      times.writeTimeval(timeout, Math.max(0, nanos - (kernel.clock().uptimeNanos() - before)));
    }
    return result;
  }

  private long select(int count, int in, int out, int except, long timeoutNanos) {
    if (count < 0) {
      return -Errno.EINVAL;
    }
    int fds = Math.min(count, Math.max(MAX_SELECT, kernel.task().files().slots()));
    byte[][] sets = {set(in, fds), set(out, fds), set(except, fds)};
    int[] ready = {
      Fcntl.POLLIN | Fcntl.POLLHUP | Fcntl.POLLERR, Fcntl.POLLOUT | Fcntl.POLLERR, POLLPRI
    };
    int bits = 0;
    for (int fd = 0; fd < fds; fd++) {
      int bit = 1 << (fd & 7);
      for (int i = 0; i < sets.length; i++) {
        if ((sets[i][fd >>> 3] & bit) == 0) {
          continue;
        }
        if (kernel.task().files().get(fd) == null) {
          return -Errno.EBADF;
        }
        if ((kernel.files().poll(fd) & ready[i]) != 0) {
          bits++;
        } else {
          sets[i][fd >>> 3] &= (byte) ~bit;
        }
      }
    }
    if (bits == 0 && timeoutNanos != 0) {
      long waited = wait("select", timeoutNanos);
      if (waited < 0) {
        return waited;
      }
    }
    store(in, sets[0]);
    store(out, sets[1]);
    store(except, sets[2]);
    return bits;
  }

  /** A set of descriptors: whole words of 32 bits. */
  private byte[] set(int address, int fds) {
    int bytes = (fds + 31) / 32 * 4;
    return address == 0
        ? new byte[bytes]
        : kernel.memory().read(Integer.toUnsignedLong(address), bytes);
  }

  private void store(int address, byte[] set) {
    if (address != 0) {
      kernel.memory().write(Integer.toUnsignedLong(address), set);
    }
  }
}
