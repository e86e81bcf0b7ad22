package org.memarium.kernel.vfs;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.PathWalk.Last;
import org.memarium.kernel.vfs.PathWalk.LastLink;
import org.memarium.mm.Errno;

/** The file calls that make, remove and move entries of directories (Linux {@code fs/namei.c}). */
public abstract sealed class EntryCalls extends PathCalls permits AttributeCalls {

  EntryCalls(FsStruct fs, FdTable fds, Credentials credentials, FileSizeLimit sizeLimit) {
    super(fs, fds, credentials, sizeLimit);
  }

  // ---- Making ----

  /** {@code filename_create}: the place for a new entry. */
  private Last freePlace(int dirfd, String path, boolean asDirectory) throws ErrnoException {
    Last last = walk(dirfd, path, LastLink.PARENT);
    if (last.parent() == null || last.lookup() != null) {
      throw new ErrnoException(Errno.EEXIST);
    }
    if (last.trailingSlash() && !asDirectory) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return last;
  }

  /** mkdirat(2). */
  public final long mkdirat(int dirfd, String path, int mode) {
    return result(() -> {
      Last last = freePlace(dirfd, path, true);
      Directory directory = last.directory(Errno.EEXIST);
      mayCreate(directory);
      int permissions = mode & (0777 | FileMode.S_ISVTX) & ~fs.umask;
      var _ = directory.mkdir(last.name(), FileMode.S_IFDIR | permissions, credentials());
      return 0;
    });
  }

  /** mknodat(2): regular files and named pipes; EPERM for devices. */
  public final long mknodat(int dirfd, String path, int mode, long dev) {
    return result(() -> {
      int type = mode & FileMode.S_IFMT;
      if (type == FileMode.S_IFDIR) {
        throw new ErrnoException(Errno.EPERM);
      }
      Last last = freePlace(dirfd, path, false);
      Directory directory = last.directory(Errno.EEXIST);
      mayCreate(directory);
      switch (type) {
        case 0, FileMode.S_IFREG, FileMode.S_IFIFO, FileMode.S_IFSOCK -> {
          int permissions = mode & FileMode.PERMISSIONS & ~fs.umask;
          int made = type == 0 ? FileMode.S_IFREG : type;
          var _ = directory.create(last.name(), made | permissions, credentials());
        }
        case FileMode.S_IFCHR, FileMode.S_IFBLK -> throw new ErrnoException(Errno.EPERM);
        default -> throw new ErrnoException(Errno.EINVAL);
      }
      return 0;
    });
  }

  /**
   * The file of a socket that is bound to a path: {@code unix_bind_bsd}.
   *
   * @param isBound whether the socket has a name already: then the file is not made
   */
  final Dentry makeSocketFile(String path, boolean isBound) throws ErrnoException {
    Last last = walk(Fcntl.AT_FDCWD, path, LastLink.PARENT);
    if (last.parent() == null || last.lookup() != null) {
      throw new ErrnoException(Errno.EADDRINUSE);
    }
    if (last.trailingSlash()) {
      throw new ErrnoException(Errno.ENOENT);
    }
    Directory directory = last.directory(Errno.EADDRINUSE);
    mayCreate(directory);
    if (isBound) {
      throw new ErrnoException(Errno.EINVAL);
    }
    int permissions = 0777 & ~fs.umask;
    return directory.create(last.name(), FileMode.S_IFSOCK | permissions, credentials());
  }

  /** symlinkat(2). */
  public final long symlinkat(String target, int dirfd, String path) {
    return result(() -> {
      if (target.isEmpty()) {
        throw new ErrnoException(Errno.ENOENT);
      }
      Last last = freePlace(dirfd, path, false);
      Directory directory = last.directory(Errno.EEXIST);
      mayCreate(directory);
      directory.symlink(last.name(), target, credentials());
      return 0;
    });
  }

