package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memarium.mm.space.Layout;

/** Copy-on-write among many processes, here and on the host's kernel. */
final class ForkComparisonTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  /** Contents, and the page faults that every one of 255 processes takes for each of its steps. */
  @ParameterizedTest
  @EnumSource
  void forkTreesEightDeepReadAndFaultAsOnTheHost(Layout layout) {
    String program = HostPrograms.compile(folder, "forks.c", "-static").toString();
    String file = folder.resolve("file").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program, file);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Machine machine =
        machines.boot(config -> config.layout(layout).standardOutput(Channels.newChannel(out)));
    machine.exec(program, List.of(program, file), List.of());
    assertEquals(there.status(), machine.run());
    assertEquals(there.out(), out.toString(StandardCharsets.ISO_8859_1));
    String meminfo = machine.proc("meminfo");
    assertTrue(meminfo.contains("AnonPages:             0 kB"), meminfo);
    assertTrue(meminfo.contains("PageTables:            0 kB"), meminfo);
  }
}
