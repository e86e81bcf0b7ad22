package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./memarium} itself, as a user starts it. It builds itself first if it must. */
class LauncherTest {
  private static final Path LAUNCHER = Oracles.HOME.resolve("memarium");
  private static final Path SAMPLE = Oracles.HOME.resolve("samples/rlimit");

  @BeforeAll
  static void isBuilt() throws IOException {
    Ended version = HostRun.plain(List.of(LAUNCHER.toString(), "--version"));
    assertEquals(0, version.status(), version.err());
    assertTrue(version.out().startsWith("memarium "), version.out());
  }

  @Test
  void worksFromAnotherFolderAndThroughALink(@TempDir Path elsewhere) throws IOException {
    Path chain = Files.createSymbolicLink(elsewhere.resolve("chain"), LAUNCHER);
    Path link = Files.createSymbolicLink(elsewhere.resolve("memarium"), chain.getFileName());
    Ended ended =
        HostRun.run(
            List.of("./" + link.getFileName(), "run", SAMPLE.toString()),
            Path.of("/dev/null"),
            elsewhere);
    assertEquals("", ended.err());
    assertTrue(ended.out().startsWith("RLIMIT_AS"), ended.out());
    assertEquals(0, ended.status());
  }

  @Test
  void passesTheExitStatusOn() throws IOException {
    assertEquals(127, HostRun.plain(List.of(LAUNCHER.toString(), "run", "/nonexistent")).status());
    assertEquals(
        1,
        HostRun.plain(List.of(LAUNCHER.toString(), "run", Oracles.busybox().toString(), "false"))
            .status());
  }

  @Test
  void theDefaultJavaDoesNotMatter(@TempDir Path elsewhere) throws IOException {
    Ended ended =
        HostRun.plain(
            List.of(
                "/usr/bin/env",
                "JAVA_HOME=" + elsewhere,
                LAUNCHER.toString(),
                "run",
                SAMPLE.toString()));
    assertEquals(0, ended.status(), ended.err());
  }

  @Test
  void standardInputIsTheProgramsOwn(@TempDir Path folder) throws IOException {
    Path input = Files.writeString(folder.resolve("input"), "b\na\nc\n");
    Ended ended =
        HostRun.run(
            List.of(LAUNCHER.toString(), "run", Oracles.busybox().toString(), "sort"),
            input,
            folder);
    assertEquals("a\nb\nc\n", ended.out(), ended.err());
  }

  @Test
  void aReaderThatGoesAwayEndsTheProgramAsOnTheHost() throws IOException {
    String busybox = Oracles.busybox().toString();
    String pipeline = " %s yes | head -n 1; echo ${PIPESTATUS[0]}".formatted(busybox);
    Ended host = HostRun.plain(List.of("/bin/bash", "-c", "exec 2>&1; setarch -R" + pipeline));
    Ended machine =
        HostRun.plain(
            List.of("/bin/bash", "-c", "exec 2>/dev/null; " + LAUNCHER + " run" + pipeline));
    assertEquals("y\n141\n", host.out());
    assertEquals(host.out(), machine.out());
  }

  /** The program waits for input that never comes; the report is printed all the same. */
  @Test
  void ctrlCEndsTheProgramAndLeavesTheReport() throws Exception {
    for (String[] signal : new String[][] {{"INT", "130"}, {"TERM", "143"}}) {
      Process process =
          new ProcessBuilder(
                  LAUNCHER.toString(),
                  "run",
                  "--report",
                  Oracles.busybox().toString(),
                  "sh",
                  "-c",
                  "echo ready; cat")
              .start();
      try (BufferedReader out =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        assertEquals("ready", out.readLine());
        new ProcessBuilder("kill", "-" + signal[0], Long.toString(process.pid())).start().waitFor();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(signal[1], Integer.toString(process.exitValue()), err);
        assertTrue(err.contains("instructions"), err);
      } finally {
        process.destroyForcibly();
      }
    }
  }
}
