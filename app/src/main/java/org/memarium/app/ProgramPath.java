package org.memarium.app;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.memarium.kernel.error.ExecException;
import org.memarium.mm.Errno;

/**
 * Finds the file of a program as a shell does: a name with a slash is a path, any other is looked
 * for in folders.
 */
final class ProgramPath {
  /** Where a package's programs are, below the root that it was unpacked in. */
  private static final List<String> PROGRAM_FOLDERS = List.of("bin", "sbin", "usr/bin", "usr/sbin");

  /** The magic number and {@code ELFCLASS64}. */
  private static final byte[] ELF64 = {0x7f, 'E', 'L', 'F', 2};

  private ProgramPath() {}

  /**
   * The path of a program, as the machine will see it.
   *
   * @param program what the user wrote
   * @param root the host folder that is the machine's /
   * @param i386Root host folder of unpacked 32-bit packages, which come before {@code path}; used
   *     only where the machine sees it
   * @param path the program's PATH
   * @throws ExecException 127 if there is none
   */
  static String find(String program, Path root, Path i386Root, String path) {
    if (program.contains("/")) {
      return program;
    }
    List<String> folders = new ArrayList<>();
    if (i386Root.startsWith(root)) {
      for (String folder : PROGRAM_FOLDERS) {
        folders.add("/" + root.relativize(i386Root.resolve(folder)));
      }
    }
    for (String folder : path.split(":", -1)) {
      if (folder.startsWith("/")) {
        folders.add(folder);
      }
    }
    for (String folder : folders) {
      String candidate = (folder.endsWith("/") ? folder : folder + "/") + program;
      Path onHost = root.resolve(candidate.substring(1));
      if (Files.isRegularFile(onHost) && Files.isExecutable(onHost)) {
        if (is64Bit(onHost)) {
          throw new ExecException(
              Errno.ENOEXEC,
              "%s is a 64-bit program, and Memarium runs 32-bit ones; scripts/get-i386 fetches some"
                  .formatted(candidate));
        }
        return candidate;
      }
    }
    throw new ExecException(
        Errno.ENOENT,
        "%s: no such program in PATH (%s); scripts/get-i386 fetches 32-bit ones such as busybox"
            .formatted(program, path));
  }

  /**
   * Whether a file starts as a 64-bit ELF file does; what cannot be read is for execve to refuse.
   */
  private static boolean is64Bit(Path program) {
    try (InputStream file = Files.newInputStream(program)) {
      return Arrays.equals(file.readNBytes(ELF64.length), ELF64);
    } catch (IOException _) {
      return false;
    }
  }
}
