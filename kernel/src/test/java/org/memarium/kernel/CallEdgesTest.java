package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.RLimits;

/** What the oracle has found at the edges of calls: bad pointers, odd numbers, files of /proc. */
final class CallEdgesTest {
  private static final int RW = 3;
  private static final int PRIVATE_ANONYMOUS_FIXED = 0x32;
  private static final int STACK_FLAGS = 0x132;
  private static final int PAGES = 0x1000_0000;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int O_LARGEFILE = 0100000;
  private static final int PR_SET_THP_DISABLE = 41;
  private static final int PR_GET_THP_DISABLE = 42;
  private static final int SIGKILL = 9;
  private static final int SIGXFSZ = 25;
  private static final int NAME = JavaProgram.DATA + 0x1000;
  private static final int BUFFER = JavaProgram.DATA + 0x2000;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  private JavaProgram start(Layout layout) {
    return JavaProgram.start(machines.boot(config -> config.layout(layout)));
  }

  private static int open(JavaProgram program, String path, int flags) {
    int fd = program.call("open", program.string(NAME, path), flags);
    assertTrue(fd >= 0, () -> path + ": " + Errno.name(-fd));
    return fd;
  }

  private static void map(JavaProgram program, int at, int pages, int flags) {
    assertEquals(at, program.call("mmap2", at, pages * Ram.PAGE_SIZE, RW, flags, -1, 0));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "5, 1",
    "6, -22",
    "x, -22",
    "1x, -22",
    "99999999999, -34",
    "-99999999999, -34",
    "1              and more than twelve characters, 12"
  })
  void clearRefsTakesANumberOfOneInt(String text, int result) {
    JavaProgram program = start(Layout.COMPAT);
    int fd = open(program, "/proc/self/clear_refs", O_WRONLY);
    assertEquals(result, program.call("write", fd, program.string(NAME, text), text.length()));
  }

  @Test
  void aWriteOfNothingIsNoNumber() {
    JavaProgram program = start(Layout.I386);
    int fd = open(program, "/proc/self/clear_refs", O_WRONLY);
    assertEquals(-Errno.EINVAL, program.call("write", fd, NAME, 0));
  }

  @Test
  void whoHasRenouncedHugePagesHasChildrenWithout() {
    JavaProgram program = start(Layout.COMPAT);
    assertEquals(-Errno.EINVAL, program.call("prctl", PR_SET_THP_DISABLE, 1, 1, 0, 0));
    assertEquals(0, program.call("prctl", PR_SET_THP_DISABLE, 1, 2, 0, 0));
    assertEquals(3, program.call("prctl", PR_GET_THP_DISABLE, 0, 0, 0, 0));
    assertEquals(0, program.call("prctl", PR_SET_THP_DISABLE, 1, 0, 0, 0));
    JavaProgram child = program.fork();
    assertEquals(1, child.call("prctl", PR_GET_THP_DISABLE, 0, 0, 0, 0));
    assertTrue(child.machine().proc(child.task().pid() + "/status").contains("THP_enabled:\t0"));
  }

  @Test
  void aNewLimitIsReadBeforeAnybodyAsksWhatItLimits() {
    JavaProgram program = start(Layout.COMPAT);
    assertEquals(-Errno.EFAULT, program.call("prlimit64", 0, 16, PAGES, 0));
    assertEquals(-Errno.ESRCH, program.call("prlimit64", 4711, 16, 0, 0));
    assertEquals(-Errno.EINVAL, program.call("prlimit64", 0, 16, 0, 0));
  }

  @ParameterizedTest
  @CsvSource({"COMPAT, 0", "I386, 255"})
  void getrlimitOfOldWritesEachNumberWholeOrNotAtAll(Layout layout, int last) {
    JavaProgram program = start(layout);
    map(program, PAGES, 1, PRIVATE_ANONYMOUS_FIXED);
    int to = PAGES + Ram.PAGE_SIZE - 6;
    assertEquals(-Errno.EFAULT, program.call("getrlimit", RLimits.AS, to));
    assertEquals(0x7fff_ffff, program.readInt(to));
    assertEquals(last, program.readByte(to + 4));
  }

  @ParameterizedTest
  @CsvSource({"COMPAT, 0", "I386, -14"})
  void aSegmentsNewOwnerIsReadWithoutTheRestByA64BitKernel(Layout layout, int result) {
    JavaProgram program = start(layout);
    map(program, PAGES, 1, PRIVATE_ANONYMOUS_FIXED);
    int id = program.call("shmget", 0, 1, 0600);
    assertEquals(result, program.call("shmctl", id, 1, PAGES + Ram.PAGE_SIZE - 36));
  }

  @ParameterizedTest
  @CsvSource({"COMPAT, 2", "I386, 1"})
  void aNameIsReadByWordsSoThatTheNextPageMayComeIn(Layout layout, int faults) {
    JavaProgram program = start(layout);
    map(program, PAGES, 2, PRIVATE_ANONYMOUS_FIXED);
    long before = program.task().faults().minor();
    assertTrue(program.call("memfd_create", PAGES + Ram.PAGE_SIZE - 2, 0) > 0);
    assertEquals(faults, program.task().faults().minor() - before);
  }

  @Test
  void filesOfProcCanBeOpenedAndCutByRootAndNothingBecomesOfIt() {
    JavaProgram program = start(Layout.COMPAT);
    int pagemap = open(program, "/proc/self/pagemap", O_RDWR);
    assertEquals(-Errno.EINVAL, program.call("write", pagemap, NAME, 8));
    assertEquals(0, program.call("ftruncate64", pagemap, 77, 0));
    assertEquals(-Errno.EPERM, program.call("mmap2", 0, 4096, 5, 2, pagemap, 0));
    assertEquals(-Errno.ENODEV, program.call("mmap2", 0, 4096, 1, 2, pagemap, 0));
  }

  @Test
  void aTransferWithMemIsBadAsAWholeWhereTheProgramsOwnMemoryEnds() {
    JavaProgram program = start(Layout.COMPAT);
    map(program, PAGES, 2, PRIVATE_ANONYMOUS_FIXED);
    map(program, PAGES + 0x10_000, 4, PRIVATE_ANONYMOUS_FIXED);
    int mem = open(program, "/proc/self/mem", O_RDWR);
    program.writeInt(PAGES, 42);
    int to = PAGES + 0x10_000;
    assertEquals(-Errno.EFAULT, program.call("pwrite64", mem, PAGES, 3 * Ram.PAGE_SIZE, to, 0));
    assertEquals(42, program.readInt(to));
    int last = PAGES + 0x13_ffe;
    assertEquals(
        -Errno.EFAULT, program.call("pwrite64", mem, PAGES + Ram.PAGE_SIZE, 0x1002, last, 0));
    assertEquals(2, program.call("pwrite64", mem, PAGES, 0x1002, last, 0));
    assertEquals(-Errno.EFAULT, program.call("pread64", mem, PAGES, 3 * Ram.PAGE_SIZE, to, 0));
    assertEquals(2 * Ram.PAGE_SIZE, program.call("pread64", mem, to, 0x3000, PAGES, 0));
    assertEquals(-Errno.EIO, program.call("pread64", mem, to, 8, 0x2000_0000, 0));
  }

  @Test
  void nothingIsReadForMemoryThatIsGone() {
    JavaProgram program = start(Layout.COMPAT);
    JavaProgram child = program.fork();
    int mem = open(program, "/proc/" + child.task().pid() + "/mem", O_RDWR);
    int clear = open(program, "/proc/" + child.task().pid() + "/clear_refs", O_WRONLY);
    child.exit(0);
    int one = program.string(NAME, "1");
    assertEquals(1, program.call("write", clear, one, 1));
    program.call("wait4", -1, 0, 0, 0);
    assertEquals(-Errno.ESRCH, program.call("write", clear, one, 1));
    assertEquals(-Errno.EINVAL, program.call("write", clear, one, 0));
    assertEquals(0, program.call("pwrite64", mem, PAGES, 0x2000, BUFFER, 0));
    assertEquals(0, program.call("pread64", mem, PAGES, 0x2000, BUFFER, 0));
  }

  @Test
  void theLimitOfFilesHoldsForMemsLengthAlone() {
    JavaProgram program = start(Layout.COMPAT);
    map(program, PAGES, 1, PRIVATE_ANONYMOUS_FIXED);
    int mem = open(program, "/proc/self/mem", O_RDWR | O_LARGEFILE);
    assertEquals(-Errno.EFBIG, program.call("ftruncate64", mem, 0, 1));
    program.call("setrlimit", RLimits.FSIZE, program.words(BUFFER, 0, -1));
    assertEquals(8, program.call("pwrite64", mem, BUFFER, 8, PAGES, 0));
    program.call("rt_sigaction", SIGXFSZ, program.words(BUFFER, 1, 0, 0, 0, 0), 0, 8);
    assertEquals(-Errno.EFBIG, program.call("ftruncate64", mem, 1, 0));
  }

  @Test
  void aLimitOfFilesAboveAllSignedNumbersIsBelowAllPlacesButNotBelowAllSizes() {
    JavaProgram program = start(Layout.COMPAT);
    int file = program.call("memfd_create", program.string(NAME, "m"), 0);
    program.call("rt_sigaction", SIGXFSZ, program.words(BUFFER, 1, 0, 0, 0, 0), 0, 8);
    int limit = program.words(BUFFER, 0, -1, -1, -1);
    assertEquals(0, program.call("prlimit64", 0, RLimits.FSIZE, limit, 0));
    assertEquals(-Errno.EFBIG, program.call("pwrite64", file, BUFFER, 8, 0, 0));
    assertEquals(0, program.call("ftruncate64", file, 8, 0));
    program.words(BUFFER, -1, -1, -1, -1);
    assertEquals(0, program.call("prlimit64", 0, RLimits.FSIZE, limit, 0));
    assertEquals(8, program.call("pwrite64", file, BUFFER, 8, 0, 0));
  }

  @Test
  void whoHasNoDescriptorLeftHearsNothingOfPagesThatAreNotThere() {
    JavaProgram program = start(Layout.COMPAT);
    int hugePagesOf4Mib = 4 | 22 << 26;
    int name = program.string(NAME, "m");
    assertEquals(-Errno.ENODEV, program.call("memfd_create", name, hugePagesOf4Mib));
    program.call("setrlimit", RLimits.NOFILE, program.words(BUFFER, 3, 3));
    for (int fd = 0; fd < 3; fd++) {
      program.call("dup2", program.call("memfd_create", name, 0), fd);
    }
    assertEquals(-Errno.EMFILE, program.call("memfd_create", name, hugePagesOf4Mib));
  }

  @Test
  void aStackGrowsWithinTheLimitsOfWhoeverReadsIt() {
    JavaProgram program = start(Layout.COMPAT);
    map(program, PAGES, 1, STACK_FLAGS);
    JavaProgram child = program.fork();
    child.call("setrlimit", RLimits.STACK, child.words(BUFFER, 4096, -1));
    int pid = child.task().pid();
    int mem = open(child, "/proc/self/mem", O_RDWR);
    assertEquals(-Errno.EIO, child.call("pread64", mem, BUFFER, 8, PAGES - 0x2000, 0));
    mem = open(program, "/proc/" + pid + "/mem", O_RDWR);
    assertEquals(8, program.call("pread64", mem, BUFFER, 8, PAGES - 0x2000, 0));
  }

  @Test
  void theAuxiliaryVectorEndsWhereA64BitKernelSeesItsEnd() {
    JavaProgram program = start(Layout.COMPAT);
    byte[] wide = program.machine().files().read("/proc/self/auxv");
    assertEquals(0, wide.length % 16);
    assertArrayEquals(new byte[16], Arrays.copyOfRange(wide, wide.length - 16, wide.length));
    byte[] narrow = start(Layout.I386).machine().files().read("/proc/self/auxv");
    assertArrayEquals(new byte[8], Arrays.copyOfRange(narrow, narrow.length - 8, narrow.length));
    assertTrue(
        Arrays.mismatch(new byte[16], Arrays.copyOfRange(narrow, narrow.length - 16, narrow.length))
            >= 0);
  }

  /** Each as the host answers. */
  @Test
  void adviceForWhatIsEmptyIsLookedAtOnlyBeforeTheFirstByte() {
    JavaProgram program = start(Layout.COMPAT);
    map(program, PAGES, 2, PRIVATE_ANONYMOUS_FIXED);
    int pidfd = program.call("pidfd_open", program.task().pid(), 0);
    int dontNeed = 4;
    int unknown = 99;
    int odd = PAGES + 1;
    int one = program.words(BUFFER, odd, 0);
    assertEquals(0, program.call("process_madvise", pidfd, one, 1, unknown, 0));
    assertEquals(0, program.call("process_madvise", pidfd, one, 0, unknown, 0));
    int two = program.words(BUFFER, odd, 0, PAGES, Ram.PAGE_SIZE);
    assertEquals(-Errno.EINVAL, program.call("process_madvise", pidfd, two, 2, dontNeed, 0));
    int three = program.words(BUFFER, PAGES, Ram.PAGE_SIZE, odd, 0, PAGES, Ram.PAGE_SIZE);
    assertEquals(2 * Ram.PAGE_SIZE, program.call("process_madvise", pidfd, three, 3, dontNeed, 0));
    assertEquals(Ram.PAGE_SIZE, program.call("process_madvise", pidfd, three, 2, dontNeed, 0));
  }

  @Test
  void theMemoryOfAKilledProcessCanBeReleased() {
    JavaProgram program = start(Layout.COMPAT);
    JavaProgram child = program.fork();
    map(child, PAGES, 64, PRIVATE_ANONYMOUS_FIXED);
    for (int page = 0; page < 64; page++) {
      child.writeInt(PAGES + page * Ram.PAGE_SIZE, page);
    }
    int pidfd = program.call("pidfd_open", child.task().pid(), 0);
    assertEquals(-Errno.EINVAL, program.call("process_mrelease", pidfd, 1));
    assertEquals(-Errno.EINVAL, program.call("process_mrelease", pidfd, 0));
    assertEquals(-Errno.EBADF, program.call("process_mrelease", 100, 0));
    assertEquals(0, program.call("kill", child.task().pid(), SIGKILL));
    if (!child.isEnded()) {
      long before = child.task().requireMm().rss().total();
      assertEquals(0, program.call("process_mrelease", pidfd, 0));
      assertTrue(child.task().requireMm().rss().total() <= before - 64);
      assertEquals(0, program.call("process_mrelease", pidfd, 0));
    } else {
      assertEquals(-Errno.ESRCH, program.call("process_mrelease", pidfd, 0));
    }
  }
}
