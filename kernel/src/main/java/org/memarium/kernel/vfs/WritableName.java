package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.HostFiles;
import org.memarium.mm.Errno;

/**
 * Under which name the host is asked about an inode of a writable folder that is no directory, and
 * what it is asked. An inode with several names remembers one that is still there.
 */
final class WritableName {
  private final WritableMount mount;
  private @Nullable Dentry name;

  WritableName(WritableMount mount, @Nullable Dentry name) {
    this.mount = mount;
    this.name = name;
  }

  WritableMount mount() {
    return mount;
  }

  private HostFiles host() {
    return mount.host();
  }

  /** Whether the host has it under a name. */
  boolean isThere() {
    Dentry known = name;
    return known != null && !known.isUnlinked();
  }

  /** A name of the inode was found or made. */
  void foundAs(Dentry dentry) {
    Dentry known = name;
    if (known == null || known.isUnlinked() || known.isFreed()) {
      name = dentry;
    }
  }

  /** For people. */
  String path() {
    return name == null ? "a file without a name" : name.path();
  }

  private Dentry directory() throws ErrnoException {
    Dentry up = name == null ? null : name.parent();
    if (up == null || !isThere()) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return up;
  }

  String last() throws ErrnoException {
    if (name == null) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return name.name();
  }

  /** Does something in the directory that holds it. */
  long in(WritableMount.InDirectory what) throws ErrnoException {
    return mount.in(directory(), what);
  }

  /** Looks again; what the host does not let us see any more stays as it was seen last. */
  void refresh(Inode inode) {
    try {
      HostAttributes seen = isThere() ? mount.attributes(directory(), last()) : null;
      if (seen != null && inode.isSame(seen)) {
        inode.update(seen);
      }
    } catch (ErrnoException e) {
      return;
    }
  }

  void chmod(Inode inode, int permissions) throws ErrnoException {
    if (inode.isSymlink()) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    mount.checkMode(inode.type() | permissions);
    mount.on(directory(), last(), fd -> mount.chmod(fd, permissions));
  }

  void chown(int uid, int gid) throws ErrnoException {
    mount.on(directory(), last(), fd -> mount.chown(fd, uid, gid));
  }

  void utimens(long atimeNanos, long mtimeNanos) throws ErrnoException {
    byte[] bytes = WritableMount.bytes(last());
    in(dirfd -> host().utimensat(dirfd, bytes, atimeNanos, mtimeNanos, Fcntl.AT_SYMLINK_NOFOLLOW));
  }
}
