package org.memarium.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the calls answer, one by one, where a random sequence hardly gets. */
class FileCallsTest {

  private static final int RDONLY = Fcntl.O_RDONLY;
  private static final int RDWR = Fcntl.O_RDWR;
  private static final int CREAT = Fcntl.O_CREAT;

  @TempDir Path host;
  private TestTree tree;

  @BeforeEach
  void makeTree() throws IOException {
    // JUnit's folder is its owner's alone.
    Files.setAttribute(host, "unix:mode", 0755);
    Files.writeString(host.resolve("file"), "0123456789");
    Files.createDirectory(host.resolve("dir"));
    Files.createSymbolicLink(host.resolve("link"), Path.of("file"));
    Files.createSymbolicLink(host.resolve("dirlink"), Path.of("dir"));
    Files.createSymbolicLink(host.resolve("dangling"), Path.of("nowhere"));
    Files.createSymbolicLink(host.resolve("loop"), Path.of("loop"));
    tree = TestTree.over(host);
  }

  @AfterEach
  void close() {
    tree.close();
  }

  @Test
  void openChecksInLinuxOrder() {
    assertEquals("ENOENT", tree.open("", RDONLY));
    assertEquals("ENOENT", tree.open("/missing", RDONLY));
    assertEquals("ENOENT", tree.open("/missing/x", RDWR | CREAT));
    assertEquals("ENOTDIR", tree.open("/file/x", RDONLY));
    assertEquals("ENOTDIR", tree.open("/file/", RDONLY));
    assertEquals("ENOTDIR", tree.open("/file", Fcntl.O_DIRECTORY));
    assertEquals("EISDIR", tree.open("/dir", RDWR));
    assertEquals("EISDIR", tree.open("/dir", RDONLY | CREAT));
    assertEquals("EISDIR", tree.open("/new/", RDWR | CREAT));
    assertEquals("EEXIST", tree.open("/file", RDWR | CREAT | Fcntl.O_EXCL));
    assertEquals("EEXIST", tree.open("/dangling", RDWR | CREAT | Fcntl.O_EXCL));
    assertEquals("EEXIST", tree.open("/dir", RDWR | CREAT | Fcntl.O_EXCL));
    assertEquals("ELOOP", tree.open("/link", Fcntl.O_NOFOLLOW));
    assertEquals("ELOOP", tree.open("/loop", RDONLY));
    assertEquals("EINVAL", tree.open("/dir", CREAT | Fcntl.O_DIRECTORY));
    assertEquals("EINVAL", tree.open("/", RDWR | Fcntl.O_TMPFILE_BIT));
    assertEquals("ENAMETOOLONG", tree.open("/" + "n".repeat(256), RDONLY));
    assertEquals("ENAMETOOLONG", tree.open("/x".repeat(2048), RDONLY));
    assertEquals("EBADF", TestTree.text(tree.calls.openat(33, "file", RDONLY, 0)));
  }

  @Test
  void aDanglingLinkIsCreatedAtItsTarget() {
    assertEquals("ok", tree.write("/dangling", "made"));
    assertEquals("made", tree.read("/nowhere"));
    assertEquals("nowhere", tree.readlink("/dangling"));
  }

  @Test
  void fortyLinksAreFollowedAndOneMoreIsALoop() {
    assertEquals("0", tree.symlink("file", "/l1"));
    for (int i = 2; i <= 41; i++) {
      assertEquals("0", tree.symlink("l" + (i - 1), "/l" + i));
    }
    assertEquals("0123456789", tree.read("/l40"));
    assertEquals("ELOOP", tree.read("/l41"));
  }

  @Test
  void trailingSlashesAskForADirectory() {
    assertEquals("", tree.names("/dirlink/"));
    assertEquals("ENOTDIR", tree.exists("/link/"));
    assertEquals("ENOTDIR", tree.unlink("/file/"));
    assertEquals("EISDIR", tree.unlink("/dir/"));
    assertEquals("ENOTDIR", tree.rename("/file", "/other/"));
    assertEquals("0", tree.rename("/dir", "/other/"));
    assertEquals("0", tree.mkdir("/third///"));
    assertEquals("ENOTDIR", tree.rmdir("/dirlink/"));
  }

  @Test
  void dotsNameNoEntry() {
    assertEquals("EINVAL", tree.rmdir("/dir/."));
    assertEquals("ENOTEMPTY", tree.rmdir("/dir/.."));
    assertEquals("EBUSY", tree.rmdir("/"));
    assertEquals("EISDIR", tree.unlink("/dir/."));
    assertEquals("EEXIST", tree.mkdir("/dir/.."));
    assertEquals("EBUSY", tree.rename("/dir/.", "/x"));
    assertEquals("EINVAL", tree.rename("/dir", "/dir/sub"));
    assertEquals("EBUSY", tree.rename("/dev", "/x"));
    assertEquals("EBUSY", tree.rmdir("/dev"));
  }

