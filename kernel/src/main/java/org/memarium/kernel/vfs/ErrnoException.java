package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * An error of a file operation, by its number in {@link Errno}.
 *
 * <p>Carries no stack trace: a path that does not exist is an everyday answer, not a failure of
 * ours.
 */
public final class ErrnoException extends Exception {

  private final int errno;

  /** An error with the given positive number, such as {@link Errno#ENOENT}. */
  public ErrnoException(int errno) {
    super(Errno.name(errno), null, false, false);
    this.errno = errno;
  }

  /** The positive number. */
  public int errno() {
    return errno;
  }

  /** The number as calls return it: negative. */
  public long result() {
    return -errno;
  }
}