  /** linkat(2). */
  public final long linkat(int oldDirfd, String oldPath, int newDirfd, String newPath, int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.AT_SYMLINK_FOLLOW | Fcntl.AT_EMPTY_PATH);
      // CAP_DAC_READ_SEARCH: else a descriptor from elsewhere would open a way around permissions.
      if ((flags & Fcntl.AT_EMPTY_PATH) != 0 && !credentials().isRoot()) {
        throw new ErrnoException(Errno.ENOENT);
      }
      boolean follow = (flags & Fcntl.AT_SYMLINK_FOLLOW) != 0;
      int lookupFlags = (flags & Fcntl.AT_EMPTY_PATH) | (follow ? 0 : Fcntl.AT_SYMLINK_NOFOLLOW);
      Dentry existing = lookup(oldDirfd, oldPath, lookupFlags);
      Last last = freePlace(newDirfd, newPath, false);
      Directory directory = last.directory(Errno.EEXIST);
      if (!directory.mountIdentity().equals(PathWalk.mountIdentity(existing))) {
        throw new ErrnoException(Errno.EXDEV);
      }
      mayLink(existing.inode());
      mayCreate(directory);
      if (existing.inode().isDirectory()) {
        throw new ErrnoException(Errno.EPERM);
      }
      // O_TMPFILE made it without a name, so that a link can give it one.
      if (existing.inode().nlink == 0 && !existing.inode().isLinkable()) {
        throw new ErrnoException(Errno.ENOENT);
      }
      directory.link(last.name(), existing);
      return 0;
    });
  }

  /** {@code may_linkat}, with {@code fs.protected_hardlinks}, which Debian sets. */
  private void mayLink(Inode inode) throws ErrnoException {
    int mode = inode.mode();
    int setGroup = FileMode.S_ISGID | 010;
    boolean safe =
        inode.isRegular()
            && (mode & FileMode.S_ISUID) == 0
            && (mode & setGroup) != setGroup
            && credentials()
                .may(FileMode.MAY_READ | FileMode.MAY_WRITE, mode, inode.uid(), inode.gid());
    if (!safe && !owns(inode)) {
      throw new ErrnoException(Errno.EPERM);
    }
  }

  // ---- Removing and moving ----

  /** unlinkat(2), unlink(2), rmdir(2): a directory with AT_REMOVEDIR. */
  public final long unlinkat(int dirfd, String path, int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.AT_REMOVEDIR);
      boolean rmdir = (flags & Fcntl.AT_REMOVEDIR) != 0;
      Last last = walk(dirfd, path, LastLink.PARENT);
      if (last.parent() == null) {
        throw new ErrnoException(rmdir ? notAnEntry(last.name()) : Errno.EISDIR);
      }
      Directory directory = last.directory(Errno.EISDIR);
      Dentry found = last.lookup();
      if (found == null) {
        throw new ErrnoException(Errno.ENOENT);
      }
      if (!rmdir && last.trailingSlash()) {
        throw new ErrnoException(found.inode().isDirectory() ? Errno.EISDIR : Errno.ENOTDIR);
      }
      mayDelete(directory, found, rmdir);
      if (directory.isMountPoint(found.name())) {
        throw new ErrnoException(Errno.EBUSY);
      }
      if (rmdir) {
        if (!((Directory) found.inode()).isEmpty()) {
          throw new ErrnoException(Errno.ENOTEMPTY);
        }
        directory.rmdir(found);
      } else {
        directory.unlink(found);
      }
      return 0;
    });
  }

  private static int notAnEntry(String name) {
    return switch (name) {
      case "." -> Errno.EINVAL;
      case ".." -> Errno.ENOTEMPTY;
      default -> Errno.EBUSY;
    };
  }

  /** renameat2(2). */
  public final long renameat2(
      int oldDirfd, String oldPath, int newDirfd, String newPath, int flags) {
    return result(() -> {
      checkFlags(flags, Fcntl.RENAME_NOREPLACE | Fcntl.RENAME_EXCHANGE);
      boolean exchange = (flags & Fcntl.RENAME_EXCHANGE) != 0;
      boolean noReplace = (flags & Fcntl.RENAME_NOREPLACE) != 0;
      if (exchange && noReplace) {
        throw new ErrnoException(Errno.EINVAL);
      }
      Last from = walk(oldDirfd, oldPath, LastLink.PARENT);
      Last to = walk(newDirfd, newPath, LastLink.PARENT);
      if (!Objects.equals(mountOf(from), mountOf(to))) {
        throw new ErrnoException(Errno.EXDEV);
      }
      Directory fromDirectory = from.directory(Errno.EBUSY);
      Directory toDirectory = to.directory(noReplace ? Errno.EEXIST : Errno.EBUSY);
      rename(from, fromDirectory, to, toDirectory, noReplace, exchange);
      return 0;
    });
  }

  private static @Nullable Object mountOf(Last last) throws ErrnoException {
    Dentry parent = last.parent();
    return PathWalk.mountIdentity(parent != null ? parent : last.require());
  }

  private void rename(
      Last from,
      Directory fromDirectory,
      Last to,
      Directory toDirectory,
      boolean noReplace,
      boolean exchange)
      throws ErrnoException {
    Dentry moved = from.lookup();
    if (moved == null) {
      throw new ErrnoException(Errno.ENOENT);
    }
    Dentry replaced = to.lookup();
    if (noReplace && replaced != null) {
      throw new ErrnoException(Errno.EEXIST);
    }
    if (exchange) {
      if (replaced == null) {
        throw new ErrnoException(Errno.ENOENT);
      }
      if (!replaced.inode().isDirectory() && to.trailingSlash()) {
        throw new ErrnoException(Errno.ENOTDIR);
      }
    }
    boolean isDirectory = moved.inode().isDirectory();
    if (!isDirectory && (from.trailingSlash() || (!exchange && to.trailingSlash()))) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    if (isAbove(moved, toDirectory.dentry())) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if (replaced != null && isAbove(replaced, fromDirectory.dentry())) {
      throw new ErrnoException(exchange ? Errno.EINVAL : Errno.ENOTEMPTY);
    }
    if (replaced != null && replaced.inode().equals(moved.inode())) {
      return;
    }
    mayDelete(fromDirectory, moved, isDirectory);
    if (replaced == null) {
      mayCreate(toDirectory);
    } else {
      mayDelete(toDirectory, replaced, exchange ? replaced.inode().isDirectory() : isDirectory);
    }
    if (isDirectory && !fromDirectory.equals(toDirectory)) {
      // Its .. changes.
      permission(moved.inode(), FileMode.MAY_WRITE);
    }
    if (fromDirectory.isMountPoint(moved.name())
        || (replaced != null && toDirectory.isMountPoint(replaced.name()))) {
      throw new ErrnoException(Errno.EBUSY);
    }
    if (!exchange
        && replaced != null
        && replaced.inode() instanceof Directory emptied
        && !emptied.isEmpty()) {
      throw new ErrnoException(Errno.ENOTEMPTY);
    }
    fromDirectory.rename(moved, toDirectory, to.name(), replaced, exchange);
  }

  /** Whether a dentry is an ancestor of a directory, or the directory itself. */
  private static boolean isAbove(Dentry upper, Dentry directory) {
    for (Dentry at = directory; at != null; at = at.parent()) {
      if (at == upper) {
        return true;
      }
    }
    return false;
  }

  /** {@code may_delete}: an entry can be removed from a directory, or be replaced there. */
  private void mayDelete(Directory directory, Dentry victim, boolean asDirectory)
      throws ErrnoException {
    permission(directory, FileMode.MAY_WRITE | FileMode.MAY_EXEC);
    boolean sticky = (directory.mode() & FileMode.S_ISVTX) != 0;
    if (sticky && !owns(directory) && !owns(victim.inode())) {
      throw new ErrnoException(Errno.EPERM);
    }
    boolean isDirectory = victim.inode().isDirectory();
    if (asDirectory && !isDirectory) {
      throw new ErrnoException(Errno.ENOTDIR);
    }
    if (!asDirectory && isDirectory) {
      throw new ErrnoException(Errno.EISDIR);
    }
  }
}
