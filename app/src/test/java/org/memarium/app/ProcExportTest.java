package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code memarium proc-export} writes a machine's /proc, whole or not at all. */
class ProcExportTest {
  @TempDir private Path folder;

  private Ended export(String... arguments) throws IOException {
    return MachineRun.command(
        Stream.concat(Stream.of("proc-export"), Stream.of(arguments)).toArray(String[]::new));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      return children.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aMachineThatHasBootedHasNoProcess() throws IOException {
    Path proc = folder.resolve("proc");
    assertEquals(0, export("--ram", "64M", proc.toString()).status());
    assertTrue(Files.readString(proc.resolve("meminfo")).startsWith("MemTotal: "));
    assertTrue(Files.exists(proc.resolve("sys/vm/swappiness")));
    assertFalse(Files.exists(proc.resolve("self"), LinkOption.NOFOLLOW_LINKS));
    assertEquals(
        "r--------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(proc.resolve("slabinfo"))));
    assertEquals(
        "-w-------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(proc.resolve("sys/vm/drop_caches"))));
    assertEquals(List.of("proc"), names());
  }

  @Test
  void aProgramIsSeenBeforeItEnds() throws IOException {
    Path proc = folder.resolve("proc");
    String busybox = Oracles.busybox().toString();
    Ended ended = export(proc.toString(), busybox, "echo", "hello");
    assertEquals(0, ended.status(), ended.err());
    assertEquals("hello\n", ended.out());
    Path self = proc.resolve(Files.readSymbolicLink(proc.resolve("self")));
    assertEquals(busybox + "\0echo\0hello\0", Files.readString(self.resolve("cmdline")));
    assertEquals(busybox, Files.readSymbolicLink(self.resolve("exe")).toString());
    assertTrue(Files.readString(self.resolve("smaps")).contains("[stack]"));
    assertEquals(0xc0000 * 8, Files.size(self.resolve("pagemap")));
  }

  @Test
  void aProgramIsSeenWhereItStands() throws IOException {
    String busybox = Oracles.busybox().toString();
    Path early = folder.resolve("early");
    Ended ended = export("--after-calls", "2", early.toString(), busybox, "echo", "hello");
    assertEquals("", ended.out());
    Path instructions = folder.resolve("instructions");
    export("--after-instructions", "100", instructions.toString(), busybox, "echo", "hello");
    assertTrue(rss(instructions) > 0);
    assertTrue(rss(instructions) < rss(early));
  }

  private static long rss(Path proc) throws IOException {
    Path statm = proc.resolve(Files.readSymbolicLink(proc.resolve("self"))).resolve("statm");
    return Long.parseLong(Files.readString(statm).split(" ", -1)[1]);
  }

  @Test
  void whatIsThereIsNotWrittenOver() throws IOException {
    Files.writeString(folder.resolve("precious"), "mine");
    Ended ended = export(folder.toString());
    assertEquals(2, ended.status());
    assertEquals(
        "memarium: %s: is there already; name a new directory%n".formatted(folder), ended.err());
    ended = export(folder.resolve("precious").toString());
    assertEquals(2, ended.status());
    assertEquals("mine", Files.readString(folder.resolve("precious")));
    assertEquals(List.of("precious"), names());
  }

  @Test
  void aFolderThatIsNotThereIsOneLine() throws IOException {
    Path nowhere = folder.resolve("a/b");
    Ended ended = export(nowhere.toString());
    assertEquals(2, ended.status());
    assertEquals("memarium: %s: no such file or folder%n".formatted(nowhere), ended.err());
  }

  @Test
  void aProgramThatASignalEndsIsNotThere() throws IOException {
    Path proc = folder.resolve("proc");
    String busybox = Oracles.busybox().toString();
    Ended ended = export(proc.toString(), busybox, "sh", "-c", "kill -9 $$");
    assertEquals(0, ended.status(), ended.err());
    assertTrue(ended.err().contains("its /proc/PID is not among the files"), ended.err());
    assertFalse(Files.exists(proc.resolve("self"), LinkOption.NOFOLLOW_LINKS));
  }
}
