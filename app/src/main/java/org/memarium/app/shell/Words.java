package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Splits a line into words, as shells do.
 *
 * <pre>
 *   'text'     as it stands          "text"     with $NAME and \" and \\ replaced
 *   \c         the character c       $NAME      the value of a variable
 *   # ...      a comment, at the start of a word
 * </pre>
 */
final class Words {
  private final String line;
  private final Function<String, String> variables;
  private final List<String> words = new ArrayList<>();
  private final StringBuilder word = new StringBuilder();
  private boolean inWord;
  private int at;

  private Words(String line, Function<String, String> variables) {
    this.line = line;
    this.variables = variables;
  }

  /**
   * The words of a line.
   *
   * @param variables the text of a variable; throws a {@link ShellError} if there is none
   */
  static List<String> of(String line, Function<String, String> variables) {
    Words words = new Words(line, variables);
    words.split();
    return words.words;
  }

  private void split() {
    while (at < line.length()) {
      char c = line.charAt(at);
      if (Character.isWhitespace(c)) {
        endWord();
        at++;
      } else if (c == '#' && !inWord) {
        break;
      } else {
        inWord = true;
        takeInWord(c);
      }
    }
    endWord();
  }

  private void takeInWord(char c) {
    switch (c) {
      case '\'' -> {
        int end = line.indexOf('\'', at + 1);
        if (end < 0) {
          throw new ShellError("the quote ' is not closed");
        }
        word.append(line, at + 1, end);
        at = end + 1;
      }
      case '"' -> doubleQuoted();
      case '\\' -> escaped();
      case '$' -> variable();
      default -> {
        word.append(c);
        at++;
      }
    }
  }

  private void doubleQuoted() {
    at++;
    while (at < line.length() && line.charAt(at) != '"') {
      switch (line.charAt(at)) {
        case '\\' -> escaped();
        case '$' -> variable();
        default -> word.append(line.charAt(at++));
      }
    }
    if (at == line.length()) {
      throw new ShellError("the quote \" is not closed");
    }
    at++;
  }

  private void escaped() {
    if (at + 1 == line.length()) {
      throw new ShellError("nothing follows the \\ at the end of the line");
    }
    word.append(line.charAt(at + 1));
    at += 2;
  }

  private void variable() {
    int end = at + 1;
    while (end < line.length() && isNamePart(line.charAt(end))) {
      end++;
    }
    if (end == at + 1) {
      word.append('$');
    } else {
      word.append(variables.apply(line.substring(at + 1, end)));
    }
    at = end;
  }

  /** Whether a name of a variable may have this character. */
  static boolean isNamePart(char c) {
    return c == '_' || (c < 128 && Character.isLetterOrDigit(c));
  }

  private void endWord() {
    if (inWord) {
      words.add(word.toString());
      word.setLength(0);
      inWord = false;
    }
  }
}
