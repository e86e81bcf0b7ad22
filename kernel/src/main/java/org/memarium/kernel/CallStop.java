package org.memarium.kernel;

import org.memarium.kernel.syscall.SystemCallNames;

/** Says before which system calls {@link Machine#run(long)} comes back. */
@FunctionalInterface
public interface CallStop {
  /**
   * Asked once for each call that the program is about to make.
   *
   * @param number in the i386 table, such as 252 for exit_group
   */
  boolean stopsBefore(int number);

  /**
   * Before each call of a name, such as {@code mmap2}.
   *
   * @throws IllegalArgumentException if no system call has it
   */
  static CallStop named(String name) {
    int wanted = SystemCallNames.number(name);
    return number -> number == wanted;
  }
}
