package org.memarium.kernel.procfs;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What a machine with Debian's 32-bit kernel 6.1 printed: a section for each file. */
final class Reference {

  private static final Pattern NUMBER = Pattern.compile("(?<![a-zA-Z_])[0-9]+");
  private static final Pattern HEXADECIMAL = Pattern.compile("(?<![a-zA-Z])[0-9a-f]{8}");

  private final String all;

  private Reference(String all) {
    this.all = all;
  }

  /** The machine with so many MiB: 128 or 1200. */
  static Reference of(int mebibytes) {
    String name = "/reference/linux-6.1-i386-%dM.txt".formatted(mebibytes);
    try (InputStream in = Reference.class.getResourceAsStream(name)) {
      return new Reference(
          new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The lines of one file, such as {@code /proc/meminfo}. */
  List<String> lines(String file) {
    String head = "\n=== " + file + "\n";
    int start = all.indexOf(head);
    if (start < 0) {
      throw new AssertionError("no section " + file);
    }
    int end = all.indexOf("\n===", start + head.length() - 1);
    return all.substring(start + head.length(), end < 0 ? all.length() : end + 1).lines().toList();
  }

  /** Lines with each number replaced by one #, whatever its digits. */
  static List<String> masked(List<String> lines) {
    return lines.stream().map(line -> NUMBER.matcher(line).replaceAll("#")).toList();
  }

  /**
   * Lines with each number replaced by blanks and a # that stands where its last digit stood: right
   * for columns that are aligned at the right.
   */
  static List<String> maskedInColumns(List<String> lines) {
    return lines.stream().map(line -> NUMBER.matcher(line).replaceAll(Reference::column)).toList();
  }

  /** Lines with each address of eight hexadecimal digits replaced by one @. */
  static List<String> maskedAddresses(List<String> lines) {
    return lines.stream().map(line -> HEXADECIMAL.matcher(line).replaceAll("@")).toList();
  }

  private static String column(MatchResult number) {
    return " ".repeat(number.group().length() - 1) + "#";
  }
}
