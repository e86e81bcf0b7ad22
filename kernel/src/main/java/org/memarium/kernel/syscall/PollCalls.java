package org.memarium.kernel.syscall;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Errno;
import org.memarium.mm.space.RLimits;

/** {@code poll} and {@code select} in all their shapes; Linux {@code fs/select.c}. */
final class PollCalls {

  /** {@code POLLIN_SET}, {@code POLLOUT_SET}, {@code POLLEX_SET}: what the three sets mean. */
  private static final int[] SELECTED = {
    Fcntl.POLLIN | Fcntl.POLLRDNORM | Fcntl.POLLRDBAND | Fcntl.POLLHUP | Fcntl.POLLERR,
    Fcntl.POLLOUT | Fcntl.POLLWRNORM | Fcntl.POLLWRBAND | Fcntl.POLLERR,
    Fcntl.POLLPRI
  };

  private static final int POLLFD_BYTES = 8;
  private static final int ALWAYS_TOLD = Fcntl.POLLERR | Fcntl.POLLHUP | Fcntl.POLLNVAL;

  private final Kernel kernel;
  private final TimeFormat times;
  private final SignalMasks masks;

  PollCalls(Kernel kernel) {
    this.kernel = kernel;
    this.times = new TimeFormat(kernel.memory());
    this.masks = new SignalMasks(kernel);
  }

  void enter(SystemCallTable table) {
    table.set(
        "poll",
        (int fds, int count, int millis) ->
            poll(fds, count, deadline(millis < 0 ? Timers.NEVER : millis * 1_000_000L)));
    table.set(
        "ppoll",
        (int fds, int count, int timeout, int mask, int bytes) ->
            ppoll(fds, count, timeout, mask, bytes, 4));
    table.set(
        "ppoll_time64",
        (int fds, int count, int timeout, int mask, int bytes) ->
            ppoll(fds, count, timeout, mask, bytes, 8));
    table.set("_newselect", this::select);
    table.set("select", this::oldSelect);
    table.set(
        "pselect6",
        (count, in, out, except, timeout, mask) ->
            pselect(count, new int[] {in, out, except}, timeout, mask, 4));
    table.set(
        "pselect6_time64",
        (count, in, out, except, timeout, mask) ->
            pselect(count, new int[] {in, out, except}, timeout, mask, 8));
  }

  /** {@code poll_select_set_timeout}: the moment when a span of nanoseconds is over. */
  private long deadline(long nanos) {
    long now = kernel.clock().uptimeNanos();
    return nanos >= Timers.NEVER - now ? Timers.NEVER : now + nanos;
  }

  private long deadline(int timespec, int wordBytes) {
    return timespec == 0 ? Timers.NEVER : deadline(times.readTimespec(timespec, wordBytes));
  }

  /** The ending of ppoll and pselect. */
  private final class MaskedEnding implements PollWait.Ending {
    private final int timeout;
    private final int wordBytes;
    private final long deadline;

    MaskedEnding(int timeout, int wordBytes, long deadline) {
      this.timeout = timeout;
      this.wordBytes = wordBytes;
      this.deadline = deadline;
    }

    @Override
    public void completed() {
      masks.restore();
    }

    @Override
    public void writeLeft() {
      if (timeout != 0) {
        long left = Math.max(0, deadline - kernel.clock().uptimeNanos());
        times.writeTimespec(timeout, wordBytes, left);
      }
    }

    @Override
    public long interrupted(PollWait broken) {
      return -Restart.NOHAND;
    }
  }

  /** Makes a call with another set of blocked signals; they come back if it fails. */
  private long masked(int mask, int bytes, LongSupplier call) {
    masks.set(mask, bytes);
    try {
      return call.getAsLong();
    } catch (CallFailedException | UserFaultException failed) {
      masks.restore();
      throw failed;
    }
  }

  // ---- poll ----

  /** {@code struct pollfd}: fd, 32 bits; events and revents, 16 bits each. */
  private static final class Poll extends PollWait {
    private final Kernel kernel;
    private final long at;
    private final int[] fds;
    private final int[] events;
    private final int[] answers;

    Poll(Kernel kernel, int address, int count, long deadline, Ending ending) {
      super(kernel, deadline, ending);
      if (Integer.toUnsignedLong(count) > kernel.task().limits().soft(RLimits.NOFILE)) {
        throw new CallFailedException(Errno.EINVAL);
      }
      this.kernel = kernel;
      at = Integer.toUnsignedLong(address);
      fds = new int[count];
      events = new int[count];
      answers = new int[count];
      byte[] raw = kernel.memory().read(at, count * POLLFD_BYTES);
      for (int i = 0; i < count; i++) {
        fds[i] = Bytes.getInt(raw, POLLFD_BYTES * i);
        events[i] = Bytes.getInt(raw, POLLFD_BYTES * i + 4) & 0xffff;
      }
    }

    private @Nullable OpenFile file(int index) {
      OpenFile file = fds[index] < 0 ? null : kernel.task().files().get(fds[index]);
      return file == null || file.isPathOnly() ? null : file;
    }

    @Override
    long look() {
      int ready = 0;
      for (int i = 0; i < fds.length; i++) {
        OpenFile file = file(i);
        int now = file != null ? file.poll() : fds[i] < 0 ? 0 : Fcntl.POLLNVAL;
        answers[i] = now & (events[i] | ALWAYS_TOLD);
        ready += answers[i] != 0 ? 1 : 0;
      }
      return ready;
    }

