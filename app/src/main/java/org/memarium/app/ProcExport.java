package org.memarium.app;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.MachineFiles;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.vfs.FileMode;

/**
 * A snapshot of a machine's {@code /proc} as plain files of the host, for programs that read {@code
 * /proc}.
 *
 * <p>All of it is read while the machine stands still, so that the files agree with each other, and
 * only then written. Files have their permissions; directories can be written by their owner too,
 * so that they can be removed again.
 */
final class ProcExport {
  private static final String PROC = "/proc";

  private final MachineFiles files;

  /** Path below /proc, parents before children, to what is there. */
  private final SortedMap<String, Entry> entries = new TreeMap<>();

  /**
   * One file.
   *
   * @param mode as stat tells it
   * @param contents of a regular file, or the target of a link; empty for a directory
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Entry(int mode, byte[] contents) {
    boolean isDirectory() {
      return (mode & FileMode.S_IFMT) == FileMode.S_IFDIR;
    }

    boolean isSymlink() {
      return (mode & FileMode.S_IFMT) == FileMode.S_IFLNK;
    }

    Set<PosixFilePermission> permissions() {
      StringBuilder letters = new StringBuilder();
      for (int bit = 0; bit < 9; bit++) {
        letters.append((mode & (0400 >> bit)) != 0 ? "rwxrwxrwx".charAt(bit) : '-');
      }
      Set<PosixFilePermission> set = PosixFilePermissions.fromString(letters.toString());
      if (isDirectory()) {
        set.add(PosixFilePermission.OWNER_WRITE);
      }
      return set;
    }
  }

  private ProcExport(MachineFiles files) {
    this.files = files;
  }

  /** Reads all of {@code /proc} as it is now. */
  static ProcExport of(MachineFiles files) {
    ProcExport export = new ProcExport(files);
    // Looking makes directory entries and inodes. When all of them are there, nothing changes any
    // more, and what one file tells is still so when the next is read.
    export.walk("");
    export.take("");
    return export;
  }

  private void walk(String path) {
    String whole = PROC + path;
    if ((files.lstat(whole).mode & FileMode.S_IFMT) == FileMode.S_IFDIR) {
      for (String name : files.list(whole)) {
        walk(path + "/" + name);
      }
    }
  }

  private void take(String path) {
    String whole = PROC + path;
    int mode = files.lstat(whole).mode;
    switch (mode & FileMode.S_IFMT) {
      case FileMode.S_IFDIR -> {
        entries.put(path, new Entry(mode, new byte[0]));
        for (String name : files.list(whole)) {
          take(path + "/" + name);
        }
      }
      case FileMode.S_IFLNK -> link(path, mode);
      default -> {
        // What is only there to be written has no contents; a process's memory is not read from 0.
        boolean readable = (mode & 0444) != 0 && !path.endsWith("/mem");
        entries.put(path, new Entry(mode, readable ? files.read(whole) : new byte[0]));
      }
    }
  }

  private void link(String path, int mode) {
    String target;
    try {
      target = files.readlink(PROC + path);
    } catch (UsageException nowhere) {
      // /proc/self while no program runs.
      return;
    }
    entries.put(path, new Entry(mode, target.getBytes(StandardCharsets.ISO_8859_1)));
  }

  /**
   * Writes the snapshot: aside first, then under its name, so that it is whole or not there.
   *
   * @param directory must not exist, or be empty
   * @throws UsageException if it cannot be written, in one line
   */
  void write(Path directory) {
    requireNew(directory);
    Path target = directory.toAbsolutePath().normalize();
    Path aside = null;
    try {
      aside = Files.createTempDirectory(target.getParent(), target.getFileName() + ".part");
      fill(aside);
      Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException failure) {
      discard(aside);
      throw new UsageException("%s: %s".formatted(directory, HostError.of(failure)));
    } catch (RuntimeException failure) {
      discard(aside);
      throw failure;
    }
  }

  /**
   * Says at once what {@link #write} would say at the end.
   *
   * @throws UsageException if something is there already, in one line
   */
  static void requireNew(Path directory) {
    Path target = directory.toAbsolutePath().normalize();
    if (target.getParent() == null) {
      throw new UsageException(directory + ": the root cannot be written to");
    }
    try {
      if (Files.exists(target) && !isEmptyDirectory(target)) {
        throw new UsageException(directory + ": is there already; name a new directory");
      }
    } catch (IOException failure) {
      throw new UsageException("%s: %s".formatted(directory, HostError.of(failure)));
    }
  }

  private static boolean isEmptyDirectory(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return false;
    }
    try (var children = Files.newDirectoryStream(path)) {
      return !children.iterator().hasNext();
    }
  }

  private void fill(Path root) throws IOException {
    for (Map.Entry<String, Entry> one : entries.entrySet()) {
      Path path = Path.of(root + one.getKey());
      Entry entry = one.getValue();
      if (entry.isSymlink()) {
        String link = new String(entry.contents(), StandardCharsets.ISO_8859_1);
        Files.createSymbolicLink(path, Path.of(link));
        continue;
      }
      if (entry.isDirectory()) {
        Files.createDirectories(path);
      } else {
        Files.write(path, entry.contents());
      }
      Files.setPosixFilePermissions(path, entry.permissions());
    }
  }

  private static void discard(@Nullable Path aside) {
    if (aside == null) {
      return;
    }
    try {
      Files.walkFileTree(
          aside,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                throws IOException {
              Files.delete(directory);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException _) {
      // The failure that brought us here says more.
      return;
    }
  }
}
