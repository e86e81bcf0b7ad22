package org.memarium.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.mm.Errno;

/**
 * Long random sequences of calls on a tree beside the same on a folder of the host, where the
 * host's kernel is the model: names, contents, numbers of links, and errors must agree.
 */
class TreeModelTest {

  private static final int STEPS = 1000;
  private static final String[] NAMES = {"a", "b", "c", "d"};

  @TempDir Path host;
  private final List<String> log = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void theOverlayDoesWhatTheHostsKernelDoes(long seed) throws IOException {
    Path lower = Files.createDirectory(host.resolve("lower"));
    Path model = Files.createDirectory(host.resolve("model"));
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 60; i++) {
      // What the host has before: the same in both folders.
      long step = random.nextLong();
      apply(new Host(lower), new SplittableRandom(step));
      apply(new Host(model), new SplittableRandom(step));
    }
    Map<String, String> lowerBefore = picture(lower);
    assertEquals(String.join("\n", lines(lowerBefore)), String.join("\n", lines(picture(model))));
    try (TestTree tree = TestTree.over(lower)) {
      run(seed, random, tree, model);
    }
    assertEquals(lowerBefore, picture(lower), "the host was changed");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void aWritableFolderDoesWhatTheHostsKernelDoes(long seed) throws IOException {
    Path lower = Files.createDirectory(host.resolve("lower"));
    Path model = Files.createDirectory(host.resolve("model"));
    try (TestTree tree = TestTree.over(lower, lower)) {
      run(seed, new SplittableRandom(seed), tree, model);
    }
    assertEquals(lines(picture(model)), lines(picture(lower)));
  }

  private void run(long seed, SplittableRandom random, TestTree tree, Path model)
      throws IOException {
    for (int i = 0; i < STEPS; i++) {
      long step = random.nextLong();
      log.clear();
      String expected = apply(new Host(model), new SplittableRandom(step));
      String actual = apply(new Guest(tree), new SplittableRandom(step));
      int number = i;
      assertEquals(expected, actual, () -> "seed " + seed + ", step " + number + ": " + log);
      if (i % 40 == 0 || i == STEPS - 1) {
        assertEquals(
            String.join("\n", lines(picture(model))),
            String.join("\n", lines(picture(tree, "", new TreeMap<>()))),
            () -> "seed " + seed + ", step " + number + ": " + log);
      }
    }
  }

  // ---- Calls ----

  /** The calls, on either side; each answers "0" or the name of an error. */
  private interface Side {
    String write(String path, String contents, boolean append) throws IOException;

    String read(String path) throws IOException;

    String mkdir(String path) throws IOException;

    String unlink(String path) throws IOException;

    String rmdir(String path) throws IOException;

    String rename(String from, String to) throws IOException;

    String link(String from, String to) throws IOException;

    String symlink(String target, String path) throws IOException;

    String truncate(String path, int bytes) throws IOException;

    String list(String path) throws IOException;
  }

  private String apply(Side side, SplittableRandom random) throws IOException {
    int kind = random.nextInt(20);
    String one = path(random);
    String two = path(random);
    String text = Integer.toString(random.nextInt(1000));
    int bytes = random.nextInt(6000);
    log.add(kind + " " + one + " " + two + " " + text + " " + bytes);
    try {
      return switch (kind) {
        case 0, 1, 2 -> side.write(one, text, false);
        case 3, 4 -> side.write(one, text, true);
        case 5, 6, 7 -> side.mkdir(one);
        case 8 -> side.unlink(one);
        case 9 -> side.rmdir(one);
        case 10, 11, 12 -> side.rename(one, two);
        case 13 -> side.link(one, two);
        case 14, 15 -> side.symlink(one.replace("..", "a"), two);
        case 16 -> side.truncate(one, bytes);
        case 17 -> side.list(one);
        default -> side.read(one);
      };
    } catch (IOException e) {
      return Errno.name(HostErrors.errno(e));
    }
  }

  private static String path(SplittableRandom random) {
    StringBuilder path = new StringBuilder();
    int depth = 1 + random.nextInt(3);
    // At most one step up, and none in links: so no path leads above the folder, where the host
    // would go on and the tree would not.
    int stepUp = random.nextInt(3) == 0 ? 1 + random.nextInt(2) : depth;
    for (int i = 0; i < depth; i++) {
      boolean up = i == stepUp;
      path.append(i == 0 ? "" : "/").append(up ? ".." : NAMES[random.nextInt(NAMES.length)]);
    }
    return path.toString();
  }

  /** The host's kernel, through java.nio. */
  private record Host(Path folder) implements Side {
    private Path at(String path) {
      return folder.resolve(path);
    }

