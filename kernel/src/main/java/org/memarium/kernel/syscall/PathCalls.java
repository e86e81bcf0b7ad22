package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.mm.Errno;

/** The calls that take paths: opening, making, removing, renaming, rights, times. */
final class PathCalls {
  private static final int CWD = Fcntl.AT_FDCWD;
  private static final int NOFOLLOW = Fcntl.AT_SYMLINK_NOFOLLOW;
  private static final int NANOS_PER_MICRO = 1000;
  private static final int OPEN_HOW_BYTES = 24;

  private final Kernel kernel;

  PathCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  private FileCalls files() {
    return kernel.files();
  }

  void enter(SystemCallTable table) {
    enterOpening(table);
    enterNames(table);
    enterAttributes(table);
    table.set("utime", this::utime);
    table.set("utimes", (int path, int times) -> utimes(CWD, path, times));
    table.set("futimesat", this::utimes);
    table.set(
        "utimensat",
        (int dirfd, int path, int times, int flags) -> utimensat(dirfd, path, times, flags, 4));
    table.set(
        "utimensat_time64",
        (int dirfd, int path, int times, int flags) -> utimensat(dirfd, path, times, flags, 8));
    table.set("getcwd", this::getcwd);
    table.set("chdir", (int path) -> files().chdir(path(path)));
    table.set("fchdir", (int fd) -> files().fchdir(fd));
    table.set("chroot", (int path) -> files().chroot(path(path)));
    table.set("umask", (int mask) -> files().umask(mask));
  }

  private long opened(long result) {
    return FifoOpen.waited(kernel, result);
  }

  private void enterOpening(SystemCallTable table) {
    table.set(
        "open",
        (int path, int flags, int mode) -> opened(files().openat(CWD, path(path), flags, mode)));
    table.set(
        "creat",
        (int path, int mode) ->
            opened(
                files()
                    .openat(
                        CWD,
                        path(path),
                        Fcntl.O_CREAT | Fcntl.O_WRONLY | Fcntl.O_TRUNC | forcedLargefile(),
                        mode)));
    table.set(
        "openat",
        (int dirfd, int path, int flags, int mode) ->
            opened(files().openat(dirfd, path(path), flags, mode)));
    table.set("openat2", this::openat2);
    table.set("access", (int path, int mode) -> files().faccessat2(CWD, path(path), mode, 0));
    table.set(
        "faccessat",
        (int dirfd, int path, int mode) -> files().faccessat2(dirfd, path(path), mode, 0));
    table.set(
        "faccessat2",
        (int dirfd, int path, int mode, int flags) ->
            files().faccessat2(dirfd, path(path), mode, flags));
    table.set("readlink", (int path, int to, int bytes) -> readlink(CWD, path, to, bytes));
    table.set("readlinkat", this::readlink);
    table.set("truncate", (int path, int bytes) -> files().truncate(path(path), bytes));
    table.set("ftruncate", (int fd, int bytes) -> files().ftruncate(fd, bytes, true));
    table.set(
        "truncate64",
        (int path, int low, int high) -> files().truncate(path(path), number(low, high)));
    table.set(
        "ftruncate64",
        (int fd, int low, int high) ->
            files().ftruncate(fd, number(low, high), kernel.wordBytes() == Long.BYTES));
    table.set(
        "fallocate",
        (fd, mode, atLow, atHigh, bytesLow, bytesHigh) ->
            files()
                .fallocate(
                    fd,
                    mode,
                    number(atLow, atHigh),
                    number(bytesLow, bytesHigh),
                    kernel.task().requireMm().layout().allocatesByMode()));
  }

