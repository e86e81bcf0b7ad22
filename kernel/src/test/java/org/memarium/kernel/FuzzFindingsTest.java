package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What {@link SystemCallFuzzer} found, each in the fewest calls that showed it. */
final class FuzzFindingsTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private SystemCallDriver driver(Consumer<MachineConfig.Builder> change) {
    return new SystemCallDriver(machines.boot(change), SystemCallDriver.write(folder));
  }

  @Test
  void sleepsOfDecadesInARowEnd() {
    SystemCallDriver driver = driver(config -> {});
    int time = driver.words(SystemCallDriver.DATA, 0x7fff_ffff, 0);
    for (int i = 0; i < 8; i++) {
      assertEquals(0, driver.call("nanosleep", time));
    }
  }

  @Test
  void numbersWithoutEndAreCountedTogether() {
    SystemCallDriver driver = driver(config -> {});
    for (int i = 0; i < 2000; i++) {
      driver.call(1000 + i);
    }
    RunReport report = driver.machine().report();
    assertEquals(1, report.systemCalls().size());
    assertEquals(2000, report.systemCalls().getFirst().calls());
    assertEquals(1000, report.unsupported().size());
  }
}
