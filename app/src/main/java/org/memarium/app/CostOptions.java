package org.memarium.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.trace.CostModel;

/**
 * {@code --costs FILE} and {@code --cost NAME=NANOS}: a file has such an assignment a line, and
 * comments from {@code #} on.
 */
final class CostOptions {
  private CostOptions() {}

  /**
   * The default figures but for what the file says, and that but for the single ones.
   *
   * @throws UsageException if any of it cannot be read
   */
  static CostModel model(@Nullable Path file, List<String> single) {
    CostModel model = CostModel.DEFAULT;
    if (file != null) {
      List<String> lines = lines(file);
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i);
        int comment = line.indexOf('#');
        String assignment = (comment < 0 ? line : line.substring(0, comment)).strip();
        if (!assignment.isEmpty()) {
          model = with(model, assignment, "%s:%d: ".formatted(file, i + 1));
        }
      }
    }
    for (String assignment : single) {
      model = with(model, assignment, "--cost: ");
    }
    return model;
  }

  private static CostModel with(CostModel model, String assignment, String where) {
    try {
      return model.with(assignment);
    } catch (IllegalArgumentException wrong) {
      throw new UsageException(where + wrong.getMessage());
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UsageException("cannot read %s: %s".formatted(file, HostError.of(e)));
    }
  }
}
