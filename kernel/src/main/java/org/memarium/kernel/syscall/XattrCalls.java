package org.memarium.kernel.syscall;

import org.memarium.kernel.vfs.AttributeCalls.XattrAccess;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.mm.Errno;

/**
 * The calls on extended attributes (Linux {@code fs/xattr.c}): no file system of the machine has
 * any, so there is nothing to read or list, and none can be set.
 */
final class XattrCalls {
  private static final int NOFOLLOW = Fcntl.AT_SYMLINK_NOFOLLOW;

  /** {@code XATTR_NAME_MAX}, and the NUL. */
  private static final int NAME_BYTES = 256;

  /** {@code XATTR_SIZE_MAX}. */
  private static final int MOST_BYTES = 65_536;

  /** {@code XATTR_CREATE} and {@code XATTR_REPLACE}. */
  private static final int SET_FLAGS = 3;

  private final Kernel kernel;

  XattrCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    String none = "no file system here has extended attributes: EOPNOTSUPP";
    table
        .set("setxattr", (path, name, value, n, flags, f) -> set(path, 0, name, value, n, flags))
        .remark(none);
    table
        .set(
            "lsetxattr",
            (path, name, value, n, flags, f) -> set(path, NOFOLLOW, name, value, n, flags))
        .remark(none);
    table.set("fsetxattr", this::fset).remark(none);
    table.set("getxattr", (int path, int name) -> get(path, 0, name)).remark(none);
    table.set("lgetxattr", (int path, int name) -> get(path, NOFOLLOW, name)).remark(none);
    table
        .set("fgetxattr", (int fd, int name) -> files().fxattr(XattrAccess.READ, fd, name(name)))
        .remark(none);
    String empty = "the list is always empty";
    table.set("listxattr", (int path) -> files().listxattr(kernel.path(path), 0)).remark(empty);
    table
        .set("llistxattr", (int path) -> files().listxattr(kernel.path(path), NOFOLLOW))
        .remark(empty);
    table.set("flistxattr", (int fd) -> files().flistxattr(fd)).remark(empty);
    table.set("removexattr", (int path, int name) -> remove(path, 0, name)).remark(none);
    table.set("lremovexattr", (int path, int name) -> remove(path, NOFOLLOW, name)).remark(none);
    table
        .set(
            "fremovexattr", (int fd, int name) -> files().fxattr(XattrAccess.WRITE, fd, name(name)))
        .remark(none);
  }

  private FileCalls files() {
    return kernel.files();
  }

  private String name(int address) {
    String name = kernel.memory().readName(Integer.toUnsignedLong(address), NAME_BYTES);
    if (name == null || name.isEmpty()) {
      throw new CallFailedException(Errno.ERANGE);
    }
    return name;
  }

  /** {@code setxattr_copy}. */
  private String checkedName(int name, int value, int bytes, int flags) {
    if ((flags & ~SET_FLAGS) != 0) {
      throw new CallFailedException(Errno.EINVAL);
    }
    String copied = name(name);
    if (Integer.compareUnsigned(bytes, MOST_BYTES) > 0) {
      throw new CallFailedException(Errno.E2BIG);
    }
    if (bytes > 0) {
      kernel.memory().read(Integer.toUnsignedLong(value), bytes);
    }
    return copied;
  }

  private long set(int path, int lookup, int name, int value, int bytes, int flags) {
    String copied = checkedName(name, value, bytes, flags);
    return files().xattr(XattrAccess.WRITE, kernel.path(path), lookup, copied);
  }

  private long fset(int fd, int name, int value, int bytes, int flags) {
    return files().fxattr(XattrAccess.WRITE, fd, checkedName(name, value, bytes, flags));
  }

  private long get(int path, int lookup, int name) {
    return files().xattr(XattrAccess.READ, kernel.path(path), lookup, name(name));
  }

  private long remove(int path, int lookup, int name) {
    return files().xattr(XattrAccess.WRITE, kernel.path(path), lookup, name(name));
  }
}
