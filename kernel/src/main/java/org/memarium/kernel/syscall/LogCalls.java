package org.memarium.kernel.syscall;

import java.util.Arrays;
import java.util.List;
import org.memarium.kernel.vfs.KernelMessages;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.mm.Errno;
import org.memarium.mm.trace.KernelLog;

/**
 * {@code syslog(2)}, which dmesg and klogd read the kernel's log with; Linux {@code
 * kernel/printk/printk.c}, {@code do_syslog}. All of it needs root: {@code kernel.dmesg_restrict}
 * is 1, as Debian sets it.
 */
final class LogCalls {
  private static final int CLOSE = 0;
  private static final int OPEN = 1;
  private static final int READ = 2;
  private static final int READ_ALL = 3;
  private static final int READ_CLEAR = 4;
  private static final int CLEAR = 5;
  private static final int CONSOLE_OFF = 6;
  private static final int CONSOLE_ON = 7;
  private static final int CONSOLE_LEVEL = 8;
  private static final int SIZE_UNREAD = 9;
  private static final int SIZE_BUFFER = 10;

  private static final int HIGHEST_CONSOLE_LEVEL = 8;

  private final Kernel kernel;

  /** {@code syslog_seq}, {@code syslog_partial}: the next byte for {@link #READ}. */
  private long sequence;

  private int done;

  LogCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("syslog", this::syslog).remark("root only; there is no console to set levels of");
  }

  private KernelMessages messages() {
    return kernel.vfs().messages();
  }

  private long syslog(int action, int to, int bytes) {
    if (!kernel.task().identity().isPrivileged()) {
      return -Errno.EPERM;
    }
    return switch (action) {
      case CLOSE, OPEN, CONSOLE_OFF, CONSOLE_ON -> 0;
      case READ, READ_ALL, READ_CLEAR -> read(action, to, bytes);
      case CLEAR -> clear();
      case CONSOLE_LEVEL -> bytes < 1 || bytes > HIGHEST_CONSOLE_LEVEL ? -Errno.EINVAL : 0;
      case SIZE_UNREAD -> unread();
      case SIZE_BUFFER -> KernelMessages.BUFFER_BYTES;
      default -> -Errno.EINVAL;
    };
  }

  private long read(int action, int to, int bytes) {
    if (to == 0 || bytes < 0) {
      return -Errno.EINVAL;
    }
    if (bytes == 0) {
      return 0;
    }
    if (action == READ) {
      Read call = new Read(to, bytes);
      long result = call.tryAgain();
      return result == SleepingCall.ASLEEP ? kernel.sleep(call, messages().queue()) : result;
    }
    long result = copy(messages().fitting(bytes), to);
    if (action == READ_CLEAR) {
      messages().log().clear();
    }
    return result;
  }

  /** {@code syslog_print_all}. */
  private long copy(List<KernelLog.Line> lines, int to) {
    int copied = 0;
    for (KernelLog.Line line : lines) {
      byte[] text = messages().syslogText(line);
      kernel.memory().write(Integer.toUnsignedLong(to + copied), text);
      copied += text.length;
    }
    return copied;
  }

  private long clear() {
    messages().log().clear();
    return 0;
  }

  private void skipWhatIsLost() {
    if (sequence < messages().log().first()) {
      sequence = messages().log().first();
      done = 0;
    }
  }

  private long unread() {
    skipWhatIsLost();
    long bytes = -done;
    for (KernelLog.Line line : messages().log().linesFrom(sequence)) {
      bytes += messages().syslogText(line).length;
    }
    return bytes;
  }

  /** {@code syslog_print}: what nobody has read yet, and waits until there is something. */
  private final class Read implements SleepingCall {
    private final int to;
    private final int bytes;

    Read(int to, int bytes) {
      this.to = to;
      this.bytes = bytes;
    }

    @Override
    public long tryAgain() {
      skipWhatIsLost();
      KernelLog log = messages().log();
      if (sequence >= log.written()) {
        return ASLEEP;
      }
      int copied = 0;
      while (copied < bytes && sequence < log.written()) {
        byte[] text = messages().syslogText(log.line(sequence));
        int part = Math.min(text.length - done, bytes - copied);
        kernel
            .memory()
            .write(
                Integer.toUnsignedLong(to + copied), Arrays.copyOfRange(text, done, done + part));
        copied += part;
        done += part;
        if (done == text.length) {
          sequence++;
          done = 0;
        }
      }
      return copied;
    }

    @Override
    public String what() {
      return "syslog: a line of the kernel's log";
    }
  }
}
