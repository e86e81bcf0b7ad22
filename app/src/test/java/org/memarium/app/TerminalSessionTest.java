package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Busybox's shell at a terminal, which {@code script} of util-linux provides: the same keys typed
 * at the host's and here show the same.
 */
class TerminalSessionTest {
  private static final String PROMPT = "@@ ";

  /** What is awaited, and then typed. */
  private record Step(String awaited, String keys) {}

  private static final List<Step> SESSION =
      List.of(
          new Step(PROMPT, "echo one; tty\r"),
          new Step(PROMPT, "stty | grep -c speed\r"),
          new Step(PROMPT, "cat\r"),
          new Step("cat\r\n", "typed and\177\177\177gone\r"),
          new Step("typed gone\r\n", "\004"),
          new Step(PROMPT, "sleep 1000; echo never\r"),
          new Step("echo never\r\n", "\003"),
          new Step(PROMPT, "echo status $?\r"),
          new Step("status 130", ""),
          new Step(PROMPT, "exit 7\r"));

  @TempDir private Path folder;

  @Test
  void aShellIsUsedAsOnTheHost() throws Exception {
    String busybox = Oracles.busybox().toString();
    String java = ProcessHandle.current().info().command().orElseThrow();
    String here =
        "%s --enable-native-access=ALL-UNNAMED -cp '%s' org.memarium.app.Main run %s %s sh"
            .formatted(java, System.getProperty("java.class.path"), "--env PS1='@@ '", busybox);
    String onHost = session("host", "PS1='@@ ' " + busybox + " sh");
    String onMachine = session("machine", here);
    assertTrue(onHost.contains("status 130"), onHost);
    assertEquals(onHost, onMachine);
  }

  /** All that the terminal showed, without escape sequences, and the shell's exit status. */
  private String session(String name, String command) throws Exception {
    Path script = Path.of("/usr/bin/script");
    if (!Files.isExecutable(script)) {
      Oracles.missing("script of util-linux, which provides a terminal");
    }
    Path shown = folder.resolve(name);
    Process process =
        new ProcessBuilder(List.of(script.toString(), "-qec", command, "/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(shown.toFile())
            .start();
    int from = 0;
    try (OutputStream keyboard = process.getOutputStream()) {
      for (Step step : SESSION) {
        from = await(process, shown, step.awaited, from);
        keyboard.write(step.keys.getBytes(StandardCharsets.UTF_8));
        keyboard.flush();
      }
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), () -> text(shown));
    } finally {
      process.destroyForcibly();
    }
    return text(shown).replaceAll("/dev/pts/[0-9]+", "/dev/pts/N") + process.exitValue();
  }

  /** Waits until the terminal shows a text, and returns where it ends. */
  private static int await(Process process, Path shown, String awaited, int from) throws Exception {
    for (int tries = 0; tries < 600 && process.isAlive(); tries++) {
      int at = text(shown).indexOf(awaited, from);
      if (at >= 0) {
        // The shell reads on a moment after its prompt.
        Thread.sleep(300);
        return at + awaited.length();
      }
      Thread.sleep(50);
    }
    process.destroyForcibly();
    return fail("no '%s': %s".formatted(awaited, text(shown)));
  }

  private static String text(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1)
          .replaceAll("\033\\[[0-9;?]*[a-zA-Z]", "");
    } catch (IOException unreadable) {
      return unreadable.toString();
    }
  }
}
