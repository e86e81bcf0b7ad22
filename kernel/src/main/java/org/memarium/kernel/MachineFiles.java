package org.memarium.kernel;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.vfs.Credentials;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FileCalls;
import org.memarium.kernel.vfs.FileSizeLimit;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.Kstat;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.MemCgroups;

/**
 * The machine's files as root sees them, from outside: {@code /proc}, the settings below {@code
 * /proc/sys}, and everything that programs see. It works whether a program runs or not.
 *
 * <p>Paths are absolute. What cannot be is a {@link UsageException} with one clear line.
 */
public final class MachineFiles {
  private static final int CHUNK_BYTES = 64 << 10;
  private static final int DESCRIPTORS = 16;

  private final FileCalls calls;
  private final FsStruct place;
  private final MemCgroups groups;

  MachineFiles(Vfs vfs, MemCgroups groups) {
    this.groups = groups;
    place = FsStruct.outside(vfs.root());
    calls =
        new FileCalls(
            vfs,
            place,
            FdTable.outside(() -> DESCRIPTORS),
            Credentials.of(0, 0),
            FileSizeLimit.NONE);
  }

  /** Where its paths start. */
  FsStruct place() {
    return place;
  }

  /** The contents of a file, all of it. */
  public byte[] read(String path) {
    return groups.asRoot(() -> readAll(path));
  }

  private byte[] readAll(String path) {
    int fd = open(path, Fcntl.O_RDONLY);
    try {
      ByteArrayOutputStream contents = new ByteArrayOutputStream();
      byte[] buffer = new byte[CHUNK_BYTES];
      while (true) {
        long count = check(path, calls.read(fd, buffer, 0, buffer.length));
        if (count == 0) {
          return contents.toByteArray();
        }
        contents.write(buffer, 0, (int) count);
      }
    } finally {
      calls.close(fd);
    }
  }

  /**
   * Some bytes of a file.
   *
   * @param at where in the file
   * @param count how many at most; fewer come where it ends
   */
  public byte[] read(String path, long at, int count) {
    return groups.asRoot(() -> readSome(path, at, count));
  }

  private byte[] readSome(String path, long at, int count) {
    int fd = open(path, Fcntl.O_RDONLY);
    try {
      byte[] buffer = new byte[count];
      return Arrays.copyOf(buffer, (int) check(path, calls.pread64(fd, buffer, 0, count, at)));
    } finally {
      calls.close(fd);
    }
  }

  /** The contents of a file of text; each char is one byte. */
  public String text(String path) {
    return new String(read(path), StandardCharsets.ISO_8859_1);
  }

  /** Writes text at the start of a file that is there, as {@code echo TEXT >PATH} does. */
  public void write(String path, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    groups.asRoot(() -> write(open(path, Fcntl.O_WRONLY | Fcntl.O_TRUNC), path, bytes));
  }

  private boolean write(int fd, String path, byte[] bytes) {
    try {
      long written = check(path, calls.write(fd, bytes, 0, bytes.length));
      if (written < bytes.length) {
        throw new UsageException("%s: took %d of %d bytes".formatted(path, written, bytes.length));
      }
      return true;
    } finally {
      calls.close(fd);
    }
  }

  /**
   * Writes a file anew, in the machine's memory.
   *
   * @param permissions such as {@code 0755}
   */
  public void create(String path, byte[] contents, int permissions) {
    int flags = Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_TRUNC;
    groups.asRoot(() -> {
      long fd = calls.openat(Fcntl.AT_FDCWD, absolute(path), flags, permissions);
      return write((int) check(path, fd), path, contents);
    });
  }

  /** What {@code lstat} tells of a file; a link is not followed. */
  public Kstat lstat(String path) {
    Kstat status = new Kstat();
    int flags = Fcntl.AT_SYMLINK_NOFOLLOW;
    check(path, groups.asRoot(() -> calls.fstatat(Fcntl.AT_FDCWD, absolute(path), flags, status)));
    return status;
  }

  /** Where a symbolic link points to; each char is one byte. */
  public String readlink(String path) {
    byte[] target = new byte[Fcntl.PATH_MAX];
    long bytes =
        check(path, groups.asRoot(() -> calls.readlinkat(Fcntl.AT_FDCWD, absolute(path), target)));
    return new String(target, 0, (int) bytes, StandardCharsets.ISO_8859_1);
  }

  /** The names in a directory, sorted, without . and .. */
  public List<String> list(String path) {
    return groups.asRoot(() -> listAll(path));
  }

  private List<String> listAll(String path) {
    int fd = open(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
    try {
      List<String> names = new ArrayList<>();
      check(
          path,
          calls.getdents(
              fd,
              (name, ino, type, nextPosition) -> {
                if (!name.equals(".") && !name.equals("..")) {
                  names.add(name);
                }
                return true;
              }));
      names.sort(null);
      return names;
    } finally {
      calls.close(fd);
    }
  }

  private int open(String path, int flags) {
    return (int) check(path, calls.openat(Fcntl.AT_FDCWD, absolute(path), flags, 0));
  }

  /** A path as the file system takes it: each char is one byte. */
  private static String absolute(String path) {
    if (!path.startsWith("/")) {
      throw new UsageException("%s: a path of the machine begins with /".formatted(path));
    }
    return new String(path.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private static long check(String path, long result) {
    if (Errno.isError(result)) {
      throw new UsageException("%s: %s".formatted(path, reason((int) -result)));
    }
    return result;
  }

  private static String reason(int errno) {
    return switch (errno) {
      case Errno.ENOENT, Errno.ENOTDIR -> "there is no such file";
      case Errno.EISDIR -> "it is a directory";
      case Errno.EACCES, Errno.EPERM, Errno.EROFS -> "not permitted";
      case Errno.EINVAL, Errno.ERANGE -> "the value is not accepted";
      default -> Errno.name(-errno);
    };
  }
}
