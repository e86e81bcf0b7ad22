package org.memarium.app;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.memarium.kernel.ExecException;
import org.memarium.mm.Errno;

/**
 * Finds the file of a program as a shell does: a name with a slash is a path, any other is looked
 * for in folders.
 */
final class ProgramPath {
  /** Where a package's programs are, below the root that it was unpacked in. */
  private static final List<String> PROGRAM_FOLDERS = List.of("bin", "sbin", "usr/bin", "usr/sbin");

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
        return candidate;
      }
    }
    throw new ExecException(
        Errno.ENOENT,
        "%s: no such program in PATH (%s); scripts/get-i386 fetches 32-bit ones such as busybox"
            .formatted(program, path));
  }
}