  @Test
  void permissionsAreThoseOfTheUser() throws IOException {
    Files.setAttribute(host.resolve("file"), "unix:mode", 0600);
    Files.setAttribute(host.resolve("dir"), "unix:mode", 0755);
    try (TestTree other = TestTree.as(Credentials.of(12345, 12345), host)) {
      assertEquals("EACCES", other.read("/file"));
      assertEquals("EACCES", other.write("/new", "x"));
      assertEquals("EACCES", other.mkdir("/dir/new"));
      assertEquals("EPERM", other.chmod("/file", 0666));
      assertEquals("EPERM", TestTree.text(other.calls.chroot("/dir")));
      assertEquals("EACCES", TestTree.text(other.calls.faccessat2(-100, "/file", 4, 0)));
      assertEquals("ok", other.write("/dev/shm/mine", "x"));
    }
  }

  @Test
  void onlyTheOwnerRemovesFromAStickyDirectory() {
    tree.calls.credentials(Credentials.of(0, 0));
    assertEquals("ok", tree.write("/dev/shm/roots", "x"));
    tree.calls.credentials(Credentials.of(1000, 1000));
    assertEquals("ok", tree.write("/dev/shm/mine", "x"));
    assertEquals("EPERM", tree.unlink("/dev/shm/roots"));
    assertEquals("EPERM", tree.rename("/dev/shm/mine", "/dev/shm/roots"));
    assertEquals("0", tree.unlink("/dev/shm/mine"));
  }

  @Test
  void theUmaskLeavesBitsOut() {
    assertEquals(022, tree.calls.umask(077));
    assertEquals("3", Integer.toString(tree.fd("/a", RDWR | CREAT) + 3));
    assertEquals("0", tree.mkdir("/d"));
    assertEquals(FileMode.S_IFREG | 0600, tree.stat("/a").mode);
    assertEquals(FileMode.S_IFDIR | 0700, tree.stat("/d").mode);
  }

  @Test
  void statAgreesWithTheHost() throws IOException {
    Kstat stat = tree.stat("/file");
    Path file = host.resolve("file");
    assertEquals(Files.getAttribute(file, "unix:ino"), stat.ino);
    assertEquals(Files.getAttribute(file, "unix:dev"), stat.dev);
    assertEquals(Files.getAttribute(file, "unix:mode"), stat.mode);
    assertEquals(Files.getAttribute(file, "unix:nlink"), stat.nlink);
    assertEquals(10, stat.sizeBytes);
    assertEquals(8, stat.blocks512);
    assertEquals(FileMode.S_IFLNK | 0777, tree.lstat("/link").mode);
  }

  @Test
  void copyUpKeepsTheNumberAndOtherNames() throws IOException {
    Files.createLink(host.resolve("second"), host.resolve("file"));
    long before = tree.stat("/file").ino;
    assertEquals("ok", tree.write("/file", "XX", Fcntl.O_WRONLY));
    assertEquals("XX23456789", tree.read("/second"));
    assertEquals(before, tree.stat("/second").ino);
    assertEquals(TestTree.NOW, tree.stat("/second").mtimeNanos);
    assertEquals("0123456789", Files.readString(host.resolve("file")));
  }

  @Test
  void aSparseFileCostsWhatWasWritten() {
    int fd = tree.fd("/sparse", RDWR | CREAT);
    long far = 1L << 40;
    assertEquals(1, tree.calls.pwrite64(fd, new byte[] {7}, 0, 1, far));
    assertEquals(far + 1, tree.stat("/sparse").sizeBytes);
    assertEquals(8, tree.stat("/sparse").blocks512);
    assertEquals(far, tree.calls.lseek(fd, 0, Fcntl.SEEK_DATA));
    assertEquals(0, tree.calls.lseek(fd, 0, Fcntl.SEEK_HOLE));
    assertEquals(far + 1, tree.calls.lseek(fd, far, Fcntl.SEEK_HOLE));
    assertEquals("ENXIO", TestTree.text(tree.calls.lseek(fd, far + 1, Fcntl.SEEK_DATA)));
    byte[] zero = {1};
    assertEquals(1, tree.calls.pread64(fd, zero, 0, 1, 12345));
    assertEquals(0, zero[0]);
  }

