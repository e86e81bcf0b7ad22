package org.memarium.app;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Amounts of memory as a user writes and reads them. Units are powers of 1024. */
final class Size {
  private static final String UNITS = "KMGT";
  private static final Pattern FORM = Pattern.compile("(\\d+)([KMGT]?)(?:I?B)?");

  private Size() {}

  /**
   * Bytes of a size such as {@code 4096}, {@code 64K}, {@code 128M}, {@code 1GiB}.
   *
   * @throws IllegalArgumentException with what would be right, if it is none
   */
  static long parse(String text) {
    Matcher parts = FORM.matcher(text.toUpperCase(Locale.ROOT));
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "'%s' is not a size; sizes look like 4096, 64K, 128M or 1G".formatted(text));
    }
    int power = parts.group(2).isEmpty() ? 0 : 1 + UNITS.indexOf(parts.group(2));
    try {
      return Math.multiplyExact(Long.parseLong(parts.group(1)), 1L << (10 * power));
    } catch (ArithmeticException | NumberFormatException tooLarge) {
      throw new IllegalArgumentException(
          "'%s' is more than any machine has".formatted(text), tooLarge);
    }
  }

  /** The largest unit that gives a whole number: {@code 132 KiB}, {@code 64 MiB}. */
  static String of(long bytes) {
    long number = bytes;
    int power = 0;
    while (number != 0 && number % 1024 == 0 && power < UNITS.length()) {
      number /= 1024;
      power++;
    }
    return String.format(
        Locale.ROOT, "%,d %s", number, power == 0 ? "B" : UNITS.charAt(power - 1) + "iB");
  }

  /** For an option that takes a size. */
  static final class Converter implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      try {
        return parse(text);
      } catch (IllegalArgumentException wrong) {
        throw new TypeConversionException(wrong.getMessage());
      }
    }
  }
}
