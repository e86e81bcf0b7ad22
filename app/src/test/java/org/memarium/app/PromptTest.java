package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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

/** The prompt at a terminal, which {@code script} of util-linux provides. */
class PromptTest {
  private static final String ESCAPE_SEQUENCE = "\033(\\[[0-9;?=]*[ -/]*[@-~]|[=>])";

  @TempDir private Path folder = Path.of("");

  /**
   * What the terminal shows, without its escape sequences.
   *
   * @param keys what is typed at each prompt, once it is there
   */
  private String typed(Path stateFolder, String... keys) throws Exception {
    Path script = Path.of("/usr/bin/script");
    if (!Files.isExecutable(script)) {
      Oracles.missing("script of util-linux, which provides a terminal");
    }
    String java = ProcessHandle.current().info().command().orElseThrow();
    String command =
        "%s --enable-native-access=ALL-UNNAMED -cp '%s' org.memarium.app.Main shell --ram 32M"
            .formatted(java, System.getProperty("java.class.path"));
    Path shown = folder.resolve("shown");
    ProcessBuilder builder =
        new ProcessBuilder(List.of(script.toString(), "-qec", command, "/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(shown.toFile());
    builder.environment().put("XDG_STATE_HOME", stateFolder.toString());
    builder.environment().put("TERM", "xterm");
    builder.environment().put("NO_COLOR", "1");
    Process process = builder.start();
    try (OutputStream keyboard = process.getOutputStream()) {
      for (int i = 0; i < keys.length; i++) {
        awaitPrompts(process, shown, i + 1);
        keyboard.write(keys[i].getBytes(StandardCharsets.UTF_8));
        keyboard.flush();
      }
      assertTrue(process.waitFor(120, TimeUnit.SECONDS), () -> shown(shown));
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0, process.exitValue(), () -> shown(shown));
    return shown(shown);
  }

  /** The terminal driver drops what is typed before the shell is ready to read it. */
  private static void awaitPrompts(Process process, Path shown, int prompts) throws Exception {
    for (int tries = 0; tries < 600 && process.isAlive(); tries++) {
      if (shown(shown).split("memarium> ", -1).length > prompts) {
        return;
      }
      Thread.sleep(100);
    }
    process.destroyForcibly();
    fail("no prompt: " + shown(shown));
  }

  private static String shown(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8).replaceAll(ESCAPE_SEQUENCE, "");
    } catch (IOException unreadable) {
      return unreadable.toString();
    }
  }

  @Test
  void linesAreExecutedCompletedAndRemembered() throws Exception {
    Path state = folder.resolve("not/yet/there");
    String shown =
        typed(state, "let p = kmal\t64\r", "ksize $p\r", "no_such\r", "kfree $p\r", "quit\r");
    assertTrue(shown.contains("64 bytes of kmalloc-64"), shown);
    assertTrue(shown.contains("there is no command no_such"), shown);
    assertFalse(shown.contains("Exception"), shown);
    String history = Files.readString(state.resolve("memarium/history"));
    assertTrue(history.contains("let p = kmalloc 64"), history);
    assertTrue(history.contains("kfree $p"), history);
  }

  @Test
  void aHistoryThatCannotBeKeptIsNoReasonToComplain() throws Exception {
    String shown = typed(Path.of("/proc/nothing/can/be/made/here"), "echo works\r", "\004");
    assertTrue(shown.contains("works"), shown);
    assertFalse(shown.contains("Exception") || shown.contains("WARN"), shown);
  }
}