  @Test
  void aFullOverlaySaysSoAndRecovers() throws IOException {
    try (TestTree small = TestTree.limited(host, 10 * 4096)) {
      int fd = small.fd("/big", RDWR | CREAT);
      byte[] page = new byte[4096];
      for (int i = 0; i < 10; i++) {
        assertEquals(4096, small.calls.write(fd, page, 0, 4096));
      }
      assertEquals("ENOSPC", TestTree.text(small.calls.write(fd, page, 0, 4096)));
      assertEquals("ENOSPC", small.write("/file", "x", Fcntl.O_WRONLY));
      assertEquals(0, small.calls.ftruncate(fd, 4096, false));
      assertEquals("ok", small.write("/file", "x", Fcntl.O_WRONLY));
    }
  }

  @Test
  void withoutLargeFileTwoGibibytesAreTheEnd() {
    int fd = tree.fd("/large", RDWR | CREAT);
    assertEquals(1, tree.calls.pwrite64(fd, new byte[1], 0, 1, 3L << 30));
    assertEquals("EOVERFLOW", tree.open("/large", RDONLY));
    long small = tree.calls.openat(Fcntl.AT_FDCWD, "/small", RDWR | CREAT, 0644);
    assertEquals(
        "EFBIG", TestTree.text(tree.calls.pwrite64((int) small, new byte[1], 0, 1, 1L << 31)));
  }

  @Test
  void descriptorsAreTheLowestFreeOnes() {
    assertEquals("0", tree.open("/file", RDONLY));
    assertEquals("1", tree.open("/file", RDONLY));
    assertEquals("2", tree.open("/file", Fcntl.O_CLOEXEC));
    assertEquals(0, tree.calls.close(1));
    assertEquals(1, tree.calls.dup(2));
    assertFalse(tree.fds.isCloseOnExec(1));
    assertEquals(10, tree.calls.fcntl(0, Fcntl.F_DUPFD_CLOEXEC, 10));
    assertEquals(1, tree.calls.fcntl(10, Fcntl.F_GETFD, 0));
    assertEquals("EINVAL", TestTree.text(tree.calls.fcntl(0, Fcntl.F_DUPFD, TestTree.FD_LIMIT)));
    assertEquals("EBADF", TestTree.text(tree.calls.dup2(0, TestTree.FD_LIMIT)));
    assertEquals("EINVAL", TestTree.text(tree.calls.dup3(0, 0, 0)));
    assertEquals(0, tree.calls.dup2(0, 0));
    tree.fds.closeOnExec();
    assertArrayEquals(new int[] {0, 1}, tree.fds.openDescriptors());
  }

  @Test
  void noMoreDescriptorsThanTheLimit() {
    for (int i = 0; i < TestTree.FD_LIMIT; i++) {
      assertEquals(Integer.toString(i), tree.open("/file", RDONLY));
    }
    assertEquals("EMFILE", tree.open("/file", RDONLY));
    assertEquals("EMFILE", tree.open("/not/there", RDONLY));
    assertEquals("EMFILE", TestTree.text(tree.calls.dup(0)));
  }

  @Test
  void duplicatesShareTheirPosition() {
    int fd = tree.fd("/file", RDONLY);
    int second = (int) tree.calls.dup(fd);
    assertEquals(4, tree.calls.read(fd, new byte[4], 0, 4));
    assertEquals(4, tree.calls.lseek(second, 0, Fcntl.SEEK_CUR));
    assertEquals("EBADF", TestTree.text(tree.calls.write(fd, new byte[1], 0, 1)));
  }

  @Test
  void aPipeGivesWhatWasPutInAndThenItsEnd() {
    int[] ends = new int[2];
    assertEquals(0, tree.calls.pipe2(ends, 0));
    byte[] buffer = new byte[100_000];
    assertEquals(OpenFile.WOULD_BLOCK, tree.calls.read(ends[0], buffer, 0, 10));
    assertEquals(5, tree.calls.write(ends[1], HostNames.toBytes("hello"), 0, 5));
    assertEquals(Fcntl.POLLIN | Fcntl.POLLRDNORM, tree.calls.poll(ends[0]));
    assertEquals(5, tree.calls.read(ends[0], buffer, 0, 10));
    assertEquals(Pipe.DEFAULT_BYTES, tree.calls.write(ends[1], buffer, 0, buffer.length));
    assertEquals(OpenFile.WOULD_BLOCK, tree.calls.write(ends[1], buffer, 0, 1));
    assertEquals(0, tree.calls.fcntl(ends[1], Fcntl.F_SETFL, Fcntl.O_NONBLOCK));
    assertEquals("EAGAIN", TestTree.text(tree.calls.write(ends[1], buffer, 0, 1)));
    assertEquals(4095, tree.calls.read(ends[0], buffer, 0, 4095));
    assertEquals("EAGAIN", TestTree.text(tree.calls.write(ends[1], buffer, 0, 4096)));
    assertEquals("ESPIPE", TestTree.text(tree.calls.lseek(ends[0], 0, Fcntl.SEEK_SET)));
    tree.calls.close(ends[1]);
    assertEquals(Pipe.DEFAULT_BYTES - 4095, tree.calls.read(ends[0], buffer, 0, buffer.length));
    assertEquals(0, tree.calls.read(ends[0], buffer, 0, buffer.length));
    tree.calls.close(ends[0]);
    assertEquals(0, tree.calls.pipe2(ends, 0));
    tree.calls.close(ends[0]);
    assertEquals("EPIPE", TestTree.text(tree.calls.write(ends[1], buffer, 0, 1)));
  }

