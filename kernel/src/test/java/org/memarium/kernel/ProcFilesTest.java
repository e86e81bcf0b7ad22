package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.mm.space.Layout;

/** What a program reads and writes in /proc/PID is what the host's kernel tells, and does. */
final class ProcFilesTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"mappings", "memory", "zombie", "permissions", "settings", "files"})
  void agreesWithTheHost(String part) {
    if (part.equals("permissions") || part.equals("settings")) {
      assumeTrue(isRoot(), "the host's kernel lets only root become somebody else");
    }
    if (part.equals("zombie")) {
      assumeTrue(hostHas(6, 16), "kernels before 6.16 open the files of a zombie");
    }
    String program = HostPrograms.compile(folder, "procfiles.c", "-static").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program, part);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).checks(true), program, part);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
  }

  /** Whether the host's kernel is of a version, or a later one. */
  private static boolean hostHas(int major, int minor) {
    String[] parts = System.getProperty("os.version").split("[^0-9]+", 3);
    int hostMajor = Integer.parseInt(parts[0]);
    return hostMajor > major || (hostMajor == major && Integer.parseInt(parts[1]) >= minor);
  }

  private static boolean isRoot() {
    return HostPrograms.runNatively("id", "-u").out().equals("0\n");
  }
}
