package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.Errno;

/**
 * A program that wants out, by its system calls: each test tries one trick, and afterwards the
 * host's files are as they were. What paths alone can do is in {@code ConfinementTest} of the
 * files.
 */
final class EscapeTest {
  private static final int PATH = SystemCallDriver.DATA;
  private static final int OTHER_PATH = SystemCallDriver.DATA + 0x800;
  private static final int WORDS = SystemCallDriver.DATA + 0x1000;
  private static final int BUFFER = SystemCallDriver.DATA + 0x2000;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0100;
  private static final int O_TRUNC = 01000;
  private static final int O_DIRECTORY = 0200000;
  private static final int AT_FDCWD = -100;
  private static final int AT_SYMLINK_FOLLOW = 0x400;
  private static final int PROT_READ = 1;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int SIGKILL = 9;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;
  private final List<HostTree> trees = new ArrayList<>();
  private List<String> before = List.of();

  @BeforeEach
  void makeHost() {
    HostTree tree = new HostTree(folder);
    trees.add(tree);
    before = tree.picture();
  }

  @AfterEach
  void theHostIsAsItWas() {
    assertEquals(before, trees.getFirst().picture());
    assertEquals(List.of(), trees.getFirst().openOutside());
  }

  private SystemCallDriver driver(int uid) {
    HostTree tree = trees.getFirst();
    Machine machine =
        machines.boot(config ->
            config
                .root(tree.root())
                .writable(tree.writable())
                .workingDirectory("/")
                .terminal(0, true)
                .user(uid, uid));
    return new SystemCallDriver(machine, Path.of("/driver"));
  }

  /** The result with its error's name. */
  private static String open(SystemCallDriver driver, int at, String path, int flags) {
    int result = driver.call("openat", at, driver.string(PATH, path), flags, 0666);
    return result >= 0 ? "opened" : Errno.name(result);
  }

  private static String open(SystemCallDriver driver, String path, int flags) {
    return open(driver, AT_FDCWD, path, flags);
  }

  private static int descriptor(SystemCallDriver driver, String path, int flags) {
    int fd = driver.call("open", driver.string(PATH, path), flags, 0666);
    assertTrue(fd >= 0, () -> path + ": " + Errno.name(fd));
    return fd;
  }

  private static void succeeds(int result) {
    assertTrue(result >= 0, () -> Errno.name(result));
  }

  @Test
  void procSelfRootAndCwdAreTheMachines() {
    SystemCallDriver driver = driver(1000);
    assertEquals("ENOENT", open(driver, "/proc/self/root/../outside/secret", 0));
    succeeds(driver.call("chdir", driver.string(PATH, "/writable")));
    assertEquals("ENOENT", open(driver, "/proc/self/cwd/../../outside/secret", 0));
    assertEquals(1, driver.call("readlink", driver.string(PATH, "/proc/self/root"), BUFFER, 100));
    assertEquals('/', driver.word(BUFFER) & 0xff);
    // Init is outside of the machine, and so is its root.
    assertEquals("ENOENT", open(driver, "/proc/1/root/etc/passwd", 0));
  }

  @Test
  void descriptorsOfFoldersLeadNoFurtherThanTheRoot() {
    SystemCallDriver driver = driver(1000);
    int root = descriptor(driver, "/", O_DIRECTORY);
    int writable = descriptor(driver, "/writable", O_DIRECTORY);
    assertEquals("ENOENT", open(driver, root, "../outside/secret", 0));
    assertEquals("ENOENT", open(driver, writable, "../../outside/secret", 0));
    assertEquals("ENOENT", open(driver, "/proc/self/fd/" + root + "/../outside/secret", 0));
    assertEquals("ENOENT", open(driver, "/proc/self/fd/" + writable + "/../../outside/secret", 0));
    assertEquals("ENOENT", open(driver, root, "up/secret", 0));
    assertEquals("ENOENT", open(driver, root, "absolute", O_RDWR));
  }

  @Test
  void descriptorsOverASocketLeadNoFurtherEither() {
    SystemCallDriver driver = driver(1000);
    int folderFd = descriptor(driver, "/writable", O_DIRECTORY);
    succeeds(driver.call("socketpair", 1, 1, 0, WORDS));
    int one = driver.word(WORDS);
    int other = driver.word(WORDS + 4);
    int control = driver.words(WORDS + 0x100, 16, 1, 1, folderFd);
    int piece = driver.words(WORDS + 0x200, BUFFER, 1);
    int message = driver.words(WORDS + 0x300, 0, 0, piece, 1, control, 16, 0);
    assertEquals(1, driver.call("sendmsg", one, message, 0));
    succeeds(driver.call("close", folderFd));
    driver.words(control, 0, 0, 0, -1);
    assertEquals(1, driver.call("recvmsg", other, message, 0));
    int received = driver.word(control + 12);
    assertEquals("ENOENT", open(driver, received, "../../outside/secret", 0));
    assertEquals("opened", open(driver, received, "../file", 0));
  }

