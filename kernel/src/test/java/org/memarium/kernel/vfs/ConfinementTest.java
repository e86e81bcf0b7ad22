package org.memarium.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every way out of the view that we know of is closed; each test tries one. */
class ConfinementTest {

  @TempDir Path host;
  private Path jail;
  private Path outside;
  private Path shared;
  private List<String> outsideBefore = List.of();

  @BeforeEach
  void makeHost() throws IOException {
    host = host.toRealPath();
    jail = Files.createDirectory(host.resolve("jail"));
    outside = Files.createDirectory(host.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "secret");
    Files.createDirectory(outside.resolve("folder"));
    Files.writeString(jail.resolve("inside"), "inside");
    Files.createDirectory(jail.resolve("folder"));
    Files.writeString(jail.resolve("folder/file"), "file");
    shared = Files.createDirectory(jail.resolve("shared"));
    outsideBefore = picture(outside);
  }

  @AfterEach
  void nothingOutsideHasChanged() throws IOException {
    assertEquals(outsideBefore, picture(outside));
  }

  private static List<String> picture(Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted().toList()) {
        lines.add(
            path
                + " "
                + Files.readAttributes(
                    path, "unix:ino,mode,nlink,uid,size,ctime", LinkOption.NOFOLLOW_LINKS));
      }
    }
    return lines;
  }

  @Test
  void dotDotStopsAtTheRoot() throws IOException {
    try (TestTree tree = TestTree.over(jail)) {
      assertEquals("ENOENT", tree.read("/../outside/secret"));
      assertEquals("ENOENT", tree.read("../../../outside/secret"));
      assertEquals("inside", tree.read("/../../folder/../../inside"));
    }
  }

  @Test
  void anAbsoluteLinkStartsAtTheRootOfTheView() throws IOException {
    Files.createSymbolicLink(jail.resolve("absolute"), outside.resolve("secret"));
    Files.createSymbolicLink(jail.resolve("in"), Path.of("/inside"));
    try (TestTree tree = TestTree.over(jail)) {
      assertEquals("ENOENT", tree.read("/absolute"));
      assertEquals("inside", tree.read("/in"));
    }
  }

  @Test
  void aRelativeLinkDoesNotClimbOut() throws IOException {
    Files.createSymbolicLink(jail.resolve("up"), Path.of("../outside"));
    Files.createSymbolicLink(jail.resolve("folder/up"), Path.of("../../outside/secret"));
    try (TestTree tree = TestTree.over(jail)) {
      assertEquals("ENOENT", tree.read("/up/secret"));
      assertEquals("ENOENT", tree.read("/folder/up"));
      assertEquals("../outside", tree.readlink("/up"));
    }
  }

  @Test
  void aLinkThatTheProgramMakesDoesNotLeadOut() throws IOException {
    try (TestTree tree = TestTree.over(jail, shared)) {
      assertEquals("0", tree.symlink(outside.toString(), "/shared/out"));
      assertEquals("0", tree.symlink("../../outside", "/shared/relative"));
      assertEquals("ENOENT", tree.read("/shared/out/secret"));
      assertEquals("ENOENT", tree.read("/shared/relative/secret"));
      assertEquals("ENOENT", tree.write("/shared/out/new", "x"));
      // The host has the links as they were asked for; only we do not follow them.
      assertTrue(Files.isSymbolicLink(shared.resolve("out")));
    }
  }

  @Test
  void linksOfAWritableFolderGrantNothing() throws IOException {
    Files.createSymbolicLink(shared.resolve("link"), outside.resolve("secret"));
    Files.createSymbolicLink(shared.resolve("dir"), outside);
    try (TestTree tree = TestTree.over(host, shared)) {
      // The view holds the outside folder here, so the links work, but only in the overlay.
      assertEquals("ENOENT", tree.read("/jail/shared/link"));
    }
    Files.delete(shared.resolve("link"));
    Files.delete(shared.resolve("dir"));
    Files.createSymbolicLink(shared.resolve("link"), Path.of("../../outside/secret"));
    Files.createSymbolicLink(shared.resolve("dir"), Path.of("../../outside"));
    try (TestTree tree = TestTree.over(host, shared)) {
      assertEquals("secret", tree.read("/jail/shared/link"));
      assertEquals("ok", tree.write("/jail/shared/link", "changed"));
      assertEquals("ok", tree.write("/jail/shared/dir/new", "new"));
      assertEquals("0", tree.unlink("/jail/shared/dir/folder/../secret"));
      assertEquals("new", tree.read("/outside/new"));
    }
    assertEquals("secret", Files.readString(outside.resolve("secret")));
    assertFalse(Files.exists(outside.resolve("new")));
  }

  @Test
  void aHardLinkIntoAWritableFolderIsRefused() throws IOException {
    try (TestTree tree = TestTree.over(host, shared)) {
      assertEquals("EXDEV", tree.link("/outside/secret", "/jail/shared/mine"));
      assertEquals("EXDEV", tree.rename("/outside/secret", "/jail/shared/mine"));
      assertEquals(
          "EXDEV", tree.rename("/jail/shared", "/outside/shared").replace("EBUSY", "EXDEV"));
    }
  }

  @Test
  void theWritableFolderItselfStays() throws IOException {
    try (TestTree tree = TestTree.over(jail, shared)) {
      assertEquals("EBUSY", tree.rename("/shared", "/elsewhere"));
      assertEquals("EBUSY", tree.rmdir("/shared"));
      assertEquals("EBUSY", tree.rename("/folder", "/shared"));
    }
    assertTrue(Files.isDirectory(shared));
  }

  @Test
  void movingAnAncestorDoesNotMoveTheGrant() throws IOException {
    Path deep = Files.createDirectories(jail.resolve("a/b/deep"));
    try (TestTree tree = TestTree.over(jail, deep)) {
      assertEquals("0", tree.rename("/a/b", "/moved"));
      assertEquals("ok", tree.write("/moved/deep/file", "through"));
      assertEquals("0", tree.mkdir("/a/b"));
      assertEquals("0", tree.mkdir("/a/b/deep"));
      assertEquals("ok", tree.write("/a/b/deep/other", "overlay"));
    }
    assertEquals("through", Files.readString(deep.resolve("file")));
    assertFalse(Files.exists(deep.resolve("other")));
  }

  @Test
  void nothingOfTheOverlayReachesTheHost() throws IOException {
    try (TestTree tree = TestTree.over(host)) {
      assertEquals("ok", tree.write("/outside/secret", "changed"));
      assertEquals("ok", tree.write("/outside/new", "new"));
      assertEquals("0", tree.chmod("/outside/folder", 0700));
      assertEquals("0", tree.rename("/outside/folder", "/outside/moved"));
      assertEquals("0", tree.unlink("/outside/secret"));
      assertEquals("0", tree.symlink("x", "/outside/link"));
      assertEquals("0", tree.link("/outside/new", "/outside/second"));
      assertEquals("0", TestTree.text(tree.calls.truncate("/outside/new", 1)));
      assertEquals("link moved new second", tree.names("/outside"));
    }
  }

  @Test
  void chrootAndDescriptorsDoNotLeadOut() throws IOException {
    try (TestTree tree = TestTree.over(jail)) {
      tree.calls.credentials(Credentials.of(0, 0));
      int fd = tree.fd("/", Fcntl.O_DIRECTORY);
      assertEquals("0", TestTree.text(tree.calls.chroot("/folder")));
      // The classic way out of a chroot: a descriptor of a directory above it.
      assertEquals("0", TestTree.text(tree.calls.fchdir(fd)));
      assertEquals("0", TestTree.text(tree.calls.chdir("../../../..")));
      assertEquals("0", TestTree.text(tree.calls.chroot(".")));
      assertEquals("inside", tree.read("/inside"));
      assertEquals("ENOENT", tree.read("/outside/secret"));
    }
  }

  @Test
  void aSetUserIdProgramCannotBeMadeOnTheHost() throws IOException {
    try (TestTree tree = TestTree.over(jail, shared)) {
      assertEquals("ok", tree.write("/shared/program", "x"));
      assertEquals("EPERM", tree.chmod("/shared/program", 04755));
      assertEquals("EPERM", tree.open("/shared/other", Fcntl.O_CREAT | Fcntl.O_WRONLY, 02755));
      assertEquals("0", tree.chmod("/shared/program", 0755));
    }
    int mode = (Integer) Files.getAttribute(shared.resolve("program"), "unix:mode");
    assertEquals(0755, mode & 07777);
    assertFalse(Files.exists(shared.resolve("other")));
  }

  @Test
  void aFolderThatTheHostReplacesByALinkLeadsNowhere() throws IOException {
    Files.createDirectories(shared.resolve("a/folder"));
    Files.writeString(shared.resolve("a/folder/file"), "inside");
    try (TestTree tree = TestTree.over(jail, shared)) {
      int held = tree.fd("/shared/a/folder", Fcntl.O_DIRECTORY);
      int file = tree.fd("/shared/a/folder/file", Fcntl.O_RDWR);
      // Another machine, or anybody on the host, exchanges the folder between look and use.
      Files.move(shared.resolve("a"), shared.resolve("moved"));
      Files.createSymbolicLink(shared.resolve("a"), outside);
      int create = Fcntl.O_CREAT | Fcntl.O_RDWR;
      assertEquals("ELOOP", TestTree.text(tree.calls.openat(held, "new", create, 0644)));
      assertEquals("ELOOP", TestTree.text(tree.calls.mkdirat(held, "new", 0755)));
      assertEquals("ELOOP", TestTree.text(tree.calls.unlinkat(held, "secret", 0)));
      assertEquals("ENOENT", tree.write("/shared/a/new", "x"));
      // The open file is still the same one.
      assertEquals(1, tree.calls.pwrite64(file, new byte[] {'I'}, 0, 1, 0));
      assertEquals("Inside", Files.readString(shared.resolve("moved/folder/file")));
      assertEquals("0", TestTree.text(tree.calls.fchmod(file, 0600)));
    }
  }

  @Test
  void aNamedPipeOfAWritableFolderIsNobodysOnTheHost() throws Exception {
    Process mkfifo = new ProcessBuilder("mkfifo", shared.resolve("theirs").toString()).start();
    assertEquals(0, mkfifo.waitFor());
    try (TestTree tree = TestTree.over(jail, shared)) {
      assertEquals("EACCES", tree.open("/shared/theirs", Fcntl.O_RDWR));
      int fifo = FileMode.S_IFIFO | 0600;
      assertEquals("0", TestTree.text(tree.calls.mknodat(Fcntl.AT_FDCWD, "/shared/ours", fifo, 0)));
      assertEquals(FileMode.S_IFIFO, tree.stat("/shared/ours").mode & FileMode.S_IFMT);
      int device = FileMode.S_IFCHR | 0600;
      assertEquals(
          "EPERM", TestTree.text(tree.calls.mknodat(Fcntl.AT_FDCWD, "/shared/dev", device, 0x103)));
    }
    assertTrue(Files.exists(shared.resolve("ours")));
  }

  @Test
  void devicesAndPipesOfTheHostStayClosed() throws Exception {
    Process mkfifo = new ProcessBuilder("mkfifo", jail.resolve("fifo").toString()).start();
    assertEquals(0, mkfifo.waitFor());
    try (TestTree tree = TestTree.over(jail)) {
      assertEquals("EACCES", tree.open("/fifo", Fcntl.O_RDWR));
      assertEquals(FileMode.S_IFIFO, tree.stat("/fifo").mode & FileMode.S_IFMT);
    }
  }

  @Test
  void procOfTheHostIsClosedWhereverItIsMounted() throws IOException {
    try (TestTree tree = TestTree.over(Path.of("/"))) {
      // Nothing is mounted on /proc in this tree, so the host's would show.
      assertEquals("EACCES", tree.read("/proc/self/environ"));
      assertEquals("EACCES", tree.read("/proc/self/root/etc/passwd"));
    }
  }

  @Test
  void theHostsDevicesAreHiddenBehindOurOwn() throws IOException {
    try (TestTree tree = TestTree.over(Path.of("/"))) {
      assertEquals(
          "fd full kmsg null ptmx pts random shm stderr stdin stdout tty urandom zero",
          tree.names("/dev"));
      assertNotEquals(
          Files.getAttribute(Path.of("/dev"), "unix:dev"), (Object) tree.stat("/dev").dev);
    }
  }

  @Test
  void aWritableFolderOutsideTheRootIsRefused() throws IOException {
    Files.createSymbolicLink(jail.resolve("out"), outside);
    InvalidViewException e =
        assertThrows(
            InvalidViewException.class, () -> TestTree.over(jail, jail.resolve("out")).close());
    assertTrue(
        String.valueOf(e.getMessage()).contains("is not inside the root folder"), e::getMessage);
  }

  @Test
  void aRootThatIsNotThereIsRefused() {
    InvalidViewException e =
        assertThrows(
            InvalidViewException.class,
            () -> TestTree.as(Credentials.of(0, 0), host.resolve("nowhere")).close());
    assertTrue(String.valueOf(e.getMessage()).contains("nowhere"), e::getMessage);
    assertThrows(
        InvalidViewException.class,
        () -> TestTree.as(Credentials.of(0, 0), outside.resolve("secret")).close());
  }
}
