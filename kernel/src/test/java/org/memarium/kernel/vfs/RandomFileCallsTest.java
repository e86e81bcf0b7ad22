package org.memarium.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.HostFiles;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.MemMapAudit;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageAllocatorAudit;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;

/**
 * Long random sequences of calls on names and on open files, made on the host's kernel and here:
 * every result, error and byte must agree, and so must the two trees in the end. Open files stay
 * open across renames and removals, and directories among them are where paths start.
 */
class RandomFileCallsTest {

  private static final int STEPS = 2500;
  private static final int SLOTS = 5;
  private static final String[] NAMES = {"a", "b", "c"};
  private static final int TMPFILE = Fcntl.O_TMPFILE_BIT | Fcntl.O_DIRECTORY;

  private static final int[] OPEN_FLAGS = {
    Fcntl.O_RDWR | Fcntl.O_CREAT,
    Fcntl.O_RDWR | Fcntl.O_CREAT,
    Fcntl.O_RDWR | Fcntl.O_CREAT | Fcntl.O_EXCL,
    Fcntl.O_RDWR | Fcntl.O_CREAT | Fcntl.O_TRUNC,
    Fcntl.O_RDWR | Fcntl.O_APPEND,
    Fcntl.O_RDONLY,
    Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW,
    Fcntl.O_RDONLY | Fcntl.O_DIRECTORY,
    Fcntl.O_RDONLY | Fcntl.O_DIRECTORY,
    Fcntl.O_WRONLY,
    Fcntl.O_PATH,
    Fcntl.O_PATH | Fcntl.O_NOFOLLOW,
    Fcntl.O_RDWR | TMPFILE
  };

  @TempDir Path folder;

  // ---- The calls, on either side ----

  /** Results are as of system calls. A slot is a number of 0 to 4; -1 is the top directory. */
  private interface Side {
    long open(int slot, String path, int flags, int into);

    void close(int slot);

    long mkdir(int slot, String path);

    long mknod(int slot, String path);

    long unlink(int slot, String path, int flags);

    long rename(int slot, String from, int toSlot, String to, int flags);

    long link(int slot, String from, int toSlot, String to, int flags);

    long symlink(String target, int slot, String path);

    String readlink(int slot, String path);

    String stat(int slot, String path, int flags);

    long chmod(int slot, String path, int mode);

    String read(int slot, int count, long at);

    long write(int slot, byte[] bytes, long at);

    long truncate(int slot, long bytes);

    long allocate(int slot, int mode, long at, long bytes);

    long seek(int slot, long at, int whence);

    String list(int slot);
  }

  private static String told(long result) {
    return result < 0 ? Errno.name(result) : "ok";
  }

  private static String told(int mode, int nlink, long bytes) {
    boolean directory = (mode & FileMode.S_IFMT) == FileMode.S_IFDIR;
    return "%o %d %d".formatted(mode, nlink, directory ? 0 : bytes);
  }

  private static final class Host implements Side {
    private final HostFiles files = new HostFiles();
    private final int top;
    private final int[] fds = new int[SLOTS];

    Host(Path folder) {
      int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY;
      top = (int) files.openat(HostFiles.AT_FDCWD, bytes(folder.toString()), flags, 0);
      Arrays.fill(fds, -1);
    }

