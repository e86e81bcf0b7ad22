package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * C programs make the file calls on the host's tmpfs, and in a machine on its overlay, its
 * /dev/shm, and a folder that it may write: results, errors and contents are the same, line by
 * line.
 */
class FilesAgreeWithHostTest {
  private static final Path TMPFS = Path.of("/dev/shm");

  @TempDir Path folder;
  private Path hostFolder = folder;

  @BeforeEach
  void makeFolder() throws IOException {
    if (!Files.isWritable(TMPFS) || !Files.getFileStore(TMPFS).type().equals("tmpfs")) {
      Oracles.missing("a tmpfs on /dev/shm");
    }
    hostFolder = Files.createTempDirectory(TMPFS, "memarium-files");
    Files.setAttribute(folder, "unix:mode", 0755);
    Files.setAttribute(hostFolder, "unix:mode", 0755);
  }

  @AfterEach
  void removeFolder() throws IOException {
    try (Stream<Path> all = Files.walk(hostFolder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"open", "names", "data", "attributes", "descriptors", "locks"})
  void fileCallsAnswerAsOnTheHostsTmpfs(String group) throws IOException {
    Path program = Oracles.staticProgram("files-" + group);
    String host = HostRun.of(List.of(program.toString(), hostFolder.toString())).out();
    assertEquals(host, machine(List.of(program.toString(), folder.toString())), "the overlay");
    assertEquals(host, machine(List.of(program.toString(), TMPFS.toString())), "/dev/shm");
  }

  @ParameterizedTest
  @ValueSource(strings = {"open", "names", "data", "attributes", "descriptors", "locks"})
  void aWritableFolderAnswersAsTheHostsTmpfs(String group) throws IOException {
    String program = Oracles.staticProgram("files-" + group).toString();
    // Programs cannot give files of the host the bits that give privileges.
    String host = HostRun.of(List.of(program, hostFolder.toString(), "unprivileged")).out();
    List<String> command =
        List.of("--writable", folder.toString(), program, folder.toString(), "unprivileged");
    assertEquals(host, machine(command));
  }

  private static String machine(List<String> command) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("run", "--layout", "compat", "--check"));
    arguments.addAll(command);
    Ended ended = MachineRun.command(arguments.toArray(String[]::new));
    assertEquals("", ended.err(), "standard error");
    return ended.out();
  }
}
