package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scripts: where they come from, and where they end. */
class ShellScriptTest {
  @TempDir private Path folder = Path.of("");

  private Path script(String... lines) throws IOException {
    return Files.writeString(folder.resolve("script"), String.join("\n", lines) + "\n");
  }

  @Test
  void aScriptEndsAtItsFirstErrorWithStatus1() throws IOException {
    Path script = script("echo before", "nonsense", "echo after");
    Ended ended = MachineRun.command("shell", "--script", script.toString());
    assertEquals("before\n", ended.out());
    assertEquals(script + ":2: there is no command nonsense; help lists all\n", ended.err());
    assertEquals(1, ended.status());
  }

  @Test
  void keepGoingGoesOnAndTheStatusStillTells() throws IOException {
    Path script = script("nonsense", "echo after");
    Ended ended = MachineRun.command("shell", "--keep-going", "--script", script.toString());
    assertEquals("after\n", ended.out());
    assertEquals(1, ended.status());
  }

  @Test
  void standardInputIsAScriptAndProgramsDoNotReadIt() throws IOException {
    Path script = script("echo one", "run " + Oracles.busybox() + " cat", "echo two");
    Ended ended = MachineRun.command(script, "shell", "--echo");
    assertTrue(ended.out().startsWith("> echo one\none\n> run "), ended.out());
    assertTrue(ended.out().endsWith("> echo two\ntwo\n"), ended.out());
    assertEquals(0, ended.status(), ended.err());
  }

  @Test
  void aFileThatIsSourcedEndsAtItsFirstError() throws IOException {
    Path inner = Files.writeString(folder.resolve("inner"), "echo in\nnonsense\necho never\n");
    Path script = script("source " + inner, "echo out");
    Ended ended = MachineRun.command("shell", "--keep-going", "--script", script.toString());
    assertEquals("in\nout\n", ended.out());
  }

  @Test
  void aScriptThatCannotBeReadIsOneLine() throws IOException {
    Ended ended = MachineRun.command("shell", "--script", "/no/such/script");
    assertEquals("memarium: --script /no/such/script: no such file or folder\n", ended.err());
    assertEquals(2, ended.status());
  }

  @Test
  void thePresetOfTheGuideHasItsOrdersAndSizes() throws IOException {
    Path script = script("alloc_pages 9", "kmalloc 1", "kmalloc 128K", "alloc_pages 10");
    Ended ended = MachineRun.command("shell", "--preset", "guide", "--script", script.toString());
    assertTrue(ended.out().contains("32 bytes of size-32"), ended.out());
    assertTrue(ended.out().contains("131,072 bytes of size-131072"), ended.out());
    assertTrue(ended.err().contains("blocks have order 0 to 9, not 10"), ended.err());
  }
}