  @Test
  void aChrootThatIsLeftEndsAtTheMachinesRoot() {
    SystemCallDriver driver = driver(0);
    int root = descriptor(driver, "/", O_DIRECTORY);
    succeeds(driver.call("chroot", driver.string(PATH, "/writable")));
    succeeds(driver.call("fchdir", root));
    for (int i = 0; i < 20; i++) {
      succeeds(driver.call("chdir", driver.string(PATH, "..")));
    }
    succeeds(driver.call("chroot", driver.string(PATH, ".")));
    assertEquals("ENOENT", open(driver, "/outside/secret", 0));
    assertEquals("opened", open(driver, "/file", 0));
  }

  @Test
  void linksToWhatIsOutsideCannotBeMade() {
    SystemCallDriver driver = driver(0);
    int to = driver.string(OTHER_PATH, "/writable/stolen");
    int from = driver.string(PATH, "/absolute");
    assertEquals(
        -Errno.ENOENT, driver.call("linkat", AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW));
    assertEquals(-Errno.EXDEV, driver.call("link", driver.string(PATH, "/file"), to));
    // The link itself may be linked where it lies, and still leads nowhere.
    succeeds(driver.call("link", driver.string(PATH, "/absolute"), driver.string(to, "/again")));
    assertEquals("ENOENT", open(driver, "/again", 0));
  }

  @Test
  void aFolderThatBecomesALinkAfterItWasOpenedStaysTheFolder() throws IOException {
    SystemCallDriver driver = driver(0);
    succeeds(driver.call("mkdir", driver.string(PATH, "/writable/d"), 0777));
    int before = descriptor(driver, "/writable/d", O_DIRECTORY);
    int moved = driver.string(OTHER_PATH, "/writable/e");
    succeeds(driver.call("rename", driver.string(PATH, "/writable/d"), moved));
    int target = driver.string(OTHER_PATH, "../../outside");
    succeeds(driver.call("symlink", target, driver.string(PATH, "/writable/d")));
    assertEquals("ENOENT", open(driver, before, "secret", O_RDWR));
    assertEquals("ENOENT", open(driver, "/writable/d/secret", O_RDWR));
    assertEquals("ENOENT", open(driver, "/writable/d/new", O_RDWR | O_CREAT));
    assertEquals("opened", open(driver, before, "new", O_RDWR | O_CREAT));
    assertTrue(Files.exists(trees.getFirst().writable().resolve("e/new")));
  }

  @Test
  void aFileThatIsOpenForReadingCannotBeWrittenThroughAMapping() {
    SystemCallDriver driver = driver(1000);
    int fd = descriptor(driver, "/file", 0);
    assertEquals(-Errno.EACCES, driver.call("mmap2", 0, 4096, PROT_READ_WRITE, MAP_SHARED, fd, 0));
    int at = driver.call("mmap2", 0, 4096, PROT_READ, MAP_SHARED, fd, 0);
    assertFalse(Errno.isError(at));
    assertEquals(-Errno.EACCES, driver.call("mprotect", at, 4096, PROT_READ_WRITE));
    // Nor may a call write there.
    assertEquals(-Errno.EFAULT, driver.call("getcwd", at, 4096));
  }

