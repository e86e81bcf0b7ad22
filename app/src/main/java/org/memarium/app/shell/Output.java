package org.memarium.app.shell;

import java.io.PrintWriter;
import java.util.Locale;

/** Where the shell prints, with colours or without. */
final class Output {
  /** What colours mean; SGR codes of ECMA-48. */
  enum Style {
    ERROR("31"),
    HEADING("1"),
    DIM("2"),
    FREE("32"),
    KERNEL("33"),
    SLAB("35"),
    TABLE("36"),
    USER("34"),
    CHANGED("7");

    private final String code;

    Style(String code) {
      this.code = code;
    }
  }

  private final PrintWriter out;
  private final PrintWriter errors;
  private final boolean colours;

  Output(PrintWriter out, PrintWriter errors, boolean colours) {
    this.out = out;
    this.errors = errors;
    this.colours = colours;
  }

  /** Text in a colour, where there are colours. */
  String paint(Style style, String text) {
    return colours && !text.isEmpty() ? "\033[" + style.code + "m" + text + "\033[0m" : text;
  }

  /** A number of things: {@code 1 page}, {@code 2 pages}. */
  static String count(long number, String thing) {
    return String.format(Locale.ROOT, "%,d %s%s", number, thing, number == 1 ? "" : "s");
  }

  /** A line; blanks at its end are left out. */
  void line(String text) {
    out.println(text.stripTrailing());
  }

  /** A line of formatted text. */
  @SuppressWarnings("AnnotateFormatMethod") // Its annotation would be a dependency of its own.
  void format(String format, Object... arguments) {
    line(String.format(Locale.ROOT, format, arguments));
  }

  /** Text that brings its own ends of lines. */
  void text(String text) {
    out.print(text);
    if (!text.isEmpty() && !text.endsWith("\n")) {
      out.println();
    }
  }

  void heading(String text) {
    line(paint(Style.HEADING, text));
  }

  /** A line that says what went wrong; what was printed before comes before it. */
  void error(String text) {
    out.flush();
    errors.println(paint(Style.ERROR, text));
    errors.flush();
  }

  void flush() {
    out.flush();
  }
}
