package org.memarium.app.shell;

import java.util.List;

/** Where programs come from, as the command line says. */
public interface ProgramSource {
  /**
   * The path of a program, as the machine will see it.
   *
   * @throws org.memarium.kernel.error.ExecException if there is none
   */
  String pathOf(String program);

  /** Their environment: {@code NAME=value} each. */
  List<String> environment();
}
