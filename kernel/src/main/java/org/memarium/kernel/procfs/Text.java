package org.memarium.kernel.procfs;

/** Formatting that several files of /proc share ({@code fs/seq_file.c}). */
final class Text {

  private Text() {}

  /** A number in a column: blanks before it up to a width ({@code seq_put_decimal_ull_width}). */
  static void right(StringBuilder out, long value, int width) {
    if (value >= 0 && value < 10) {
      // Most figures of smaps are zero.
      out.repeat(' ', Math.max(0, width - 1)).append((char) ('0' + value));
      return;
    }
    String digits = Long.toUnsignedString(value);
    out.repeat(' ', Math.max(0, width - digits.length())).append(digits);
  }

  /** A number in lower-case hexadecimal with zeroes up to a width. */
  static void hex(StringBuilder out, long value, int width) {
    String digits = Long.toHexString(value);
    out.repeat('0', Math.max(0, width - digits.length())).append(digits);
  }

  /** Blanks up to a column, at least one ({@code seq_pad}). */
  static void pad(StringBuilder out, int lineStart, int column) {
    out.repeat(' ', Math.max(0, column - (out.length() - lineStart))).append(' ');
  }

  /** A path in one line: a newline as {@code \012} ({@code mangle_path}). */
  static String onOneLine(String path) {
    return path.replace("\n", "\\012");
  }

  /** A line of meminfo or status: name, colon, number of KiB in a column. */
  static void kibibytes(StringBuilder out, String nameAndColon, long value, int width) {
    out.append(nameAndColon);
    right(out, value, width);
    out.append(" kB\n");
  }
}
