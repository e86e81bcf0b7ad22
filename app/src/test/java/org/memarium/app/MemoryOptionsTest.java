package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The options that limit memory and give swap, as a user finds them. */
class MemoryOptionsTest {
  private static final int SWAP_BYTES = 8 << 20;

  @TempDir private Path folder;

  private static Ended shell(String script, String... options) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("run"));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of(Oracles.busybox().toString(), "sh", "-c", script));
    return MachineRun.command(arguments.toArray(String[]::new));
  }

  private Path mkswap(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.write(file, new byte[SWAP_BYTES]);
    Ended made = HostRun.plain(List.of(Oracles.busybox().toString(), "mkswap", file.toString()));
    assertEquals(0, made.status(), made::err);
    return file;
  }

  @Test
  void whoWantsMoreThanMemoryMaxIsKilledAndTheShellGoesOn() throws IOException {
    Ended ended =
        shell(
            """
            cd /sys/fs/cgroup/program
            cat memory.max
            awk 'BEGIN { s = "12345678"; while (1) s = s s }'
            echo status $?
            cat memory.peak memory.events
            """,
            "--memory-max",
            "8M");
    assertEquals(0, ended.status(), ended::err);
    assertTrue(ended.err().contains("Killed"), ended::err);
    String events = "low 0\nhigh 0\nmax [1-9][0-9]*\noom 1\noom_kill 1\noom_group_kill 0\n";
    String all = "8388608\nstatus 137\n8388608\n" + events;
    assertTrue(ended.out().matches(all), ended::out);
  }

  @Test
  void belowMemoryMaxOneHasSwap() throws IOException {
    Ended ended =
        shell(
            """
            awk 'BEGIN { s = "12345678"; for (i = 0; i < 21; i++) s = s s; print length(s) }'
            cat /sys/fs/cgroup/program/memory.peak
            """,
            "--memory-max",
            "8M",
            "--swap",
            "64M");
    assertEquals("16777216\n8388608\n", ended.out(), ended::err);
  }

  @Test
  void aFileThatMkswapMadeIsASwapArea() throws IOException {
    Path low = mkswap("low");
    Path high = mkswap("high");
    String[] options = {"--swap-file", low + ",3", "--swap-file", high + ",7"};
    Ended ended = shell("cat /proc/swaps; swapoff -a; tail -n +2 /proc/swaps", options);
    List<String> lines =
        ended.out().lines().map(line -> line.replaceAll("\\s+", " ").strip()).toList();
    assertEquals(
        List.of(
            "Filename Type Size Used Priority",
            "/dev/vda partition 8188 0 3",
            "/dev/vdb partition 8188 0 7"),
        lines);
    // A second machine finds them as they were: whatever was in them is of no use to it.
    assertEquals(0, shell("true", options).status());
  }

  @Test
  void whatCannotBeSwapIsToldInOneLine() throws IOException {
    Path empty = Files.createFile(folder.resolve("empty"));
    Path zeroes = Files.write(folder.resolve("zeroes"), new byte[SWAP_BYTES]);
    for (Path file : List.of(folder.resolve("none"), empty, zeroes, folder, Path.of("/dev/null"))) {
      Ended ended = shell("true", "--swap-file", file.toString());
      assertEquals(2, ended.status(), file::toString);
      assertEquals("", ended.out());
      assertTrue(ended.err().contains(file.toString()), ended::err);
      assertEquals(1, ended.err().lines().count(), ended::err);
    }
  }

  @Test
  void rootReadsTheLog() throws IOException {
    Ended ended =
        shell("dmesg; echo hello > /dev/kmsg; dmesg -c | tail -n 1; dmesg", "--swap", "1M");
    assertTrue(ended.out().contains("] Adding 1020k swap on /dev/vda."), ended::out);
    assertTrue(ended.out().endsWith("] hello\n"), ended::out);
  }
}
