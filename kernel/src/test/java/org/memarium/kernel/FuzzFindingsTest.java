package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.mm.Errno;
import org.memarium.mm.space.Layout;

/** What {@link SystemCallFuzzer} found, each in the fewest calls that showed it. */
final class FuzzFindingsTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private SystemCallDriver driver(Consumer<MachineConfigBuilder> change) {
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

  @Test
  void aSpliceFromAnEmptyPipeToAStreamOfTheHostWaits() {
    SystemCallDriver driver = driver(config -> {});
    assertEquals(0, driver.call("pipe2", SystemCallDriver.DATA, 0));
    int reads = driver.word(SystemCallDriver.DATA);
    assertFalse(driver.make(SystemCallNames.number("splice"), reads, 0, 1, 0, 100, 0));
    String death = String.valueOf(driver.machine().deathLine());
    assertTrue(death.contains("deadlock: nothing can run any more"), death);
  }

  @Test
  void aFileThatComesWithNothingIntoAStreamStaysWithTheSender() {
    SystemCallDriver driver = driver(config -> {});
    int ends = SystemCallDriver.DATA;
    assertEquals(0, driver.call("socketpair", 1, 1, 0, ends));
    int control = driver.words(SystemCallDriver.DATA + 0x100, 16, 1, 1, driver.word(ends));
    int message = driver.words(SystemCallDriver.DATA + 0x200, 0, 0, 0, 0, control, 16, 0);
    assertEquals(0, driver.call("sendmsg", driver.word(ends), message, 0));
    driver.machine().audit();
    assertEquals(0, driver.call("close", driver.word(ends)));
    driver.machine().audit();
  }

  @Test
  void theRestOfASleepThatCannotBeToldIsEfault() {
    SystemCallDriver driver = driver(config -> {});
    int action = driver.words(SystemCallDriver.DATA, SystemCallDriver.HANDLER, 0, 0, 0, 0);
    assertEquals(0, driver.call("rt_sigaction", 14, action, 0, 8));
    int interval = driver.words(SystemCallDriver.DATA + 0x100, 0, 0, 0, 500);
    assertEquals(0, driver.call("setitimer", 0, interval, 0));
    int time = driver.words(SystemCallDriver.DATA + 0x200, 10, 0);
    assertEquals(-Errno.EFAULT, driver.call("nanosleep", time, 0xc000_0000));
  }

  @Test
  void aFutexBehindTheFirstFourGibibytesIsNowhere() {
    for (Layout layout : Layout.values()) {
      SystemCallDriver driver = driver(config -> config.layout(layout));
      int value = SystemCallDriver.DATA + 0x100;
      for (int high : new int[] {0, 1, -1}) {
        int vector = driver.words(SystemCallDriver.DATA, 1, 0, value, high, 2, 0);
        int expected = high == 0 || layout == Layout.I386 ? -Errno.EAGAIN : -Errno.EFAULT;
        assertEquals(expected, driver.call("futex_waitv", vector, 1, 0, 0, 0));
      }
    }
  }
}
