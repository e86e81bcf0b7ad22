package org.memarium.app.shell;

import org.jspecify.annotations.Nullable;
import org.memarium.app.shell.Output.Style;

/** A row of characters with colours; neighbours of one colour share its codes. */
final class Picture {
  private final Output out;
  private final StringBuilder row = new StringBuilder();
  private final StringBuilder run = new StringBuilder();
  private @Nullable Style style;

  Picture(Output out) {
    this.out = out;
  }

  void add(@Nullable Style of, char c) {
    if (of != style) {
      endRun();
      style = of;
    }
    run.append(c);
  }

  private void endRun() {
    row.append(style == null ? run : out.paint(style, run.toString()));
    run.setLength(0);
  }

  @Override
  public String toString() {
    endRun();
    return row.toString();
  }
}
