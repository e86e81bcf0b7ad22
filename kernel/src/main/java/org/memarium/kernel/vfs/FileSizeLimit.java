package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;
import org.memarium.mm.space.RLimits;

/**
 * RLIMIT_FSIZE: how large a task may make regular files (Linux {@code generic_write_checks}, {@code
 * inode_newsize_ok}).
 */
public interface FileSizeLimit {
  /** None: what the machine itself writes. */
  FileSizeLimit NONE =
      new FileSizeLimit() {
        @Override
        public long bytes() {
          return RLimits.INFINITY;
        }

        @Override
        public void exceeded() {}
      };

  /** The soft limit, unsigned. */
  long bytes();

  /** The task gets SIGXFSZ. */
  void exceeded();

  /**
   * How many bytes may be written at a place of a file.
   *
   * @return {@code count}, or fewer but at least one where the limit lies between
   * @throws ErrnoException EFBIG: the place is behind the limit; the signal is sent
   */
  default int writable(Inode inode, long at, int count) throws ErrnoException {
    // Only file systems that keep what is written ask for it (generic_write_checks).
    if (count == 0 || !inode.isRegular() || inode instanceof PseudoFile) {
      return count;
    }
    long limit = bytes();
    if (limit == RLimits.INFINITY) {
      return count;
    }
    // generic_write_check_limits keeps it in a loff_t: a limit of 2^63 and more is below all
    // places.
    if (at >= limit) {
      refuse();
    }
    return (int) Math.min(limit - at, count);
  }

  /**
   * Whether a file may get a size.
   *
   * @throws ErrnoException EFBIG: it would grow beyond the limit; the signal is sent
   */
  default void checkSize(Inode inode, long newBytes) throws ErrnoException {
    if (newBytes > inode.sizeBytes() && Long.compareUnsigned(newBytes, bytes()) > 0) {
      refuse();
    }
  }

  private void refuse() throws ErrnoException {
    exceeded();
    throw new ErrnoException(Errno.EFBIG);
  }
}
