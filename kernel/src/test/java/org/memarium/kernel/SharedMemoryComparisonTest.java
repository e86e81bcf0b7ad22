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
    sameAsOnTheHost("shm.c");
  }

  @Test
  void filesInMemoryAreSealedMappedAndPunchedAsOnTheHost() {
    sameAsOnTheHost("memfd.c");
  }

  @Test
  void anotherProcessesMemoryIsReadAndWrittenAsOnTheHost() {
    sameAsOnTheHost("processvm.c");
  }

  @Test
  void segmentsOfAProgramsOwnWorkAsOnTheHost() {
    sameAsOnTheHost("ldt.c");
  }

  @Test
  void semaphoresAndQueuesOfSystemVWorkAsOnTheHost() {
    sameAsOnTheHost("sysvipc.c");
  }

  private void sameAsOnTheHost(String source) {
    assumeTrue(
        "root".equals(System.getProperty("user.name")), "the host lets only root do all of this");
    String program =
        HostPrograms.compile(folder, source, "-static", "-D_FILE_OFFSET_BITS=64").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).checks(true), program);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
  }
}
