package org.memarium.kernel.vfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.HostFiles;
import org.memarium.mm.Errno;

/**
 * A folder of the host whose changes go through to the host, and to nothing else: names are
 * resolved component by component in here, no symbolic link is followed by the host, and neither a
 * hard link nor a rename crosses the border, since it would open a file outside to writing.
 *
 * <p>Every call on the host names one entry of a directory that was opened from the folder
 * downwards, without links ({@code openat2} with {@code RESOLVE_BENEATH}). So whoever changes the
 * folder meanwhile, another machine perhaps, cannot make a call of this one reach beyond it.
 *
 * <p>A program cannot give a file of the host a set-user-id or set-group-id bit, or make device
 * nodes: that would reach beyond the folder too.
 */
final class WritableMount {
  private static final int O_PATH_DIRECTORY =
      Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;

  private static final int RESOLVE =
      Fcntl.RESOLVE_BENEATH | Fcntl.RESOLVE_NO_SYMLINKS | Fcntl.RESOLVE_NO_MAGICLINKS;

  private static final long PROC_SUPER_MAGIC = 0x9fa0;
  private static final byte[] THIS = {};
  private static final byte[] DOT = {'.'};

  private final HostView view;
  private final HostFiles host;
  private final int folder;
  private final long dev;

  /** Whether the host's kernel has openat2; 5.6 brought it. */
  private boolean hasOpenat2 = true;

  /**
   * Opens the folder.
   *
   * @throws ErrnoException if it cannot be opened any more
   */
  WritableMount(HostView view, Path folder) throws ErrnoException {
    this.view = view;
    this.host = view.host();
    byte[] path = HostNames.toBytes(HostNames.fromPath(folder));
    this.folder = (int) check(host.openat(HostFiles.AT_FDCWD, path, O_PATH_DIRECTORY, 0));
    this.dev = attributesOf(this.folder).dev();
  }

  HostView view() {
    return view;
  }

  HostFiles host() {
    return host;
  }

  static long check(long result) throws ErrnoException {
    if (result < 0) {
      throw new ErrnoException((int) -result);
    }
    return result;
  }

  static byte[] bytes(String name) {
    return HostNames.toBytes(name);
  }

  /** By which name this process itself reaches a descriptor of its own, whatever its flags. */
  static byte[] ownDescriptor(int fd) {
    return ("/proc/self/fd/" + fd).getBytes(ISO_8859_1);
  }

  // ---- Directories ----

  /** Something that is done in an open directory; the result is as of a system call. */
  @FunctionalInterface
  interface InDirectory {
    long call(int dirfd);
  }

  /** Opens a directory of this mount, does something in it, and closes it. */
  long in(Dentry directory, InDirectory what) throws ErrnoException {
    int dirfd = open(directory);
    try {
      return check(what.call(dirfd));
    } finally {
      close(dirfd);
    }
  }

  private void close(int fd) {
    if (fd != folder) {
      host.close(fd);
    }
  }

  /** A descriptor of a directory, to be {@linkplain #close closed}, which may be the folder's. */
  private int open(Dentry directory) throws ErrnoException {
    Deque<String> names = new ArrayDeque<>();
    Dentry at = directory;
    Dentry up = at.parent();
    while (up != null && isInside(up)) {
      names.push(at.name());
      at = up;
      up = at.parent();
    }
    int fd = folder;
    while (!names.isEmpty()) {
      long next = step(fd, names);
      close(fd);
      fd = (int) check(next);
    }
    return fd;
  }

  private boolean isInside(Dentry directory) {
    return directory.inode() instanceof WritableDirectory up && up.mount().equals(this);
  }

