package org.memarium.kernel.exec;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The first line of a script: {@code #!interpreter argument}; Linux {@code fs/binfmt_script.c}.
 *
 * @param interpreter a path
 * @param argument everything behind it up to the end of the line, or null
 */
record Script(String interpreter, @Nullable String argument) {
  /** {@code BINPRM_BUF_SIZE}: as much of a file is looked at. */
  static final int LOOKED_AT_BYTES = 256;

  /** Whether a file begins like a script. */
  static boolean isScript(byte[] start, int length) {
    return length >= 2 && start[0] == '#' && start[1] == '!';
  }

  /**
   * Reads the line.
   *
   * @return null if it names nothing, or its name may go on behind what is looked at: ENOEXEC
   */
  static @Nullable Script parse(byte[] start, int length) {
    String text = new String(start, 2, length - 2, StandardCharsets.ISO_8859_1);
    int end = text.indexOf('\n');
    boolean cut = end < 0 && length == LOOKED_AT_BYTES;
    String line = trim(end < 0 ? text : text.substring(0, end));
    int nul = line.indexOf('\0');
    if (nul >= 0) {
      line = line.substring(0, nul);
    }
    int space = 0;
    while (space < line.length() && !isBlank(line.charAt(space))) {
      space++;
    }
    if (space == 0 || (cut && space == line.length())) {
      return null;
    }
    String argument = trim(line.substring(space));
    return new Script(line.substring(0, space), argument.isEmpty() ? null : argument);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  private static String trim(String text) {
    int start = 0;
    int end = text.length();
    while (start < end && isBlank(text.charAt(start))) {
      start++;
    }
    while (end > start && isBlank(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }
}
