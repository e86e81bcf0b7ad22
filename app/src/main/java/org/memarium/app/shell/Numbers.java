package org.memarium.app.shell;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Numbers as users write them: {@code 4096}, {@code 0xc0001000}, {@code 64K}, {@code 3M}, {@code
 * 1G}, a symbol, and sums and differences of those: {@code swapper_pg_dir+0xc00}.
 */
final class Numbers {
  /** Finds the value of a name. */
  @FunctionalInterface
  interface Symbols {
    /** The value, or null if there is no such symbol. */
    @Nullable Long valueOf(String name);
  }

  private Numbers() {}

  /**
   * The value of a text.
   *
   * @param what the argument's name, for the message
   */
  static long parse(String what, String text, Symbols symbols) {
    long sum = 0;
    int at = 0;
    boolean minus = false;
    while (true) {
      int end = at;
      while (end < text.length() && text.charAt(end) != '+' && text.charAt(end) != '-') {
        end++;
      }
      long term = term(what, text, text.substring(at, end), symbols);
      sum = minus ? sum - term : sum + term;
      if (end == text.length()) {
        return sum;
      }
      minus = text.charAt(end) == '-';
      at = end + 1;
    }
  }

  private static long term(String what, String whole, String term, Symbols symbols) {
    if (term.isEmpty()) {
      throw wrong(what, whole);
    }
    if (!Character.isDigit(term.charAt(0))) {
      Long value = symbols.valueOf(term);
      if (value == null) {
        throw wrong(what, whole);
      }
      return value;
    }
    String digits = term.toUpperCase(Locale.ROOT);
    boolean hex = digits.startsWith("0X");
    int shift = 0;
    int unit = "KMGT".indexOf(digits.charAt(digits.length() - 1));
    if (unit >= 0) {
      shift = 10 * (unit + 1);
      digits = digits.substring(0, digits.length() - 1);
    }
    try {
      long value =
          hex
              ? Long.parseUnsignedLong(digits.substring(2), 16)
              : Long.parseUnsignedLong(digits, 10);
      if (shift > 0 && value >>> (63 - shift) != 0) {
        throw new ShellError("%s: %s does not fit in 64 bits".formatted(what, term));
      }
      return value << shift;
    } catch (NumberFormatException notOne) {
      throw wrong(what, whole);
    }
  }

  private static ShellError wrong(String what, String text) {
    return new ShellError(
        "%s: '%s' is no number; numbers look like 4096, 0x1000, 64K or swapper_pg_dir+16"
            .formatted(what, text));
  }
}
