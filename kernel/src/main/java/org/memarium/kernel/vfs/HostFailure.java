package org.memarium.kernel.vfs;

import java.io.IOException;
import org.memarium.mm.Errno;

/** A call of the host's kernel that failed, where {@code java.io} wants an exception. */
final class HostFailure extends IOException {
  private static final long serialVersionUID = 1;

  private final int errno;

  /**
   * A failure.
   *
   * @param result {@code -errno}
   */
  HostFailure(long result) {
    super(Errno.name(result));
    errno = (int) -result;
  }

  /** The positive number. */
  int errno() {
    return errno;
  }
}