  private void enterNames(SystemCallTable table) {
    table.set("mkdir", (int path, int mode) -> files().mkdirat(CWD, path(path), mode));
    table.set(
        "mkdirat", (int dirfd, int path, int mode) -> files().mkdirat(dirfd, path(path), mode));
    table.set("rmdir", (int path) -> files().unlinkat(CWD, path(path), Fcntl.AT_REMOVEDIR));
    table.set("unlink", (int path) -> files().unlinkat(CWD, path(path), 0));
    table.set(
        "unlinkat", (int dirfd, int path, int flags) -> files().unlinkat(dirfd, path(path), flags));
    table.set("rename", (int from, int to) -> files().renameat2(CWD, path(from), CWD, path(to), 0));
    table.set(
        "renameat",
        (int fromDir, int from, int toDir, int to) ->
            files().renameat2(fromDir, path(from), toDir, path(to), 0));
    table.set(
        "renameat2",
        (int fromDir, int from, int toDir, int to, int flags) ->
            files().renameat2(fromDir, path(from), toDir, path(to), flags));
    table.set("link", (int from, int to) -> files().linkat(CWD, path(from), CWD, path(to), 0));
    table.set(
        "linkat",
        (int fromDir, int from, int toDir, int to, int flags) ->
            files().linkat(fromDir, path(from), toDir, path(to), flags));
    table.set(
        "symlink", (int target, int path) -> files().symlinkat(path(target), CWD, path(path)));
    table.set(
        "symlinkat",
        (int target, int dirfd, int path) -> files().symlinkat(path(target), dirfd, path(path)));
    table.set(
        "mknod",
        (int path, int mode, int dev) ->
            files().mknodat(CWD, path(path), mode, Integer.toUnsignedLong(dev)));
    table.set(
        "mknodat",
        (int dirfd, int path, int mode, int dev) ->
            files().mknodat(dirfd, path(path), mode, Integer.toUnsignedLong(dev)));
  }

  private void enterAttributes(SystemCallTable table) {
    table.set("chmod", (int path, int mode) -> files().fchmodat(CWD, path(path), mode, 0));
    table.set("fchmod", (int fd, int mode) -> files().fchmod(fd, mode));
    table.set(
        "fchmodat",
        (int dirfd, int path, int mode) -> files().fchmodat(dirfd, path(path), mode, 0));
    table.set(
        "fchmodat2",
        (int dirfd, int path, int mode, int flags) ->
            files().fchmodat(dirfd, path(path), mode, flags));
    table.set(
        "chown",
        (int path, int uid, int gid) -> files().fchownat(CWD, path(path), wide(uid), wide(gid), 0));
    table.set(
        "lchown",
        (int path, int uid, int gid) ->
            files().fchownat(CWD, path(path), wide(uid), wide(gid), NOFOLLOW));
    table.set("fchown", (int fd, int uid, int gid) -> files().fchown(fd, wide(uid), wide(gid)));
    table.set(
        "chown32", (int path, int uid, int gid) -> files().fchownat(CWD, path(path), uid, gid, 0));
    table.set(
        "lchown32",
        (int path, int uid, int gid) -> files().fchownat(CWD, path(path), uid, gid, NOFOLLOW));
    table.set("fchown32", (int fd, int uid, int gid) -> files().fchown(fd, uid, gid));
    table.set(
        "fchownat",
        (int dirfd, int path, int uid, int gid, int flags) ->
            files().fchownat(dirfd, path(path), uid, gid, flags));
  }

  private String path(int address) {
    return kernel.path(address);
  }

  private static long number(int low, int high) {
    return Integer.toUnsignedLong(low) | (long) high << 32;
  }

  /** {@code force_o_largefile}: calls that a 64-bit kernel has not in a 32-bit version too. */
  private int forcedLargefile() {
    return kernel.wordBytes() == Long.BYTES ? Fcntl.O_LARGEFILE : 0;
  }

  /** {@code struct open_how}: three words of 64 bits, and what later kernels append, if it is 0. */
  private long openat2(int dirfd, int path, int how, int bytes) {
    byte[] copied = UserStruct.copy(kernel.memory(), how, bytes, OPEN_HOW_BYTES);
    ByteBuffer words = ByteBuffer.wrap(copied).order(ByteOrder.LITTLE_ENDIAN);
    return opened(
        files().openat2(dirfd, path(path), words.getLong(), words.getLong(), words.getLong()));
  }

