package org.memarium.app.shell;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Finds the name that somebody may have meant. */
final class Nearest {
  private Nearest() {}

  /** {@code "; did you mean kfree?"}, or nothing where no name is near. */
  static String hint(String written, Collection<String> names) {
    String nearest = of(written, names);
    return nearest == null ? "" : "; did you mean " + nearest + "?";
  }

  /** The first of the nearest names, at most a third of whose letters differ; null if none is. */
  static @Nullable String of(String written, Collection<String> names) {
    String best = null;
    int least = Math.max(1, written.length() / 3) + 1;
    for (String name : names) {
      int distance = name.startsWith(written) && written.length() > 2 ? 1 : distance(written, name);
      if (distance < least) {
        least = distance;
        best = name;
      }
    }
    return best;
  }

  /** Levenshtein's distance: letters to insert, remove or replace. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
