package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.space.Layout;

/**
 * Programs that make, change, move and seal areas in every way, on the host's kernel and here: each
 * answer, and each area that is left, must be the same.
 */
final class AreasHostTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  @Test
  void areasAreMappedProtectedUnmappedAndSealedAsOnTheHost() {
    same("mapping.c");
  }

  @Test
  void areasMoveGrowAndShrinkAsOnTheHost() {
    same("remaps.c");
  }

  @Test
  void theBreakGoesUpToTheSameLimitsAsOnTheHost() {
    same("brk.c");
  }

  @Test
  void personalitiesLayAnAddressSpaceOutAsOnTheHost() {
    same("personality.c", "-static");
    same("personality.c", "-static-pie");
  }

  @Test
  void limitsRefuseTheSameCallsAndTheSameProgramsAsOnTheHost() {
    same("limits.c");
  }

  @Test
  void theSameMappingsAreChargedAsOnTheHost() {
    same("overcommit.c");
  }

  /** Only what is larger than the whole RAM is refused, and charged at once. */
  @Test
  void guessingRefusesWhatExceedsTheRam() {
    assertEquals(
        """
        overcommit_memory = 0: set
        private: mapped
        private: mapped
        private: mapped
        private: ENOMEM
        private: ENOMEM
        without reserve: mapped
        read only: mapped
        shared: mapped
        shared: ENOMEM
        shared without reserve: mapped
        given the right to write: ENOMEM
        grown: ENOMEM
        fork with an eighth: yes
        fork with a third: yes
        brk: ENOMEM
        """,
        overcommit("0"));
  }

  @Test
  void nothingIsRefusedWhereOvercommittingIsAlwaysAllowed() {
    String out = overcommit("1");
    assertEquals(-1, out.indexOf("ENOMEM"), out);
    assertEquals(16, out.lines().count());
  }

  /** The sum of all promises stays below half of the RAM, or what is set; no reserve counts. */
  @Test
  void neverOvercommittingKeepsThePromisesBelowTheLimit() {
    assertEquals(
        """
        overcommit_memory = 2: set
        private: mapped
        private: ENOMEM
        private: ENOMEM
        private: ENOMEM
        private: ENOMEM
        without reserve: ENOMEM
        read only: mapped
        shared: mapped
        shared: ENOMEM
        shared without reserve: ENOMEM
        given the right to write: ENOMEM
        grown: ENOMEM
        fork with an eighth: yes
        fork with a third: ENOMEM
        brk: ENOMEM
        limit is half of the RAM: 1
        overcommit_ratio = 80: set
        limit is 80 %: 1
        private: mapped
        overcommit_kbytes = 8192: set
        limit is 8192 kB
        private: ENOMEM
        private: mapped
        without reserve: ENOMEM
        """,
        overcommit("2"));
  }

  private String overcommit(String mode) {
    String program = HostPrograms.compile(folder, "overcommit.c", "-static").toString();
    MachineExtension.Run here = machines.run(config -> config.layout(Layout.COMPAT), program, mode);
    return here.out().replaceAll(", \\d+ MiB", "");
  }

  private void same(String source) {
    same(source, "-static");
  }

  private void same(String source, String linking) {
    HostPrograms.write(folder, "window.h");
    String program = HostPrograms.compile(folder, source, linking).toString();
    HostPrograms.Native there = HostPrograms.runNatively(program);
    MachineExtension.Run here = machines.run(config -> config.layout(Layout.COMPAT), program);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
  }
}
