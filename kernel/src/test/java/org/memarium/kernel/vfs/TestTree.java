package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.memarium.mm.Errno;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.slab.SlabAllocator;

/** A tree of files over a folder of the host, for tests: calls by path, results as text. */
final class TestTree implements AutoCloseable {

  static final int FD_LIMIT = 64;
  static final long NOW = 1_700_000_000_123_456_789L;

  final Vfs vfs;
  final FileCalls calls;
  final FdTable fds;
  final FsStruct fs;

  private TestTree(VfsConfig config, Credentials credentials) {
    vfs = Vfs.open(config);
    try {
      fds = FdTable.allocate(vfs, () -> FD_LIMIT);
      fs = FsStruct.allocate(vfs.root());
    } catch (ErrnoException e) {
      throw new AssertionError(e);
    }
    calls = new FileCalls(vfs, fs, fds, credentials, FileSizeLimit.NONE);
  }

  /** Over a folder, with folders that are writable, without page cache. */
  static TestTree over(Path root, Path... writable) throws IOException {
    return new TestTree(config(root, 1 << 24, writable), owner(root));
  }

  /** The same, with the pages of files in a machine's RAM. */
  static TestTree cached(Path root, PageCache pageCache, SlabAllocator slab, Path... writable)
      throws IOException {
    VfsConfig config =
        new VfsConfig(root, List.of(writable), 1 << 26, 1, () -> NOW, pageCache, slab);
    return new TestTree(config, owner(root));
  }

  /** The same, with a limit of the overlay. */
  static TestTree limited(Path root, long overlayBytes) throws IOException {
    return new TestTree(config(root, overlayBytes), owner(root));
  }

  /** The same, as another user. */
  static TestTree as(Credentials credentials, Path root) {
    return new TestTree(config(root, 1 << 24), credentials);
  }

  private static VfsConfig config(Path root, long overlayBytes, Path... writable) {
    return new VfsConfig(root, List.of(writable), overlayBytes, 1, () -> NOW, null, null);
  }

  private static Credentials owner(Path folder) throws IOException {
    int uid = (Integer) Files.getAttribute(folder, "unix:uid");
    int gid = (Integer) Files.getAttribute(folder, "unix:gid");
    return Credentials.of(uid, gid);
  }

  /** A result as text: its value, or the name of the error. */
  static String text(long result) {
    return Errno.isError(result) ? Errno.name(result) : Long.toString(result);
  }

  String open(String path, int flags) {
    return open(path, flags, 0644);
  }

  String open(String path, int flags, int mode) {
    return text(calls.openat(Fcntl.AT_FDCWD, path, flags, mode));
  }

  /** Opens what must open. */
  int fd(String path, int flags) {
    long fd = calls.openat(Fcntl.AT_FDCWD, path, flags | Fcntl.O_LARGEFILE, 0644);
    if (fd < 0) {
      throw new AssertionError("open " + path + ": " + Errno.name(fd));
    }
    return (int) fd;
  }

  /** The contents of a file as text, or the name of an error. */
  String read(String path) {
    long fd = calls.openat(Fcntl.AT_FDCWD, path, Fcntl.O_LARGEFILE, 0);
    if (fd < 0) {
      return Errno.name(fd);
    }
    StringBuilder contents = new StringBuilder();
    byte[] buffer = new byte[1000];
    long count;
    while ((count = calls.read((int) fd, buffer, 0, buffer.length)) > 0) {
      contents.append(new String(buffer, 0, (int) count, StandardCharsets.ISO_8859_1));
    }
    calls.close((int) fd);
    return count < 0 ? Errno.name(count) : contents.toString();
  }

  /** Writes text over a file, made if need be; "ok", or the name of an error. */
  String write(String path, String contents) {
    return write(path, contents, Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_TRUNC);
  }

  String write(String path, String contents, int flags) {
    long fd = calls.openat(Fcntl.AT_FDCWD, path, flags | Fcntl.O_LARGEFILE, 0644);
    if (fd < 0) {
      return Errno.name(fd);
    }
    byte[] bytes = contents.getBytes(StandardCharsets.ISO_8859_1);
    long result = calls.write((int) fd, bytes, 0, bytes.length);
    calls.close((int) fd);
    return result == bytes.length ? "ok" : text(result);
  }

  /** The names in a directory without . and .., or the name of an error. */
  String names(String path) {
    long fd = calls.openat(Fcntl.AT_FDCWD, path, Fcntl.O_DIRECTORY, 0);
    if (fd < 0) {
      return Errno.name(fd);
    }
    List<String> names = new ArrayList<>();
    calls.getdents(
        (int) fd,
        (name, ino, type, next) -> {
          if (!name.equals(".") && !name.equals("..")) {
            names.add(name);
          }
          return true;
        });
    calls.close((int) fd);
    return String.join(" ", names);
  }

  Kstat stat(String path) {
    return stat(path, 0);
  }

  Kstat lstat(String path) {
    return stat(path, Fcntl.AT_SYMLINK_NOFOLLOW);
  }

  private Kstat stat(String path, int flags) {
    Kstat stat = new Kstat();
    long result = calls.fstatat(Fcntl.AT_FDCWD, path, flags, stat);
    if (result != 0) {
      throw new AssertionError("stat " + path + ": " + Errno.name(result));
    }
    return stat;
  }

  /** "ok", or the error of stat. */
  String exists(String path) {
    long result = calls.fstatat(Fcntl.AT_FDCWD, path, 0, new Kstat());
    return result == 0 ? "ok" : Errno.name(result);
  }

  String readlink(String path) {
    byte[] buffer = new byte[4096];
    long count = calls.readlinkat(Fcntl.AT_FDCWD, path, buffer);
    return count < 0 ? Errno.name(count) : HostNames.fromBytes(buffer, 0, (int) count);
  }

  String mkdir(String path) {
    return text(calls.mkdirat(Fcntl.AT_FDCWD, path, 0755));
  }

  String unlink(String path) {
    return text(calls.unlinkat(Fcntl.AT_FDCWD, path, 0));
  }

  String rmdir(String path) {
    return text(calls.unlinkat(Fcntl.AT_FDCWD, path, Fcntl.AT_REMOVEDIR));
  }

  String rename(String from, String to) {
    return text(calls.renameat2(Fcntl.AT_FDCWD, from, Fcntl.AT_FDCWD, to, 0));
  }

  String link(String from, String to) {
    return text(calls.linkat(Fcntl.AT_FDCWD, from, Fcntl.AT_FDCWD, to, 0));
  }

  String symlink(String target, String path) {
    return text(calls.symlinkat(target, Fcntl.AT_FDCWD, path));
  }

  String chmod(String path, int mode) {
    return text(calls.fchmodat(Fcntl.AT_FDCWD, path, mode, 0));
  }

  @Override
  public void close() {
    fds.closeAll();
    vfs.close();
  }
}
