package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the user can get wrong is answered with one clear line and the status of a shell. */
class BadInputTest {
  private static final Path SAMPLE = Oracles.HOME.resolve("samples/rlimit");

  @TempDir private Path folder = Path.of("");

  /** One line on standard error, of this status, that says all of this; nothing on the other. */
  private static void refused(int status, List<String> says, String... arguments)
      throws IOException {
    Ended ended = MachineRun.command(arguments);
    assertEquals(1, ended.err().lines().count(), ended.err());
    assertTrue(ended.err().startsWith("memarium: "), ended.err());
    for (String part : says) {
      assertTrue(ended.err().contains(part), () -> "'" + part + "' is not in " + ended.err());
    }
    assertEquals("", ended.out());
    assertEquals(status, ended.status(), ended.err());
  }

  private Path executable(String name, byte[] content) throws IOException {
    Path file = Files.write(folder.resolve(name), content);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void aTruncatedProgram() throws IOException {
    byte[] whole = Files.readAllBytes(SAMPLE);
    Path headerCut = executable("header", Arrays.copyOf(whole, 40));
    refused(126, List.of(headerCut.toString()), "run", headerCut.toString());
    Path tableCut = executable("table", Arrays.copyOf(whole, 60));
    refused(126, List.of(tableCut.toString()), "run", tableCut.toString());
  }

  @Test
  void a64BitProgram() throws IOException {
    byte[] header = new byte[64];
    ByteBuffer.wrap(header)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1})
        .putShort(16, (short) 2)
        .putShort(18, (short) 62);
    Path program = executable("program64", header);
    refused(126, List.of(program.toString(), "64"), "run", program.toString());
  }

  @Test
  void a64BitProgramOfThePathWithAWayToGetAnother() throws IOException {
    Path bin = Files.createDirectory(folder.resolve("bin"));
    Path program = executable("bin/busybox64", new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0});
    refused(
        126,
        List.of(program.toString(), "64-bit", "scripts/get-i386"),
        "run",
        "--env",
        "PATH=" + bin,
        "busybox64");
  }

  @Test
  void aFolder() throws IOException {
    refused(126, List.of(folder.toString(), "directory"), "run", folder.toString());
  }

  @Test
  void aScriptWhoseInterpreterIsMissing() throws IOException {
    Path script =
        executable("script", "#!/nonexistent/sh\necho\n".getBytes(StandardCharsets.UTF_8));
    refused(127, List.of(script.toString(), "/nonexistent/sh"), "run", script.toString());
  }

  @Test
  void aFileThatIsNoProgram() throws IOException {
    Path script =
        executable("text", "echo this has no first line\n".getBytes(StandardCharsets.UTF_8));
    refused(126, List.of(script.toString()), "run", script.toString());
    Path empty = executable("empty", new byte[0]);
    refused(126, List.of(empty.toString()), "run", empty.toString());
  }

  @Test
  void aFileThatMayNotBeExecuted() throws IOException {
    Path file = Files.copy(SAMPLE, folder.resolve("readable"));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    refused(126, List.of(file.toString()), "run", file.toString());
  }

  @Test
  void aProgramThatIsNotThere() throws IOException {
    refused(127, List.of("/nonexistent/program"), "run", "/nonexistent/program");
    refused(127, List.of("nosuchprogram", "PATH"), "run", "nosuchprogram");
  }

  @Test
  void moreRamThanCanBeReserved() throws IOException {
    refused(2, List.of("RAM"), "run", "--ram", "1000T", SAMPLE.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "--nosuch                | unknown option: '--nosuch'",
        "--ram 12Q               | '12Q' is not a size",
        "--ram 64K               | at least",
        "--ram 8196K             | whole MiB",
        "--ram -5                | --ram",
        "--preset vax            | there are i386, i386-pae, x86_64, guide",
        "--slub-debug Q          | slub_debug",
        "--failslab 3            | interval,probability,space,times",
        "--fail-page-alloc 1,101,0,1 | probability 101",
        "--fail-make-request 0,100,0,1 | interval 0",
        "--layout vax            | there are i386 and compat",
        "--paging five-level     | two-level, pae and four-level",
        "--paging four-level     | the i386 layout",
        "--layout compat --paging pae | four-level",
        "--limit foo=1           | there is no limit 'foo'",
        "--limit as              | has no value",
        "--limit as=lots         | 'lots' is not a size",
        "--limit stack=2M:1M     | above its hard limit",
        "--cpu vax               | there are i686, pentium4",
        "--quantum 0             | a quantum of 0 instructions cannot be",
        "--quantum -1            | at least 1",
        "--quantum soon          | --quantum",
        "--tlb 64                | 64x4",
        "--tlb 63x4              | powers of two",
        "--seed x                | --seed",
        "--env =value            | has no name",
        "--env NO_SUCH_VARIABLE  | NO_SUCH_VARIABLE=VALUE",
        "--root /nonexistent     | /nonexistent",
        "--root /etc/hostname    | /etc/hostname",
        "--writable /nonexistent | /nonexistent",
        "--trace /nonexistent/t  | /nonexistent/t",
      })
  void anOptionThatCannotBe(String options, String says) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("run"));
    arguments.addAll(List.of(options.split(" ")));
    arguments.add(SAMPLE.toString());
    refused(2, List.of(says), arguments.toArray(String[]::new));
  }

  @Test
  void nothingToRun() throws IOException {
    refused(2, List.of("missing required parameter: 'PROGRAM'"), "run");
    refused(2, List.of("a command is missing"));
    refused(2, List.of("there is no command 'rnu'", "run"), "rnu", "x");
  }
}
