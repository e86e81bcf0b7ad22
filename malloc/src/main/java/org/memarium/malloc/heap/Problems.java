package org.memarium.malloc.heap;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What is wrong with a heap, in order; after some, only how many more. */
final class Problems {
  private static final int MOST = 8;

  private final List<String> lines = new ArrayList<>();
  private int more;

  /** A line after {@code corrupt: }, with addresses and numbers put into it. */
  @SuppressWarnings("AnnotateFormatMethod") // Its annotation would be a dependency of its own.
  void corrupt(String format, Object... values) {
    add("corrupt: " + String.format(Locale.ROOT, format, values));
  }

  void add(String line) {
    if (lines.size() < MOST) {
      lines.add(line);
    } else {
      more++;
    }
  }

  boolean isEmpty() {
    return lines.isEmpty();
  }

  List<String> lines() {
    List<String> all = new ArrayList<>(lines);
    if (more > 0) {
      all.add("corrupt: and %,d more".formatted(more));
    }
    return List.copyOf(all);
  }
}
