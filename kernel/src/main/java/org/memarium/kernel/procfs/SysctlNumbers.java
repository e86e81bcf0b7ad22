package org.memarium.kernel.procfs;

import org.memarium.mm.Errno;

/**
 * Numbers of /proc/sys as text: what {@code proc_dointvec_minmax} and {@code
 * proc_doulongvec_minmax} (Linux {@code kernel/sysctl.c}) print and accept.
 *
 * <p>Accepted are numbers between white space, decimal, octal after 0 or hexadecimal after 0x. With
 * fewer of them than a file has the others stay; what stands behind the last is left alone.
 */
final class SysctlNumbers {

  /** {@code TMPBUFLEN - 1}: a number with so many characters is refused. */
  private static final int MAX_CHARACTERS = 21;

  private final byte[] text;
  private int at;

  /** Where {@link #number} puts what it read. */
  private long magnitude;

  private boolean negative;

  private SysctlNumbers(byte[] text) {
    this.text = text;
  }

  /** Numbers with a tab between them, in a line. */
  static String print(long... values) {
    StringBuilder out = new StringBuilder();
    for (long value : values) {
      out.append(out.isEmpty() ? "" : "\t").append(value);
    }
    return out.append('\n').toString();
  }

  /**
   * Numbers of 32 bits with a sign.
   *
   * @param values where they go; those before a wrong one have been set
   * @return how many bytes were taken, or -EINVAL
   */
  static long parseInts(byte[] text, int[] values, int min, int max) {
    SysctlNumbers numbers = new SysctlNumbers(text);
    int read = 0;
    while (read < values.length && numbers.skipSpace()) {
      if (!numbers.number() || numbers.magnitude < 0) {
        return -Errno.EINVAL;
      }
      long value = numbers.negative ? -numbers.magnitude : numbers.magnitude;
      if (value < min || value > max) {
        return -Errno.EINVAL;
      }
      values[read++] = (int) value;
    }
    return numbers.taken(read);
  }

  /**
   * One number of the kernel's word without a sign.
   *
   * @param value where it goes
   * @param min compared without a sign
   * @param wordBytes 4 or 8
   * @return how many bytes were taken, or -EINVAL
   */
  static long parseUnsigned(byte[] text, long[] value, long min, int wordBytes) {
    SysctlNumbers numbers = new SysctlNumbers(text);
    if (!numbers.skipSpace() || !numbers.number() || numbers.negative) {
      return -Errno.EINVAL;
    }
    long read = numbers.magnitude;
    if ((wordBytes == 4 && read >>> 32 != 0) || Long.compareUnsigned(read, min) < 0) {
      return -Errno.EINVAL;
    }
    value[0] = read;
    return numbers.taken(1);
  }

  private long taken(int read) {
    if (read == 0) {
      return -Errno.EINVAL;
    }
    skipSpace();
    return at;
  }

  /** Goes on to what is no white space; false if that is the end. */
  private boolean skipSpace() {
    while (at < text.length && isSpace(text[at])) {
      at++;
    }
    return at < text.length;
  }

  private static boolean isSpace(byte c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
  }

  /** {@code proc_get_long}: reads a number; false if there is none, or no white space behind it. */
  private boolean number() {
    int start = at;
    negative = text[at] == '-' && text.length - at > 1;
    if (negative) {
      at++;
    }
    int radix = radix();
    boolean any = digit(at, 10) >= 0;
    if (radix == 16) {
      at += 2;
    }
    magnitude = 0;
    for (int digit = digit(at, radix); digit >= 0; digit = digit(++at, radix)) {
      if (Long.compareUnsigned(magnitude, Long.divideUnsigned(-1 - digit, radix)) > 0) {
        return false;
      }
      magnitude = magnitude * radix + digit;
    }
    boolean ends = at == text.length || text[at] == ' ' || text[at] == '\t' || text[at] == '\n';
    return any && ends && at - start < MAX_CHARACTERS;
  }

  private int radix() {
    if (digit(at, 10) != 0) {
      return 10;
    }
    boolean hexadecimal = at + 1 < text.length && (text[at + 1] | ' ') == 'x';
    return hexadecimal && digit(at + 2, 16) >= 0 ? 16 : 8;
  }

  private int digit(int index, int radix) {
    return index < text.length ? Character.digit(text[index], radix) : -1;
  }
}