    private static boolean isDirectory(Path path) {
      return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public String write(String path, String contents, boolean append) throws IOException {
      Files.writeString(
          at(path),
          contents,
          StandardOpenOption.CREATE,
          StandardOpenOption.WRITE,
          append ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING);
      return "0";
    }

    @Override
    public String read(String path) throws IOException {
      return new String(Files.readAllBytes(at(path)), StandardCharsets.ISO_8859_1);
    }

    @Override
    public String mkdir(String path) throws IOException {
      Files.createDirectory(at(path));
      return "0";
    }

    @Override
    public String unlink(String path) throws IOException {
      // java.nio has one call for both; which one the kernel gets depends on what is there.
      if (isDirectory(at(path))) {
        return "EISDIR";
      }
      Files.delete(at(path));
      return "0";
    }

    @Override
    public String rmdir(String path) throws IOException {
      if (!isDirectory(at(path))) {
        // The attributes of a path through a file end with ENOENT in java.nio; readlink tells.
        try {
          var _ = Files.readSymbolicLink(at(path));
        } catch (NotLinkException e) {
          return "ENOTDIR";
        }
        return "ENOTDIR";
      }
      if (path.endsWith("..")) {
        return "ENOTEMPTY";
      }
      Files.delete(at(path));
      return "0";
    }

    @Override
    public String rename(String from, String to) throws IOException {
      Files.move(at(from), at(to), StandardCopyOption.ATOMIC_MOVE);
      return "0";
    }

    @Override
    public String link(String from, String to) throws IOException {
      Files.createLink(at(to), at(from));
      return "0";
    }

    @Override
    public String symlink(String target, String path) throws IOException {
      Files.createSymbolicLink(at(path), Path.of(target));
      return "0";
    }

    @Override
    public String truncate(String path, int bytes) throws IOException {
      try (var channel = Files.newByteChannel(at(path), StandardOpenOption.WRITE)) {
        channel.truncate(bytes);
      }
      return "0";
    }

    @Override
    public String list(String path) throws IOException {
      try (Stream<Path> list = Files.list(at(path))) {
        return String.join(" ", list.map(p -> p.getFileName().toString()).sorted().toList());
      }
    }
  }

  /** The tree that is tested. */
  private record Guest(TestTree tree) implements Side {
    @Override
    public String write(String path, String contents, boolean append) {
      int flags = Fcntl.O_WRONLY | Fcntl.O_CREAT | (append ? Fcntl.O_APPEND : Fcntl.O_TRUNC);
      return tree.write(path, contents, flags).replace("ok", "0");
    }

    @Override
    public String read(String path) {
      return tree.read(path);
    }

    @Override
    public String mkdir(String path) {
      return tree.mkdir(path);
    }

    @Override
    public String unlink(String path) {
      return tree.unlink(path);
    }

    @Override
    public String rmdir(String path) {
      return tree.rmdir(path);
    }

    @Override
    public String rename(String from, String to) {
      return tree.rename(from, to);
    }

    @Override
    public String link(String from, String to) {
      return tree.link(from, to);
    }

    @Override
    public String symlink(String target, String path) {
      return tree.symlink(target, path);
    }

    @Override
    public String truncate(String path, int bytes) {
      long fd = tree.calls.openat(Fcntl.AT_FDCWD, path, Fcntl.O_WRONLY, 0);
      if (fd < 0) {
        return Errno.name(fd);
      }
      Kstat stat = new Kstat();
      tree.calls.fstat((int) fd, stat);
      // As java.nio has it: a channel is only ever made shorter.
      long result = bytes < stat.sizeBytes ? tree.calls.ftruncate((int) fd, bytes, false) : 0;
      tree.calls.close((int) fd);
      return TestTree.text(result);
    }

    @Override
    public String list(String path) {
      // Our own /dev and /sys stand in every root.
      return (tree.names(path) + " ").replace("dev ", "").replace("sys ", "").strip();
    }
  }

  // ---- Pictures ----

  private static List<String> lines(Map<String, String> picture) {
    List<String> lines = new ArrayList<>();
    picture.forEach((path, what) -> lines.add(path + ": " + what));
    return lines;
  }

  private static Map<String, String> picture(Path folder) throws IOException {
    Map<String, String> picture = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.toList()) {
        String name = folder.relativize(path).toString();
        if (name.isEmpty()) {
          continue;
        }
        if (Files.isSymbolicLink(path)) {
          picture.put(name, "-> " + Files.readSymbolicLink(path));
        } else if (Files.isDirectory(path)) {
          picture.put(name, "directory");
        } else {
          picture.put(name, Files.getAttribute(path, "unix:nlink") + " " + Files.readString(path));
        }
      }
    }
    return picture;
  }

  private static Map<String, String> picture(
      TestTree tree, String directory, Map<String, String> picture) {
    for (String name : tree.names("/" + directory).split(" ", -1)) {
      boolean hidden = directory.isEmpty() && (name.equals("dev") || name.equals("sys"));
      if (hidden || name.isEmpty()) {
        continue;
      }
      String path = directory.isEmpty() ? name : directory + "/" + name;
      Kstat stat = tree.lstat("/" + path);
      switch (stat.mode & FileMode.S_IFMT) {
        case FileMode.S_IFLNK -> picture.put(path, "-> " + tree.readlink("/" + path));
        case FileMode.S_IFDIR -> {
          picture.put(path, "directory");
          picture(tree, path, picture);
        }
        default -> picture.put(path, stat.nlink + " " + tree.read("/" + path));
      }
    }
    return picture;
  }
}
