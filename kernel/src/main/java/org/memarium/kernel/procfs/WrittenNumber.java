package org.memarium.kernel.procfs;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.memarium.mm.Errno;

/**
 * A number as files of {@code /proc/<pid>} take it: {@code kstrtoint}, {@code kstrtouint}, {@code
 * kstrtoull} (Linux {@code lib/kstrtox.c}).
 */
final class WrittenNumber {

  /** {@code PROC_NUMBUF - 1}: so many characters are looked at. */
  static final int MAX_CHARACTERS = 12;

  /** What is returned for text that is no number. */
  private static final long INVALID = Long.MIN_VALUE;

  /** What is returned for a number that has too many digits. */
  private static final long OUT_OF_RANGE = Long.MIN_VALUE + 1;

  private WrittenNumber() {}

  /** The first characters of what was written, without white space around. */
  static String text(byte[] written) {
    byte[] looked = Arrays.copyOf(written, Math.min(written.length, MAX_CHARACTERS));
    String text = new String(looked, StandardCharsets.ISO_8859_1);
    int end = text.indexOf(0);
    return (end < 0 ? text : text.substring(0, end)).strip();
  }

  /** The negative errno of what was returned for something else than a number; 0: it is one. */
  static long error(long number) {
    return number == INVALID ? -Errno.EINVAL : number == OUT_OF_RANGE ? -Errno.ERANGE : 0;
  }

  /**
   * The number, which {@link #error} takes first.
   *
   * @param base 10; or 0: 0x is hexadecimal, 0 octal
   * @return a number of 32 bits with a sign
   */
  static long parseInt(String text, int base) {
    boolean negative = text.startsWith("-");
    String digits = negative || text.startsWith("+") ? text.substring(1) : text;
    long magnitude = parseUnsigned(digits, base);
    if (error(magnitude) != 0) {
      return magnitude;
    }
    if (magnitude > (negative ? 1L << 31 : Integer.MAX_VALUE)) {
      return OUT_OF_RANGE;
    }
    return negative ? -magnitude : magnitude;
  }

  /** The same, without a sign and of up to 62 bits. */
  static long parseUnsigned(String text, int base) {
    String digits = text;
    int radix = base;
    if (base == 0) {
      boolean hexadecimal = text.startsWith("0x") || text.startsWith("0X");
      radix = hexadecimal ? 16 : text.startsWith("0") ? 8 : 10;
      digits = hexadecimal ? text.substring(2) : text;
    }
    long value = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = Character.digit(digits.charAt(i), radix);
      if (digit < 0 || value > Long.MAX_VALUE / 32) {
        return INVALID;
      }
      value = value * radix + digit;
    }
    return digits.isEmpty() ? INVALID : value;
  }
}