  @Test
  void theDevicesDoWhatTheirNamesSay() {
    assertEquals("", tree.read("/dev/null"));
    assertEquals("ok", tree.write("/dev/null", "swallowed", RDWR));
    assertEquals("ENOSPC", tree.write("/dev/full", "x", RDWR));
    int zero = tree.fd("/dev/zero", RDONLY);
    byte[] buffer = {1, 2, 3};
    assertEquals(3, tree.calls.read(zero, buffer, 0, 3));
    assertArrayEquals(new byte[3], buffer);
    assertEquals("ENXIO", tree.open("/dev/tty", RDWR));
    assertEquals(DeviceNumber.of(1, 9), tree.stat("/dev/urandom").rdev);
  }

  @Test
  void randomBytesFollowFromTheSeed() throws IOException {
    byte[] first = new byte[16];
    byte[] again = new byte[16];
    int fd = tree.fd("/dev/urandom", RDONLY);
    tree.calls.read(fd, first, 0, 16);
    try (TestTree other = TestTree.over(host)) {
      other.vfs.random(again, 0, 16);
    }
    assertArrayEquals(first, again);
    tree.calls.read(fd, again, 0, 16);
    assertNotEquals(HostNames.fromBytes(first, 0, 16), HostNames.fromBytes(again, 0, 16));
  }

