package org.memarium.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Files of the host around a machine's root, which a program must not change, nor read where they
 * lie outside.
 *
 * <pre>
 *   outside/secret, outside/folder/secret    what nobody may read or write
 *   root/                                    the program's /
 *     driver                                 the program that makes the calls
 *     file, script, program, folder/...      to read
 *     up, absolute, folder/deep              links that point out
 *     writable/                              to read and write
 * </pre>
 */
final class HostTree {
  /** Stands in every file outside. */
  static final String SECRET = "d41f00-never-to-be-read-in-the-machine-b204e9";

  private final Path folder;

  /** Makes the tree in an empty folder. */
  HostTree(Path folder) {
    try {
      this.folder = folder.toRealPath();
      Path outside = Files.createDirectories(folder.resolve("outside/folder"));
      Files.writeString(outside.resolve("secret"), SECRET);
      Files.writeString(folder.resolve("outside/secret"), SECRET);
      Files.createDirectories(writable());
      Path inside = Files.createDirectories(root().resolve("folder/deeper"));
      Files.writeString(root().resolve("file"), "a file\n".repeat(1000));
      Files.writeString(root().resolve("empty"), "");
      Files.writeString(inside.resolve("file"), "below\n");
      Path driver = SystemCallDriver.write(root());
      Files.copy(driver, root().resolve("program"), StandardCopyOption.COPY_ATTRIBUTES);
      Files.writeString(root().resolve("script"), "#!/program x\n");
      Files.setPosixFilePermissions(
          root().resolve("script"), Files.getPosixFilePermissions(driver));
      Files.createSymbolicLink(root().resolve("up"), Path.of("../outside"));
      Files.createSymbolicLink(root().resolve("absolute"), outside.resolve("secret"));
      Files.createSymbolicLink(root().resolve("folder/deep"), Path.of("../../../outside/secret"));
      Files.createSymbolicLink(root().resolve("loop"), Path.of("loop"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The folder that the program is to see as {@code /}. */
  Path root() {
    return folder.resolve("root");
  }

  /** The folder in it that the program may change. */
  Path writable() {
    return root().resolve("writable");
  }

  /** Empties the folder that the program may change. */
  void clear() {
    try (Stream<Path> all = Files.walk(writable())) {
      for (Path path : all.sorted((a, b) -> b.compareTo(a)).toList()) {
        if (!path.equals(writable())) {
          Files.delete(path);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All that must not change: what is outside the writable folder, with contents and times. */
  List<String> picture() {
    List<String> lines = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted().toList()) {
        if (!path.startsWith(writable())) {
          lines.add(line(path));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return lines;
  }

  private static String line(Path path) throws IOException {
    String attributes = "unix:ino,mode,nlink,uid,gid,size,lastModifiedTime,ctime";
    String line = path + " " + Files.readAttributes(path, attributes, LinkOption.NOFOLLOW_LINKS);
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
        ? line + " " + Arrays.hashCode(Files.readAllBytes(path))
        : line;
  }

  /**
   * Files of the host that this JVM has open and that lie in {@code folder} but not in the root.
   */
  List<String> openOutside() {
    return open(target -> target.startsWith(folder) && !target.startsWith(root()));
  }

  /** Files of the tree and around it that this JVM has open: none, once no machine is left. */
  List<String> open() {
    return open(target -> target.startsWith(folder));
  }

  private static List<String> open(Predicate<Path> wanted) {
    List<String> found = new ArrayList<>();
    Path descriptors = Path.of("/proc/self/fd");
    try (Stream<Path> all = Files.list(descriptors)) {
      for (Path descriptor : all.toList()) {
        try {
          Path target = Files.readSymbolicLink(descriptor);
          if (wanted.test(target)) {
            found.add(target.toString());
          }
        } catch (IOException closedMeanwhile) {
          // The one that lists the folder is gone by now.
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }
}