  /** Opens as many directories on the way down as fit into a path; a descriptor or an error. */
  private long step(int from, Deque<String> names) {
    if (!hasOpenat2) {
      return host.openat(from, bytes(names.pop()), O_PATH_DIRECTORY, 0);
    }
    StringBuilder path = new StringBuilder();
    int taken = 0;
    for (String name : names) {
      if (path.length() + name.length() + 2 >= Fcntl.PATH_MAX) {
        break;
      }
      path.append(taken++ == 0 ? "" : "/").append(name);
    }
    long fd = host.openat2(from, bytes(path.toString()), O_PATH_DIRECTORY, 0, RESOLVE);
    if (fd == -Errno.ENOSYS) {
      hasOpenat2 = false;
      return step(from, names);
    }
    for (; taken > 0; taken--) {
      names.pop();
    }
    return fd;
  }

  // ---- Attributes ----

  /** What the host says of an entry; null if there is none. */
  @Nullable HostAttributes attributes(Dentry directory, String name) throws ErrnoException {
    int dirfd = open(directory);
    try {
      return HostAttributes.read(host, dirfd, bytes(name));
    } finally {
      close(dirfd);
    }
  }

  /** The same of a directory of this mount. */
  HostAttributes attributes(Dentry directory) throws ErrnoException {
    int dirfd = open(directory);
    try {
      return attributesOf(dirfd);
    } finally {
      close(dirfd);
    }
  }

  /** The same of an open file. */
  HostAttributes attributesOf(int fd) throws ErrnoException {
    HostAttributes attributes = HostAttributes.read(host, fd, THIS);
    if (attributes == null) {
      throw new ErrnoException(Errno.ENOENT);
    }
    return attributes;
  }

  /** Refuses to enter a file system that leads into the host's processes. */
  void checkDevice(Dentry directory, String name, HostAttributes child) throws ErrnoException {
    if (child.dev() == dev) {
      return;
    }
    in(
        directory,
        dirfd -> {
          long fd = host.openat(dirfd, bytes(name), O_PATH_DIRECTORY, 0);
          if (fd < 0) {
            return fd;
          }
          long[] type = new long[1];
          long result = host.fstatfs((int) fd, type);
          host.close((int) fd);
          return result == 0 && type[0] == PROC_SUPER_MAGIC ? -Errno.EACCES : result;
        });
  }

  void checkMode(int mode) throws ErrnoException {
    boolean directory = (mode & FileMode.S_IFMT) == FileMode.S_IFDIR;
    if (!directory && (mode & (FileMode.S_ISUID | FileMode.S_ISGID)) != 0) {
      throw new ErrnoException(Errno.EPERM);
    }
  }

  /**
   * Does something to an entry, whatever kind of file it is, that nobody can exchange meanwhile.
   *
   * @param directory that holds it
   * @param what gets a descriptor as of O_PATH
   */
  void on(Dentry directory, String name, InDirectory what) throws ErrnoException {
    int flags = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
    in(
        directory,
        dirfd -> {
          long fd = host.openat(dirfd, bytes(name), flags, 0);
          if (fd < 0) {
            return fd;
          }
          long result = what.call((int) fd);
          host.close((int) fd);
          return result;
        });
  }

  /** chmod of a descriptor, O_PATH or not, that is no symbolic link. */
  long chmod(int fd, int permissions) {
    return host.fchmodat(HostFiles.AT_FDCWD, ownDescriptor(fd), permissions);
  }

  /** chown of a descriptor, O_PATH or not; -1 leaves a part as it is. */
  long chown(int fd, int uid, int gid) {
    return host.fchownat(fd, THIS, uid, gid, Fcntl.AT_EMPTY_PATH);
  }

  /** Opens a directory of this mount for reading; the caller closes it. */
  int openForReading(Dentry directory) throws ErrnoException {
    int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC;
    return (int) in(directory, dirfd -> host.openat(dirfd, DOT, flags, 0));
  }

  void statfs(Kstatfs out) throws ErrnoException {
    long[] words = new long[7];
    check(host.fstatfs(folder, words));
    out.type = words[0];
    out.blockSizeBytes = words[1];
    out.blocks = words[2];
    out.blocksFree = words[3];
    out.blocksAvailable = words[4];
    out.files = words[5];
    out.filesFree = words[6];
  }
}
