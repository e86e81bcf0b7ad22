package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
    long atimeNanos,
    long mtimeNanos,
    long ctimeNanos) {

  // Named one by one: "unix:*" would look up owner and group by name, in /etc/passwd, each time.
  private static final String WANTED =
      "unix:dev,ino,mode,nlink,uid,gid,rdev,size,lastAccessTime,lastModifiedTime,ctime";

  /**
   * Looks.
   *
   * @return null if there is no such file
   * @throws ErrnoException any error but ENOENT
   */
  static @Nullable HostAttributes read(Path path) throws ErrnoException {
    Map<String, Object> values;
    try {
      values = Files.readAttributes(path, WANTED, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      int errno = HostErrors.errno(e);
      if (errno == Errno.ENOENT) {
        return null;
      }
      throw new ErrnoException(errno);
    }
    return new HostAttributes(
        number(values, "dev"),
        number(values, "ino"),
        (int) number(values, "mode"),
        (int) number(values, "nlink"),
        (int) number(values, "uid"),
        (int) number(values, "gid"),
        number(values, "rdev"),
        number(values, "size"),
        nanos(values, "lastAccessTime"),
        nanos(values, "lastModifiedTime"),
        nanos(values, "ctime"));
  }

  private static long number(Map<String, Object> values, String name) {
    return values.get(name) instanceof Number number ? number.longValue() : 0;
  }

  private static long nanos(Map<String, Object> values, String name) {
    return values.get(name) instanceof FileTime time ? time.to(TimeUnit.NANOSECONDS) : 0;
  }
}