    private static byte[] bytes(String text) {
      return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private int fd(int slot) {
      return slot < 0 ? top : fds[slot];
    }

    @Override
    public long open(int slot, String path, int flags, int into) {
      long fd = files.openat(fd(slot), bytes(path), flags | Fcntl.O_NONBLOCK, 0644);
      if (fd >= 0) {
        close(into);
        fds[into] = (int) fd;
      }
      return fd;
    }

    @Override
    public void close(int slot) {
      files.close(fds[slot]);
      fds[slot] = -1;
    }

    @Override
    public long mkdir(int slot, String path) {
      return files.mkdirat(fd(slot), bytes(path), 0755);
    }

    @Override
    public long mknod(int slot, String path) {
      return files.mknodat(fd(slot), bytes(path), FileMode.S_IFREG | 0644);
    }

    @Override
    public long unlink(int slot, String path, int flags) {
      return files.unlinkat(fd(slot), bytes(path), flags);
    }

    @Override
    public long rename(int slot, String from, int toSlot, String to, int flags) {
      return files.renameat2(fd(slot), bytes(from), fd(toSlot), bytes(to), flags);
    }

    @Override
    public long link(int slot, String from, int toSlot, String to, int flags) {
      return files.linkat(fd(slot), bytes(from), fd(toSlot), bytes(to), flags);
    }

    @Override
    public long symlink(String target, int slot, String path) {
      return files.symlinkat(bytes(target), fd(slot), bytes(path));
    }

    @Override
    public String readlink(int slot, String path) {
      byte[] target = new byte[100];
      long length = files.readlinkat(fd(slot), bytes(path), target);
      return length < 0 ? told(length) : HostNames.fromBytes(target, 0, (int) length);
    }

    @Override
    public String stat(int slot, String path, int flags) {
      HostFiles.Attributes out = new HostFiles.Attributes();
      long result = files.statx(fd(slot), bytes(path), flags, out);
      return result < 0 ? told(result) : told(out.mode, out.nlink, out.sizeBytes);
    }

    @Override
    public long chmod(int slot, String path, int mode) {
      return files.fchmodat(fd(slot), bytes(path), mode);
    }

    @Override
    public String read(int slot, int count, long at) {
      byte[] buffer = new byte[count];
      long got = files.pread(fd(slot), buffer, 0, count, at);
      return got < 0 ? told(got) : got + " " + Arrays.hashCode(buffer);
    }

    @Override
    public long write(int slot, byte[] bytes, long at) {
      return files.pwrite(fd(slot), bytes, 0, bytes.length, at);
    }

    @Override
    public long truncate(int slot, long bytes) {
      return files.ftruncate(fd(slot), bytes);
    }

    @Override
    public long allocate(int slot, int mode, long at, long bytes) {
      return files.fallocate(fd(slot), mode, at, bytes);
    }

    @Override
    public long seek(int slot, long at, int whence) {
      return files.lseek(fd(slot), at, whence);
    }

    @Override
    public String list(int slot) {
      long dir = files.openat(fd(slot), bytes("."), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
      if (dir < 0) {
        return told(dir);
      }
      TreeSet<String> names = new TreeSet<>();
      long result;
      do {
        result =
            files.getdents(
                (int) dir,
                (name, ino, type) -> names.add(HostNames.fromBytes(name, 0, name.length) + type));
      } while (result > 0);
      files.close((int) dir);
      return result < 0 ? told(result) : String.join(" ", names);
    }
  }

  private static final class Guest implements Side {
    private final FileCalls calls;
    private final int top;
    private final int[] fds = new int[SLOTS];

    Guest(TestTree tree, String where) {
      calls = tree.calls;
      top = tree.fd(where, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
      Arrays.fill(fds, -1);
    }

    private int fd(int slot) {
      return slot < 0 ? top : fds[slot];
    }

    @Override
    public long open(int slot, String path, int flags, int into) {
      long fd = calls.openat(fd(slot), path, flags | Fcntl.O_LARGEFILE, 0644);
      if (fd >= 0) {
        close(into);
        fds[into] = (int) fd;
      }
      return fd;
    }

    @Override
    public void close(int slot) {
      calls.close(fds[slot]);
      fds[slot] = -1;
    }

    @Override
    public long mkdir(int slot, String path) {
      return calls.mkdirat(fd(slot), path, 0755);
    }

    @Override
    public long mknod(int slot, String path) {
      return calls.mknodat(fd(slot), path, FileMode.S_IFREG | 0644, 0);
    }

    @Override
    public long unlink(int slot, String path, int flags) {
      return calls.unlinkat(fd(slot), path, flags);
    }

    @Override
    public long rename(int slot, String from, int toSlot, String to, int flags) {
      return calls.renameat2(fd(slot), from, fd(toSlot), to, flags);
    }

    @Override
    public long link(int slot, String from, int toSlot, String to, int flags) {
      return calls.linkat(fd(slot), from, fd(toSlot), to, flags);
    }

    @Override
    public long symlink(String target, int slot, String path) {
      return calls.symlinkat(target, fd(slot), path);
    }

    @Override
    public String readlink(int slot, String path) {
      byte[] target = new byte[100];
      long length = calls.readlinkat(fd(slot), path, target);
      return length < 0 ? told(length) : HostNames.fromBytes(target, 0, (int) length);
    }

    @Override
    public String stat(int slot, String path, int flags) {
      Kstat out = new Kstat();
      long result = calls.fstatat(fd(slot), path, flags, out);
      return result < 0 ? told(result) : told(out.mode, out.nlink, out.sizeBytes);
    }

    @Override
    public long chmod(int slot, String path, int mode) {
      return calls.fchmodat(fd(slot), path, mode, 0);
    }

    @Override
    public String read(int slot, int count, long at) {
      byte[] buffer = new byte[count];
      long got = calls.pread64(fd(slot), buffer, 0, count, at);
      return got < 0 ? told(got) : got + " " + Arrays.hashCode(buffer);
    }

    @Override
    public long write(int slot, byte[] bytes, long at) {
      return calls.pwrite64(fd(slot), bytes, 0, bytes.length, at);
    }

    @Override
    public long truncate(int slot, long bytes) {
      return calls.ftruncate(fd(slot), bytes, false);
    }

    @Override
    public long allocate(int slot, int mode, long at, long bytes) {
      return calls.fallocate(fd(slot), mode, at, bytes, false);
    }

    @Override
    public long seek(int slot, long at, int whence) {
      return calls.lseek(fd(slot), at, whence);
    }

    @Override
    public String list(int slot) {
      long dir = calls.openat(fd(slot), ".", Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
      if (dir < 0) {
        return told(dir);
      }
      TreeSet<String> names = new TreeSet<>();
      long result = calls.getdents((int) dir, (name, ino, type, next) -> names.add(name + type));
      calls.close((int) dir);
      return result < 0 ? told(result) : String.join(" ", names);
    }
  }

  // ---- Steps ----

  private static String path(SplittableRandom random) {
    int depth = 1 + random.nextInt(3);
    // One step up at most, and not the first: no path leads above where it starts.
    int stepUp = random.nextInt(4) == 0 ? 1 + random.nextInt(2) : depth;
    StringBuilder path = new StringBuilder();
    for (int i = 0; i < depth; i++) {
      path.append(i == 0 ? "" : "/");
      path.append(i == stepUp ? ".." : NAMES[random.nextInt(NAMES.length)]);
    }
    return switch (random.nextInt(12)) {
      case 0 -> path + "/";
      case 1 -> path + "/.";
      default -> path.toString();
    };
  }

  private static String step(Side side, SplittableRandom random) {
    int slot = random.nextInt(SLOTS);
    int from = random.nextInt(3) == 0 ? random.nextInt(SLOTS) : -1;
    int to = random.nextInt(3) == 0 ? random.nextInt(SLOTS) : -1;
    String one = path(random);
    String two = path(random);
    long at = random.nextInt(6) * 3000L;
    int count = 1 + random.nextInt(9000);
    int kind = random.nextInt(40);
    int choice = random.nextInt(64);
    String result =
        switch (kind) {
          case 0, 1, 2, 3, 4, 5 ->
              told(side.open(from, one, OPEN_FLAGS[choice % OPEN_FLAGS.length], slot));
          case 6, 7, 8 -> told(side.mkdir(from, one));
          case 9 -> told(side.mknod(from, one));
          case 10, 11 -> told(side.unlink(from, one, 0));
          case 12, 13 -> told(side.unlink(from, one, Fcntl.AT_REMOVEDIR));
          case 14, 15, 16, 17 ->
              told(side.rename(from, one, to, two, choice < 4 ? choice : choice % 3));
          case 18, 19 -> told(side.link(from, one, to, two, choice % 2 * Fcntl.AT_SYMLINK_FOLLOW));
          case 20, 21 -> told(side.symlink(one.replace("..", "a"), from, two));
          case 22 -> side.readlink(from, one);
          case 23, 24 -> side.stat(from, one, choice % 2 * Fcntl.AT_SYMLINK_NOFOLLOW);
          case 25 -> side.stat(slot, "", Fcntl.AT_EMPTY_PATH);
          case 26 -> told(side.chmod(from, one, 0700 | choice));
          case 27, 28 -> side.read(slot, count, at);
          case 29, 30, 31 -> {
            byte[] bytes = new byte[count];
            Arrays.fill(bytes, (byte) choice);
            yield "" + side.write(slot, bytes, at);
          }
          case 32, 33 -> told(side.truncate(slot, choice % 4 == 0 ? at : count));
          case 34 -> told(side.allocate(slot, choice % 4, at, count));
          // In directories positions are each file system's own affair.
          case 35, 36 ->
              side.stat(slot, "", Fcntl.AT_EMPTY_PATH).startsWith("100")
                  ? "" + side.seek(slot, at, choice % 2 == 0 ? Fcntl.SEEK_DATA : Fcntl.SEEK_HOLE)
                  : "no file";
          case 37 -> side.list(slot);
          case 38 -> side.list(-1);
          default -> {
            side.close(slot);
            yield "closed";
          }
        };
    return "%d %s(%d) %s(%d) slot %d, %d bytes at %d, choice %d: %s"
        .formatted(kind, one, from, two, to, slot, count, at, choice, result);
  }

  /** The tree below a directory, with contents. */
  private static void picture(Side side, String path, List<String> lines) {
    lines.add(path + ": " + side.stat(-1, path, Fcntl.AT_SYMLINK_NOFOLLOW));
    String link = side.readlink(-1, path);
    lines.add("  " + link);
    if (side.open(-1, path, Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW, 0) < 0) {
      return;
    }
    lines.add("  " + side.read(0, 60_000, 0));
    String names = side.list(0);
    if (side.stat(0, "", Fcntl.AT_EMPTY_PATH).startsWith("4")) {
      for (String name : NAMES) {
        picture(side, path + "/" + name, lines);
        side.open(-1, path, Fcntl.O_RDONLY, 0);
      }
    }
    lines.add("  " + names);
  }

  private void compare(long seed, Side host, Side guest) {
    SplittableRandom random = new SplittableRandom(seed);
    List<String> log = new ArrayList<>();
    for (int i = 0; i < STEPS; i++) {
      long step = random.nextLong();
      String expected = step(host, new SplittableRandom(step));
      log.add(expected);
      String actual = step(guest, new SplittableRandom(step));
      int number = i;
      assertEquals(
          expected,
          actual,
          () -> "seed %d, step %d:%n%s".formatted(seed, number, String.join("\n", log)));
    }
    List<String> hostPicture = new ArrayList<>();
    List<String> guestPicture = new ArrayList<>();
    picture(host, ".", hostPicture);
    picture(guest, ".", guestPicture);
    assertEquals(String.join("\n", hostPicture), String.join("\n", guestPicture), "seed " + seed);
    for (int slot = 0; slot < SLOTS; slot++) {
      host.close(slot);
      guest.close(slot);
    }
  }

  // ---- The three kinds of trees ----

  private static Path onTmpfs() throws IOException {
    Path shm = Path.of("/dev/shm");
    assumeTrue(Files.isWritable(shm), "missing: a tmpfs on /dev/shm");
    return Files.createTempDirectory(shm, "memarium-model");
  }

  private static void remove(Path model) throws IOException {
    try (Stream<Path> all = Files.walk(model)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Runs over a new machine's page cache. */
  private void run(long seed, String where, boolean writable) throws IOException {
    Path root = Files.createDirectory(folder.resolve("root"));
    Path work = Files.createDirectory(root.resolve("work"));
    // What a fallocated page is to lseek is each file system's own affair.
    Path model = writable ? Files.createDirectory(folder.resolve("model")) : onTmpfs();
    Files.setAttribute(work, "unix:mode", 0755);
    Files.setAttribute(model, "unix:mode", 0755);
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(Architecture.I386, 32 << 20);
    try (Ram ram = Ram.reserve(map.endPhysicalAddress())) {
      Memblock memblock = new Memblock(Architecture.I386, map);
      KernelPageTable kernelPageTable = new KernelPageTable(ram, memblock);
      PageAllocator allocator =
          PageAllocator.boot(
              ram, memblock, PageAllocator.DEFAULT_MAX_ORDER, new VmStat(), new Trace());
      SlabAllocator slab = new SlabAllocator(allocator, SlabConfig.LINUX_6_1, new KernelLog());
      PageCache pageCache = new PageCache(allocator, slab);
      Path[] granted = writable ? new Path[] {work} : new Path[0];
      try (TestTree tree = TestTree.cached(root, pageCache, slab, granted)) {
        tree.mkdir("/dev/shm/work");
        compare(seed, new Host(model), new Guest(tree, where));
      }
      Audit audit = new Audit(allocator.memMap().frames());
      pageCache.audit(audit);
      slab.audit(audit);
      PageAllocatorAudit.audit(allocator, audit);
      MemMapAudit.audit(allocator.memMap(), audit);
      audit.finish();
      assertNotNull(kernelPageTable);
    } finally {
      remove(model);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void theOverlayDoesWhatTheHostsKernelDoes(long seed) throws IOException {
    run(seed, "/work", false);
    assertEquals(0, folder.resolve("root/work").toFile().list().length, "the host was changed");
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void memoryDoesWhatTheHostsKernelDoes(long seed) throws IOException {
    run(seed, "/dev/shm/work", false);
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24})
  void aWritableFolderDoesWhatTheHostsKernelDoes(long seed) throws IOException {
    run(seed, "/work", true);
  }
}
