package org.memarium.app.shell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;

/** What the Tab key offers. */
class CompletionTest {
  private static final Path SAMPLES = Path.of("../samples").toAbsolutePath().normalize();

  private final Machine machine = Machine.boot(MachineConfig.builder().ramBytes(32L << 20).build());
  private final Shell shell =
      new Shell(
          machine,
          new PrintWriter(Writer.nullWriter()),
          new PrintWriter(Writer.nullWriter()),
          false,
          new ProgramSource() {
            @Override
            public String pathOf(String program) {
              return program;
            }

            @Override
            public List<String> environment() {
              return List.of();
            }
          });

  @AfterEach
  void close() {
    machine.close();
  }

  private List<String> offered(String... words) {
    return new Completion(shell.session(), shell.registry()).candidates(List.of(words));
  }

  @Test
  void commandsAtTheStartOfALine() {
    assertEquals(List.of("kmalloc"), offered("kmal"));
    assertEquals(List.of("kmalloc"), offered("let", "p", "=", "kmal"));
    assertEquals(List.of("kmalloc"), offered("help", "kmal"));
    assertTrue(offered("").containsAll(shell.registry().names()));
  }

  @Test
  void eachArgumentByItsKind() {
    assertEquals(List.of("kmalloc-64"), offered("slab", "kmalloc-64"));
    assertEquals(List.of("swapper_pg_dir"), offered("x/4xw", "swapp"));
    assertEquals(List.of("VMALLOC_START", "VMALLOC_END"), offered("x", "VMALLOC_"));
    assertEquals(
        List.of("GFP_KERNEL|__GFP_ZERO"), offered("alloc_pages", "0", "GFP_KERNEL|__GFP_Z"));
    assertEquals(List.of("SLAB_POISON"), offered("kmem_cache_create", "n", "8", "0", "SLAB_PO"));
    assertEquals(List.of("buddyinfo"), offered("cat", "bud"));
    assertEquals(List.of("/proc/sys/vm/max_map_count"), offered("cat", "/proc/sys/vm/max_m"));
    assertEquals(List.of("vm.max_map_count"), offered("sysctl", "vm.max_m"));
    assertEquals(List.of("on", "off"), offered("trace", "o"));
    assertEquals(List.of("slabs"), offered("help", "slabs"));
    assertEquals(List.of(SAMPLES + "/maps"), offered("source", SAMPLES + "/map"));
    assertEquals(List.of(), offered("nonsense", ""));
    assertEquals(List.of(), offered("kmalloc", "6"));
  }

  @Test
  void variablesAndProcessesAsTheyComeAndGo() {
    assertEquals(List.of(), offered("kfree", "$"));
    shell.executeAtPrompt("let p = kmalloc 64");
    assertEquals(List.of("$p"), offered("kfree", "$"));
    assertEquals(List.of(), offered("maps", ""));
    shell.executeAtPrompt("run --until 100 " + SAMPLES + "/maps");
    assertEquals(List.of("100"), offered("maps", ""));
    assertEquals(List.of("eip"), offered("x", "ei"));
    shell.executeAtPrompt("kill");
    assertEquals(List.of(), offered("maps", ""));
  }

  @Test
  void everyCommandIsCompleteInTheRegistry() {
    for (Command command : shell.registry().all()) {
      assertTrue(command.summary().length() <= 90, command.name());
      assertTrue(command.synopsis().length() <= 60, command.name());
      command.parameters();
    }
    for (Topic topic : Topic.values()) {
      assertTrue(!shell.registry().of(topic).isEmpty(), topic.word());
    }
  }

  @Test
  void historyLiesInTheStateFolder() {
    assertEquals(
        Path.of("/s/memarium/history"),
        Console.historyFile(Map.of("XDG_STATE_HOME", "/s", "HOME", "/h")));
    assertEquals(
        Path.of("/h/.local/state/memarium/history"),
        Console.historyFile(Map.of("XDG_STATE_HOME", "relative", "HOME", "/h")));
    assertNull(Console.historyFile(Map.of()));
  }
}