  @Test
  void whatAProgramMayWriteOfTheRootEndsWithTheMachine() {
    SystemCallDriver driver = driver(0);
    assertEquals("opened", open(driver, "/file", O_TRUNC));
    assertEquals("opened", open(driver, "/file", O_RDWR | O_TRUNC));
    succeeds(driver.call("truncate", driver.string(PATH, "/folder/deeper/file"), 1));
    int fd = descriptor(driver, "/script", O_RDWR);
    int at = driver.call("mmap2", 0, 4096, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    driver.words(at, 1, 2, 3);
    succeeds(driver.call("msync", at, 4096, 4));
    succeeds(driver.call("fchmod", fd, 04777));
    succeeds(driver.call("unlink", driver.string(PATH, "/empty")));
    succeeds(
        driver.call("rename", driver.string(PATH, "/folder"), driver.string(OTHER_PATH, "/x")));
  }

  @Test
  void giantSizesAndNegativeLengthsAreErrorsOrEndEarly() {
    SystemCallDriver driver = driver(0);
    int fd = descriptor(driver, "/file", 0);
    int out = descriptor(driver, "/writable/out", O_RDWR | O_CREAT);
    for (int size : new int[] {0x7fff_ffff, 0x8000_0000, -1, -4096}) {
      driver.call("lseek", fd, 0, 0);
      int read = driver.call("read", fd, BUFFER, size);
      assertTrue(read == -Errno.EFAULT || read == 7000, () -> "read " + size + ": " + read);
      int written = driver.call("write", out, BUFFER, size);
      assertTrue(written == -Errno.EFAULT || written < 0x1_0000, () -> "write: " + written);
      assertTrue(driver.call("getdents64", fd, BUFFER, size) < 0);
      // Two gigabytes may be mapped, as on Linux; there is nothing behind the file's end.
      int at = driver.call("mmap2", 0, size, PROT_READ, MAP_SHARED, fd, 0);
      assertEquals(size != 0x7fff_ffff, Errno.isError(at), () -> "mmap of " + size);
      assertTrue(driver.call("setgroups", size, BUFFER) < 0);
      assertTrue(driver.call("poll", BUFFER, size, 0) < 0);
      int piece = driver.words(WORDS, BUFFER, size);
      assertTrue(driver.call("readv", fd, piece, 1) <= 7000);
      assertTrue(driver.call("readv", fd, piece, size) < 0);
    }
    assertEquals(-Errno.EINVAL, driver.call("readlink", driver.string(PATH, "/up"), BUFFER, -1));
    assertEquals(-Errno.EINVAL, driver.call("ftruncate64", out, 0, 0x8000_0000));
    assertEquals(-Errno.EINVAL, driver.call("pread64", fd, BUFFER, 4, -1, -1));
    assertEquals(-Errno.EINVAL, driver.call("lseek", fd, -1, 0));
    assertEquals(-Errno.EINVAL, driver.call("sendfile64", out, fd, driver.words(WORDS, -1, -1), 4));
    assertEquals(0x7fff_ffff, driver.call("lseek", out, 0x7fff_ffff, 0));
  }

  @Test
  void devicesOfTheHostAreNotThereAndCannotBeMade() {
    SystemCallDriver driver = driver(0);
    for (String name : List.of("mem", "kmem", "port", "sda", "vda", "kvm", "fuse", "net/tun")) {
      assertEquals("ENOENT", open(driver, "/dev/" + name, O_RDWR), name);
    }
    int character = 020666;
    int memory = 1 << 8 | 1;
    int path = driver.string(PATH, "/writable/mem");
    assertEquals(-Errno.EPERM, driver.call("mknod", path, character, memory));
    int own = driver.call("mknod", driver.string(PATH, "/mem"), character, memory);
    assertTrue(own < 0 || !open(driver, "/mem", O_RDWR).equals("opened"));
  }

  @Test
  void procSelfMemDoesNotReachTheKernel() {
    SystemCallDriver driver = driver(0);
    int fd = driver.call("open", driver.string(PATH, "/proc/self/mem"), O_RDWR, 0);
    if (fd < 0) {
      assertEquals(-Errno.ENOENT, fd);
      return;
    }
    assertTrue(driver.call("pread64", fd, BUFFER, 16, 0xc100_0000, 0) < 0);
    assertTrue(driver.call("pwrite64", fd, BUFFER, 16, 0xc100_0000, 0) < 0);
  }

  @Test
  void whatIsTypedByIoctlStaysInTheMachinesOwnTerminal() {
    SystemCallDriver driver = driver(1000);
    int tiocsti = 0x5412;
    int tioclinux = 0x541c;
    if (driver.call("ioctl", 0, tiocsti, driver.string(PATH, "x")) == 0) {
      assertEquals(0, driver.call("ioctl", 0, tiocsti, driver.string(PATH, "\n")));
      assertEquals(2, driver.call("read", 0, BUFFER, 10));
      assertEquals('x', driver.word(BUFFER) & 0xff);
    }
    assertTrue(driver.call("ioctl", 0, tioclinux, driver.words(WORDS, 2)) < 0);
  }

  @Test
  void processesOfTheHostAreNotThere() throws IOException {
    Process sleeper = new ProcessBuilder("sleep", "100").start();
    try {
      SystemCallDriver driver = driver(0);
      for (int pid : new int[] {1, (int) sleeper.pid(), (int) ProcessHandle.current().pid()}) {
        assertEquals(-Errno.ESRCH, driver.call("kill", pid, SIGKILL));
        assertEquals(-Errno.ESRCH, driver.call("tgkill", pid, pid, SIGKILL));
        assertEquals(-Errno.ESRCH, driver.call("tkill", pid, SIGKILL));
        assertEquals(-Errno.ESRCH, driver.call("prlimit64", pid, 7, 0, BUFFER));
        assertEquals(-Errno.ESRCH, driver.call("sched_getscheduler", pid));
        assertTrue(driver.call("getpgid", pid) < 0);
        assertTrue(driver.call("pidfd_open", pid, 0) < 0);
        assertTrue(driver.call("ptrace", 16, pid, 0, 0) < 0);
        int vector = driver.words(WORDS, BUFFER, 4);
        assertEquals(-Errno.ESRCH, driver.call("process_vm_readv", pid, vector, 1, vector, 1, 0));
        assertEquals("ENOENT", open(driver, "/proc/" + pid + "/environ", 0));
      }
      assertEquals(-Errno.ESRCH, driver.call("kill", -1, SIGKILL));
      assertTrue(sleeper.isAlive());
    } finally {
      sleeper.destroyForcibly();
    }
  }

  @Test
  void whatTheProgramCanListIsTheRoot() {
    SystemCallDriver driver = driver(1000);
    int fd = descriptor(driver, "/..", O_DIRECTORY);
    int bytes = driver.call("getdents64", fd, BUFFER, 4096);
    String names =
        new String(
            driver.machine().linearMemory().peek(BUFFER, bytes), StandardCharsets.ISO_8859_1);
    assertTrue(names.contains("driver") && !names.contains("outside"), names);
    assertEquals(Set.of("root", "outside"), Set.of(folder.toFile().list()));
  }
}
