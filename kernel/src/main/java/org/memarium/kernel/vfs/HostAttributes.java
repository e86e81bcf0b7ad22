package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.HostFiles;
import org.memarium.mm.Errno;

/**
 * What the host's {@code lstat} says of a file; a symbolic link is never followed.
 *
 * @param dev device number
 * @param ino inode number
 * @param mode type and permissions
 * @param nlink number of names
 * @param uid owner
 * @param gid group
 * @param rdev device that a device node stands for
 * @param sizeBytes length
 * @param blocks512 space in units of 512 bytes
 * @param atimeNanos last access, nanoseconds since 1970
 * @param mtimeNanos last change of contents
 * @param ctimeNanos last change of the inode
 */
record HostAttributes(
    long dev,
    long ino,
    int mode,
    int nlink,
    int uid,
    int gid,
    long rdev,
    long sizeBytes,
    long blocks512,
    long atimeNanos,
    long mtimeNanos,
    long ctimeNanos) {

  /**
   * Looks.
   *
   * @param dirfd descriptor of the host that a relative path starts at; an empty path is the
   *     descriptor itself
   * @return null if there is no such file
   * @throws ErrnoException any error but ENOENT
   */
  static @Nullable HostAttributes read(HostFiles host, int dirfd, byte[] path)
      throws ErrnoException {
    int flags = Fcntl.AT_SYMLINK_NOFOLLOW | (path.length == 0 ? Fcntl.AT_EMPTY_PATH : 0);
    HostFiles.Attributes seen = new HostFiles.Attributes();
    long result = host.statx(dirfd, path, flags, seen);
    if (result == -Errno.ENOENT) {
      return null;
    }
    if (result < 0) {
      throw new ErrnoException((int) -result);
    }
    return new HostAttributes(
        seen.dev,
        seen.ino,
        seen.mode,
        seen.nlink,
        seen.uid,
        seen.gid,
        seen.rdev,
        seen.sizeBytes,
        seen.blocks512,
        seen.atimeNanos,
        seen.mtimeNanos,
        seen.ctimeNanos);
  }
}
