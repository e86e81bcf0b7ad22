package org.memarium.kernel.error;

import org.memarium.mm.Errno;

/**
 * A program could not be started. The message is one line, such as {@code hello: not a 32-bit x86
 * program: ELF class 64}.
 */
public final class ExecException extends UsageException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * With Linux's error and the line to print.
   *
   * @param errno what {@code execve} answers, positive, such as {@link Errno#ENOEXEC}
   * @param line the name of the program, what is wrong with it, and what would be right
   */
  public ExecException(int errno, String line) {
    super(line);
    this.errno = errno;
  }

  /** What {@code execve} answers for it: a positive number of {@link Errno}. */
  public int errno() {
    return errno;
  }

  /** As a shell: 127 if there is no such program, 126 if there is and it cannot be run. */
  @Override
  public int exitStatus() {
    return errno == Errno.ENOENT || errno == Errno.ENOTDIR ? 127 : 126;
  }
}