  /** {@code low2highuid}: an identifier of 16 bits, where all ones mean none. */
  static int wide(int id) {
    int narrow = id & 0xffff;
    return narrow == 0xffff ? -1 : narrow;
  }

  private long readlink(int dirfd, int path, int to, int bytes) {
    if (bytes <= 0) {
      return -Errno.EINVAL;
    }
    byte[] buffer = new byte[Math.min(bytes, Fcntl.PATH_MAX)];
    long length = files().readlinkat(dirfd, path(path), buffer);
    if (length > 0) {
      int copied = kernel.memory().copyToUser(Integer.toUnsignedLong(to), buffer, 0, (int) length);
      if (copied < length) {
        return -Errno.EFAULT;
      }
    }
    return length;
  }

  private long getcwd(int to, int bytes) {
    String path;
    try {
      path = files().getcwd();
    } catch (ErrnoException e) {
      return e.result();
    }
    byte[] text = (path + "\0").getBytes(StandardCharsets.ISO_8859_1);
    if (text.length > Integer.toUnsignedLong(bytes)) {
      return -Errno.ERANGE;
    }
    kernel.memory().write(Integer.toUnsignedLong(to), text);
    return text.length;
  }

  /** Seconds only; a null pointer means now. */
  private long utime(int path, int times) {
    String name = path(path);
    if (times == 0) {
      return files().utimensat(CWD, name, 0, Fcntl.UTIME_NOW, 0, Fcntl.UTIME_NOW, 0);
    }
    long at = Integer.toUnsignedLong(times);
    int access = kernel.memory().readInt(at);
    int modification = kernel.memory().readInt(at + 4);
    return files().utimensat(CWD, name, access, 0, modification, 0, 0);
  }

  /** Seconds and microseconds; a null pointer means now. */
  private long utimes(int dirfd, int path, int times) {
    String name = path == 0 ? null : path(path);
    if (times == 0) {
      return files().utimensat(dirfd, name, 0, Fcntl.UTIME_NOW, 0, Fcntl.UTIME_NOW, 0);
    }
    long at = Integer.toUnsignedLong(times);
    int[] words = new int[4];
    for (int i = 0; i < words.length; i++) {
      words[i] = kernel.memory().readInt(at + 4L * i);
    }
    if (words[1] < 0 || words[1] >= 1_000_000 || words[3] < 0 || words[3] >= 1_000_000) {
      return -Errno.EINVAL;
    }
    return files()
        .utimensat(
            dirfd,
            name,
            words[0],
            (long) words[1] * NANOS_PER_MICRO,
            words[2],
            (long) words[3] * NANOS_PER_MICRO,
            0);
  }

  private long utimensat(int dirfd, int path, int times, int flags, int wordBytes) {
    long[] words = {0, Fcntl.UTIME_NOW, 0, Fcntl.UTIME_NOW};
    long at = Integer.toUnsignedLong(times);
    for (int i = 0; times != 0 && i < words.length; i++) {
      words[i] =
          wordBytes == 4
              ? kernel.memory().readInt(at + 4L * i)
              : kernel.memory().readLong(at + 8L * i);
    }
    // With words of 64 bits the upper half of tv_nsec is padding to 32-bit programs.
    int accessNanos = (int) words[1];
    int modificationNanos = (int) words[3];
    if (accessNanos == Fcntl.UTIME_OMIT && modificationNanos == Fcntl.UTIME_OMIT) {
      // Nothing is to be done, not even to look whether there is such a file.
      return 0;
    }
    String name = path == 0 ? null : path(path);
    return files()
        .utimensat(dirfd, name, words[0], accessNanos, words[2], modificationNanos, flags);
  }
}