    @Override
    void store() {
      for (int i = 0; i < fds.length; i++) {
        long entry = at + (long) POLLFD_BYTES * i;
        kernel.memory().writeInt(entry + 4, events[i] | answers[i] << Short.SIZE);
      }
    }

    @Override
    List<OpenFile> files() {
      List<OpenFile> files = new ArrayList<>();
      for (int i = 0; i < fds.length; i++) {
        OpenFile file = file(i);
        if (file != null) {
          files.add(file);
        }
      }
      return files;
    }

    @Override
    public String what() {
      return "one of %d files (poll)".formatted(fds.length);
    }
  }

  private long poll(int fds, int count, long deadline) {
    PollWait.Ending ending =
        broken -> {
          kernel.task().call().setRestart(() -> poll(fds, count, deadline));
          return -Restart.BLOCK;
        };
    return new Poll(kernel, fds, count, deadline, ending).begin();
  }

  private long ppoll(int fds, int count, int timeout, int mask, int bytes, int wordBytes) {
    long deadline = deadline(timeout, wordBytes);
    PollWait.Ending ending = new MaskedEnding(timeout, wordBytes, deadline);
    return masked(mask, bytes, () -> new Poll(kernel, fds, count, deadline, ending).begin());
  }

  // ---- select ----

  private static final class Select extends PollWait {
    private final Kernel kernel;
    private final int[] addresses;
    private final byte[][] asked;
    private byte[][] answers;
    private final int fds;

    Select(Kernel kernel, int count, int[] addresses, long deadline, Ending ending) {
      super(kernel, deadline, ending);
      if (count < 0) {
        throw new CallFailedException(Errno.EINVAL);
      }
      this.kernel = kernel;
      this.addresses = addresses;
      fds = Math.min(count, kernel.task().files().slots());
      asked = new byte[addresses.length][];
      answers = asked;
      for (int i = 0; i < addresses.length; i++) {
        // Whole words of 32 bits.
        int bytes = (fds + 31) / 32 * 4;
        asked[i] =
            addresses[i] == 0
                ? new byte[bytes]
                : kernel.memory().read(Integer.toUnsignedLong(addresses[i]), bytes);
      }
    }

    private boolean isAsked(int set, int fd) {
      return (asked[set][fd >>> 3] & 1 << (fd & 7)) != 0;
    }

    @Override
    long look() {
      answers = new byte[asked.length][asked[0].length];
      int bits = 0;
      for (int fd = 0; fd < fds; fd++) {
        for (int set = 0; set < asked.length; set++) {
          if (!isAsked(set, fd)) {
            continue;
          }
          OpenFile file = kernel.task().files().get(fd);
          if (file == null || file.isPathOnly()) {
            return -Errno.EBADF;
          }
          if ((file.poll() & SELECTED[set]) != 0) {
            answers[set][fd >>> 3] |= (byte) (1 << (fd & 7));
            bits++;
          }
        }
      }
      return bits;
    }

    @Override
    void store() {
      for (int i = 0; i < addresses.length; i++) {
        if (addresses[i] != 0) {
          kernel.memory().write(Integer.toUnsignedLong(addresses[i]), answers[i]);
        }
      }
    }

    @Override
    List<OpenFile> files() {
      List<OpenFile> files = new ArrayList<>();
      for (int fd = 0; fd < fds; fd++) {
        boolean any = isAsked(0, fd) || isAsked(1, fd) || isAsked(2, fd);
        OpenFile file = any ? kernel.task().files().get(fd) : null;
        if (file != null) {
          files.add(file);
        }
      }
      return files;
    }

    @Override
    public String what() {
      return "one of several files (select)";
    }
  }

  private long oldSelect(int block) {
    byte[] words = kernel.memory().read(Integer.toUnsignedLong(block), 20);
    return select(
        Bytes.getInt(words, 0),
        Bytes.getInt(words, 4),
        Bytes.getInt(words, 8),
        Bytes.getInt(words, 12),
        Bytes.getInt(words, 16));
  }

  /** The timeout is a {@code struct timeval}; what is left of it is written back. */
  private long select(int count, int in, int out, int except, int timeout) {
    long deadline = timeout == 0 ? Timers.NEVER : deadline(times.readTimeval(timeout));
    PollWait.Ending ending =
        new PollWait.Ending() {
          @Override
          public void writeLeft() {
            if (timeout != 0) {
              times.writeTimeval(timeout, Math.max(0, deadline - kernel.clock().uptimeNanos()));
            }
          }

          @Override
          public long interrupted(PollWait broken) {
            return -Restart.NOHAND;
          }
        };
    return new Select(kernel, count, new int[] {in, out, except}, deadline, ending).begin();
  }

  /** The last argument of pselect points to the mask's address and size. */
  private long pselect(int count, int[] sets, int timeout, int pair, int wordBytes) {
    long deadline = deadline(timeout, wordBytes);
    PollWait.Ending ending = new MaskedEnding(timeout, wordBytes, deadline);
    long at = Integer.toUnsignedLong(pair);
    int mask = pair == 0 ? 0 : kernel.memory().readInt(at);
    int bytes = pair == 0 ? 0 : kernel.memory().readInt(at + 4);
    return masked(mask, bytes, () -> new Select(kernel, count, sets, deadline, ending).begin());
  }
}
