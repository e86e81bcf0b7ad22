package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Debian's unmodified busybox does in a machine what it does on the host's kernel. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BusyboxAgreesWithHostTest {
  private static final Path NOTHING = Path.of("/dev/null");

  @TempDir private Path folder = Path.of("");
  private Path text = NOTHING;

  /**
   * Words and numbers in lines: enough for several blocks of a compressor and a sort that grows.
   */
  @BeforeAll
  void makeInput(@TempDir Path shared) throws IOException {
    Random random = new Random(20260101);
    StringBuilder lines = new StringBuilder();
    for (int line = 0; line < 3000; line++) {
      for (int word = random.nextInt(8); word >= 0; word--) {
        lines.append(Integer.toString(random.nextInt(40_000), 36)).append(' ');
      }
      lines.append(random.nextInt(-5000, 5000)).append('\n');
    }
    text = Files.writeString(shared.resolve("text"), lines);
  }

  private static List<String> busybox(String... arguments) {
    List<String> command = new ArrayList<>(List.of(Oracles.busybox().toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  private static Ended agree(Path input, String... arguments) throws IOException {
    List<String> command = busybox(arguments);
    Ended host = HostRun.of(input, command);
    Ended machine = MachineRun.compat(input, command);
    assertEquals(host.out(), machine.out(), () -> "standard output; errors: " + machine.err());
    assertEquals(host.err(), machine.err(), "standard error");
    assertEquals(host.status(), machine.status(), "exit status");
    return machine;
  }

  @Test
  void catShowsTheSameMap() throws IOException {
    List<String> command = busybox("cat", "/proc/self/maps");
    Ended machine = MachineRun.compat(NOTHING, command);
    assertEquals(0, machine.status(), machine.err());
    assertEquals(HostRun.of(command).maps(), machine.maps());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sort",
        "sort -n",
        "sort -r",
        "md5sum",
        "sha256sum",
        "wc",
        "uniq",
        "tac",
        "rev",
        "head -n 5",
        "tail -n 3",
        "cut -d: -f1",
        "tr a-z A-Z",
        "od -x",
        "hexdump -C",
        "fold -w 20",
        "grep -c 7",
        "nl",
        "cksum",
        "base64",
        "gzip -c",
        "bzip2 -c",
        "xxd"
      })
  void aFilterOfAFile(String command) throws IOException {
    agree(text, command.split(" "));
  }

  @Test
  void oneReadOfADeviceGivesAllThatIsAskedFor() throws IOException {
    agree(NOTHING, "dd", "if=/dev/zero", "bs=200000", "count=2", "status=none");
  }

  @Test
  void awk() throws IOException {
    agree(
        text,
        "awk",
        "{ sum += $NF; n[length($1)]++ } END { printf \"%.3f %d\\n\", sum / NR, NR; for (i = 0; i < 9; i++) print i, n[i] }");
    agree(
        NOTHING,
        "awk",
        "BEGIN { printf \"%.17g %e %5.2f %s\\n\", atan2(0, -1), exp(1), sin(0.5), substr(\"memory\", 2, 3); exit 3 }");
  }

  @Test
  void sed() throws IOException {
    agree(text, "sed", "-n", "s/\\([a-z]*\\) \\(.*\\)/\\2 <\\1>/p;10q");
    agree(text, "sed", "-e", "/0/d", "-e", "y/abc/ABC/", "-e", "$!N;s/\\n/ + /");
  }

  @Test
  void bunzip2AndGunzipUndoWhatTheHostPacked() throws IOException {
    Path bz2 = folder.resolve("text.bz2");
    Files.write(bz2, HostRun.of(text, busybox("bzip2", "-c")).outBytes());
    assertEquals(Files.readString(text), agree(bz2, "bunzip2", "-c").out());
    Path gz = folder.resolve("text.gz");
    Files.write(gz, HostRun.of(text, busybox("gzip", "-c")).outBytes());
    assertEquals(Files.readString(text), agree(gz, "gunzip", "-c").out());
  }

  @Test
  void lsShowsTheSameFiles() throws IOException {
    Path shown = Files.createDirectory(folder.resolve("shown"));
    FileTime longAgo = FileTime.from(Instant.parse("2020-02-29T12:34:56Z"));
    for (String name : List.of("empty", "small", "script.sh", ".hidden")) {
      Path file =
          Files.write(
              shown.resolve(name), name.repeat(name.length()).getBytes(StandardCharsets.UTF_8));
      Files.setPosixFilePermissions(
          file, PosixFilePermissions.fromString(name.contains(".") ? "rwxr-x--x" : "rw-r--r--"));
      Files.setLastModifiedTime(file, longAgo);
    }
    Files.createDirectory(shown.resolve("sub"));
    Files.setLastModifiedTime(shown.resolve("sub"), longAgo);
    agree(NOTHING, "ls", "-ln", shown.toString());
    agree(NOTHING, "ls", "-a", shown.toString());
    agree(NOTHING, "stat", "-c", "%n %s %a %F %h", shown.resolve("small").toString());
  }

  /** The host lists a folder in an order of its own, a machine by name. */
  @Test
  void findFindsTheSameFiles() throws IOException {
    List<String> command =
        busybox("find", Oracles.HOME.resolve("samples").toString(), "-type", "f");
    List<String> host = HostRun.of(command).out().lines().sorted().toList();
    assertEquals(host, MachineRun.compat(NOTHING, command).out().lines().sorted().toList());
  }

  @Test
  void dcAndBcCalculate() throws IOException {
    Path program =
        Files.writeString(
            folder.resolve("dc"), "20 k 2 v p 3 5 ^ p 7 3 / p 16 o 255 p [1p]sa 3 2 >a q");
    agree(program, "dc");
    agree(
        Files.writeString(folder.resolve("bc"), "scale=40; 4*a(1); 2^200; 1/3\nquit\n"),
        "bc",
        "-l");
  }

  @Test
  void printfOfFloats() throws IOException {
    agree(
        NOTHING,
        "printf",
        "%.17g %e %8.3f|%-10.4g|%a\\n",
        "0.1",
        "12345.678",
        "-2.5",
        "1e100",
        "1.5");
    agree(NOTHING, "printf", "%d %x %o %c %s\\n", "-7", "255", "8", "memory", "pages");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "true",
        "false",
        "cat /nonexistent",
        "ls /nonexistent/x",
        "nosuchapplet",
        "expr 7 * 6",
        "seq 1 7 60",
        "echo hello world",
        "basename /a/b/c",
        "dirname /a/b/c",
        "test -d /proc",
        "readlink /proc/self/exe",
        "pwd",
        "id -u",
        "factor 1234567890",
        "cal 2 2024",
        "date -u -d @86400"
      })
  void aCommandWithoutInput(String command) throws IOException {
    agree(NOTHING, command.split(" "));
  }

  @Test
  void aShellScriptWithoutChildren() throws IOException {
    agree(
        NOTHING,
        "sh",
        "-c",
        "i=0; while [ $i -lt 100 ]; do i=$((i + 1)); done; case $i in 1*) echo \"$i ${#i}\";; esac; exit 5");
  }
}
