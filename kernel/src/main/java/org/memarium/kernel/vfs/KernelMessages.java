package org.memarium.kernel.vfs;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.trace.KernelLog;

/**
 * The kernel's log as programs read it: {@code syslog(2)} and {@code /dev/kmsg} (Linux {@code
 * kernel/printk/printk.c}).
 */
public final class KernelMessages {
  /** {@code log_buf_len} with CONFIG_LOG_BUF_SHIFT=17, as Debian has it. */
  public static final int BUFFER_BYTES = 1 << 17;

  /** {@code LOG_LINE_MAX}: what a program may write at once. */
  static final int MOST_WRITTEN_BYTES = 1024 - 32;

  /** {@code MESSAGE_LOGLEVEL_DEFAULT}. */
  private static final int DEFAULT_LEVEL = 4;

  private static final int LOG_USER = 1;
  private static final int FACILITY_SHIFT = 3;
  private static final int LEVEL_MASK = 7;
  private static final int FACILITY_MASK = 0xff;
  private static final int NANOS_PER_MICRO = 1000;

  private final KernelLog log;
  private final WaitQueue queue = new WaitQueue();

  KernelMessages(KernelLog log) {
    this.log = log;
    log.setWaiter(() -> queue.wakeUp(Fcntl.POLLIN, Integer.MAX_VALUE));
  }

  /** The log itself. */
  public KernelLog log() {
    return log;
  }

  /** {@code log_wait}: who waits for a new line. */
  public WaitQueue queue() {
    return queue;
  }

  /** {@code record_print_text} for syslog(2): {@code <6>[ 1.234567] text}, and a line's end. */
  public byte[] syslogText(KernelLog.Line line) {
    StringBuilder text = new StringBuilder();
    for (String one : line.text().split("\n", -1)) {
      var part = new KernelLog.Line(line.sequence(), line.nanos(), line.level(), one);
      text.append('<').append(line.level()).append('>').append(part).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /**
   * {@code find_first_fitting_seq}: the last lines since the log was cleared that have room in so
   * many bytes.
   */
  public List<KernelLog.Line> fitting(long bytes) {
    List<KernelLog.Line> lines = log.linesFrom(log.cleared());
    long left = bytes;
    int first = lines.size();
    while (first > 0 && syslogText(lines.get(first - 1)).length <= left) {
      left -= syslogText(lines.get(--first)).length;
    }
    return lines.subList(first, lines.size());
  }

  /** {@code info_print_ext_header}, {@code msg_add_ext_text}: {@code 6,339,5140900,-;text}. */
  static byte[] record(KernelLog.Line line) {
    StringBuilder text = new StringBuilder();
    text.append(line.level()).append(',').append(line.sequence()).append(',');
    text.append(line.nanos() / NANOS_PER_MICRO).append(",-;");
    for (int i = 0; i < line.text().length(); i++) {
      char c = line.text().charAt(i);
      if (c < ' ' || c >= 0x7f || c == '\\') {
        text.append("\\x%02x".formatted((int) c));
      } else {
        text.append(c);
      }
    }
    return text.append('\n').toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** {@code devkmsg_write}: a line of a program's, which may begin with {@code <priority>}. */
  void write(String message) {
    int level = LOG_USER << FACILITY_SHIFT | DEFAULT_LEVEL;
    String text = message;
    int end = text.indexOf('>');
    if (text.startsWith("<") && end > 1 && text.substring(1, end).matches("[0-9]{1,9}")) {
      int priority = Integer.parseInt(text.substring(1, end));
      int facility = (priority >> FACILITY_SHIFT) & FACILITY_MASK;
      facility = facility == 0 ? LOG_USER : facility;
      level = facility << FACILITY_SHIFT | (priority & LEVEL_MASK);
      text = text.substring(end + 1);
    }
    log.print(level, text.endsWith("\n") ? text.substring(0, text.length() - 1) : text);
  }
}
