package org.memarium.oracle;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A text of {@code smaps}, by area. Lines are looked at as bytes where they are: most of them are
 * the same on both sides, and nobody wants to know what is in them.
 */
final class SmapsText {
  /** Columns of an area's first line, up to the device: bounds, rights, offset. */
  private static final int COMMON_COLUMNS = 18 + 5 + 9;

  private final byte[] text;
  private final List<Area> areas = new ArrayList<>();

  SmapsText(byte[] text) {
    this.text = text;
    int at = 0;
    int begin = -1;
    int fields = 0;
    while (at < text.length) {
      int end = endOfLine(text, at);
      if (text[at] < 'A' || text[at] > 'Z') {
        add(begin, fields, at);
        begin = at;
        fields = end + 1;
      }
      at = end + 1;
    }
    add(begin, fields, text.length);
  }

  private void add(int begin, int fields, int end) {
    if (begin >= 0) {
      areas.add(new Area(text, begin, fields, end));
    }
  }

  private static int endOfLine(byte[] text, int from) {
    int at = from;
    while (at < text.length && text[at] != '\n') {
      at++;
    }
    return at;
  }

  /** The areas, in their order. */
  List<Area> areas() {
    return areas;
  }

  /** One of them. */
  static final class Area {
    private final byte[] text;
    private final int begin;
    private final int fieldsBegin;
    private final int end;

    private Area(byte[] text, int begin, int fieldsBegin, int end) {
      this.text = text;
      this.begin = begin;
      this.fieldsBegin = fieldsBegin;
      this.end = end;
    }

    /** Where it begins. */
    long start() {
      return hex(begin);
    }

    /** Where it ends. */
    long endAddress() {
      return hex(begin + 9);
    }

    private long hex(int from) {
      long value = 0;
      for (int i = from; i < from + 8; i++) {
        value = value << 4 | Character.digit(text[i], 16);
      }
      return value;
    }

    /** Its first line. */
    String head() {
      return new String(text, begin, fieldsBegin - 1 - begin, StandardCharsets.ISO_8859_1);
    }

    /** Its lines in KiB, by name. */
    Map<String, Long> figures() {
      Map<String, Long> figures = new LinkedHashMap<>();
      for (int at = fieldsBegin; at < end; at = endOfLine(text, at) + 1) {
        String line = new String(text, at, endOfLine(text, at) - at, StandardCharsets.ISO_8859_1);
        if (line.endsWith(" kB")) {
          int colon = line.indexOf(':');
          figures.put(
              line.substring(0, colon),
              Long.parseLong(line.substring(colon + 1, line.length() - 3).strip()));
        }
      }
      return figures;
    }

    /** Whether both have the same bounds, rights and offset. */
    boolean hasSameColumns(Area other) {
      for (int i = 0; i < COMMON_COLUMNS; i++) {
        if (text[begin + i] != other.text[other.begin + i]) {
          return false;
        }
      }
      return true;
    }

    /**
     * The lines in which both differ, by name: this one's value and the other's. A line that only
     * one has is among them.
     */
    Map<String, String[]> differences(Area other) {
      Map<String, String[]> found = new LinkedHashMap<>();
      int mine = fieldsBegin;
      int its = other.fieldsBegin;
      while (mine < end || its < other.end) {
        int mineEnd = endOfLine(text, Math.min(mine, end));
        int itsEnd = endOfLine(other.text, Math.min(its, other.end));
        if (!sameLine(mine, mineEnd, other.text, its, itsEnd)) {
          note(found, text, mine, mineEnd, 0);
          note(found, other.text, its, itsEnd, 1);
        }
        mine = mineEnd + 1;
        its = itsEnd + 1;
      }
      found.values().removeIf(values -> values[0].equals(values[1]));
      return found;
    }

    private boolean sameLine(int from, int to, byte[] otherText, int otherFrom, int otherTo) {
      if (to - from != otherTo - otherFrom) {
        return false;
      }
      for (int i = 0; i < to - from; i++) {
        if (text[from + i] != otherText[otherFrom + i]) {
          return false;
        }
      }
      return true;
    }

    private static void note(Map<String, String[]> found, byte[] text, int from, int to, int side) {
      if (from >= to) {
        return;
      }
      String line = new String(text, from, to - from, StandardCharsets.ISO_8859_1);
      int colon = line.indexOf(':');
      String none = "(no such line)";
      String[] values =
          found.computeIfAbsent(line.substring(0, colon), name -> new String[] {none, none});
      values[side] = KnownDifferences.withoutSoftDirty(line.substring(colon + 1).strip());
    }
  }
}