  @Test
  void standardStreamsArePipesOrTerminalsAsTold() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    StandardStreams streams =
        new StandardStreams(
            Channels.newChannel(new ByteArrayInputStream(HostNames.toBytes("input"))),
            Channels.newChannel(out),
            null,
            false,
            true,
            false,
            40,
            132);
    tree.vfs.installStandardStreams(tree.fds, streams, Credentials.of(7, 8));
    byte[] buffer = new byte[20];
    assertEquals(5, tree.calls.read(0, buffer, 0, 20));
    assertEquals(0, tree.calls.read(0, buffer, 0, 20));
    assertEquals(5, tree.calls.write(1, HostNames.toBytes("hello"), 0, 5));
    assertEquals("hello", out.toString(StandardCharsets.US_ASCII));
    assertEquals(3, tree.calls.write(2, buffer, 0, 3));
    assertEquals("ESPIPE", TestTree.text(tree.calls.lseek(0, 0, Fcntl.SEEK_CUR)));
    Kstat stat = new Kstat();
    tree.calls.fstat(0, stat);
    assertEquals(FileMode.S_IFIFO | 0600, stat.mode);
    tree.calls.fstat(1, stat);
    assertEquals(FileMode.S_IFCHR | 0620, stat.mode);
    assertEquals(7, stat.uid);
    assertEquals(stat.ino, tree.stat("/dev/pts/0").ino);
    byte[] winsize = ioctl(1, 0x5413, 8);
    assertArrayEquals(new byte[] {40, 0, (byte) 132, 0, 0, 0, 0, 0}, winsize);
    assertEquals(36, ioctl(1, 0x5401, 36).length);
    assertEquals(0, ioctl(0, 0x5401, 36).length);
  }

  private byte[] ioctl(int fd, int command, int bytes) {
    byte[] memory = new byte[bytes];
    IoctlArgument argument =
        new IoctlArgument() {
          @Override
          public int value() {
            return 0;
          }

          @Override
          public long address() {
            return 0;
          }

          @Override
          public boolean copyToUser(long linearAddress, byte[] from) {
            return false;
          }

          @Override
          public boolean copyFromUser(byte[] to) {
            System.arraycopy(memory, 0, to, 0, to.length);
            return true;
          }

          @Override
          public boolean copyToUser(byte[] from) {
            System.arraycopy(from, 0, memory, 0, from.length);
            return true;
          }
        };
    return tree.calls.ioctl(fd, command, argument) == 0 ? memory : new byte[0];
  }

  @Test
  void namesAreBytes() throws IOException {
    String latin = "caf\u00e9";
    String utf8 = HostNames.fromText("\u6c49\u5b57");
    assertEquals("ok", tree.write("/" + latin, "one"));
    try (TestTree writable = TestTree.over(host, host)) {
      assertEquals("ok", writable.write("/" + utf8, "two"));
      assertEquals("ok", writable.write("/" + latin, "three"));
      assertEquals("0", writable.symlink("../" + latin, "/dir/to"));
      assertEquals("three", writable.read("/dir/to"));
      assertEquals("../" + latin, writable.readlink("/dir/to"));
      assertTrue(writable.names("/").contains(latin));
      assertTrue(writable.names("/").contains(utf8));
    }
    assertEquals("one", tree.read("/" + latin));
    assertEquals("two", tree.read("/" + utf8));
  }

  @Test
  void anOpenFileKnowsItsPathAfterRenameAndRemoval() {
    int fd = tree.fd("/file", RDONLY);
    OpenFile file = tree.fds.get(fd);
    assertTrue(file != null);
    assertEquals("0", tree.rename("/file", "/dir/moved"));
    assertEquals("/dir/moved", file.path());
    assertEquals("0", tree.rename("/dir", "/elsewhere"));
    assertEquals("/elsewhere/moved", file.path());
    assertEquals("0", tree.unlink("/elsewhere/moved"));
    assertEquals("/elsewhere/moved (deleted)", file.path());
    byte[] buffer = new byte[10];
    assertEquals(10, tree.calls.read(fd, buffer, 0, 10));
  }

  @Test
  void theWorkingDirectoryFollowsRenamesAndKnowsItsRemoval() throws Exception {
    assertEquals("0", TestTree.text(tree.calls.chdir("/dir")));
    assertEquals("0", tree.rename("/dir", "/renamed"));
    assertEquals("/renamed", tree.calls.getcwd());
    assertEquals("0123456789", tree.read("../file"));
    assertEquals("0", tree.rmdir("/renamed"));
    assertEquals("ENOENT", tree.write("new", "x"));
    assertEquals("ENOENT", errorOfGetcwd());
  }

  private String errorOfGetcwd() {
    try {
      return tree.calls.getcwd();
    } catch (ErrnoException e) {
      return TestTree.text(e.result());
    }
  }

  @Test
  void aDirectoryIsReadInOrderAndInPieces() {
    int fd = tree.fd("/", Fcntl.O_DIRECTORY);
    StringBuilder names = new StringBuilder();
    int[] room = {0};
    for (int calls = 0; calls < 20; calls++) {
      room[0] = 2;
      tree.calls.getdents(
          fd,
          (name, ino, type, next) -> {
            if (room[0]-- == 0) {
              return false;
            }
            names.append(name).append(' ');
            return true;
          });
    }
    assertEquals(". .. dangling dev dir dirlink file link loop ", names.toString());
    assertEquals(3, tree.calls.lseek(fd, 3, Fcntl.SEEK_SET));
  }

  @Test
  void oPathOpensNothingButThePlace() {
    int fd = tree.fd("/link", Fcntl.O_PATH | Fcntl.O_NOFOLLOW);
    assertEquals("EBADF", TestTree.text(tree.calls.read(fd, new byte[1], 0, 1)));
    byte[] target = new byte[10];
    assertEquals(4, tree.calls.readlinkat(fd, "", target));
    Kstat stat = new Kstat();
    assertEquals(0, tree.calls.fstat(fd, stat));
    assertEquals(FileMode.S_IFLNK, stat.mode & FileMode.S_IFMT);
  }

  @Test
  void timesAreSetAsAsked() {
    assertEquals(0, tree.calls.utimensat(-100, "/file", 5, 6, 7, 8, 0));
    assertEquals(5_000_000_006L, tree.stat("/file").atimeNanos);
    assertEquals(7_000_000_008L, tree.stat("/file").mtimeNanos);
    assertEquals(
        0, tree.calls.utimensat(-100, "/file", 0, Fcntl.UTIME_OMIT, 0, Fcntl.UTIME_NOW, 0));
    assertEquals(5_000_000_006L, tree.stat("/file").atimeNanos);
    assertEquals(TestTree.NOW, tree.stat("/file").mtimeNanos);
    assertEquals("EINVAL", TestTree.text(tree.calls.utimensat(-100, "/file", 0, -1, 0, 0, 0)));
  }
}
