package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.space.Layout;

/** Memory that processes share: the same program on the host's kernel and here. */
final class SharedMemoryComparisonTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  @Test
  void segmentsOfSystemVLiveAndDieAsOnTheHost() {
    sameAsOnTheHost("shm.c", true);
  }

  @Test
  void filesInMemoryAreSealedMappedAndPunchedAsOnTheHost() {
    sameAsOnTheHost("memfd.c", false);
  }

  @Test
  void hugePagesOutOfAnEmptyPoolAreMappedAndNeverThereAsOnTheHost() {
    sameAsOnTheHost("huge.c", true);
  }

  @Test
  void anotherProcessesMemoryIsReadAndWrittenAsOnTheHost() {
    sameAsOnTheHost("processvm.c", true);
  }

  @Test
  void segmentsOfAProgramsOwnWorkAsOnTheHost() {
    sameAsOnTheHost("ldt.c", false);
  }

  @Test
  void semaphoresAndQueuesOfSystemVWorkAsOnTheHost() {
    sameAsOnTheHost("sysvipc.c", false);
  }

  /**
   * Compares.
   *
   * @param audited whether all memory is recounted at each of the program's calls, of which some
   *     make a thousand; after the program it always is
   */
  private void sameAsOnTheHost(String source, boolean audited) {
    assumeTrue(
        "root".equals(System.getProperty("user.name")), "the host lets only root do all of this");
    String program =
        HostPrograms.compile(folder, source, "-static", "-D_FILE_OFFSET_BITS=64").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).checks(audited), program);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
  }
}
