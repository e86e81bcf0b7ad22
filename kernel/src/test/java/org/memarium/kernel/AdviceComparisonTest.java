package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.space.Layout;

/** What programs may say about pages, and what they hear of them, beside the host's kernel. */
final class AdviceComparisonTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  @Test
  void everyAdviceOnEveryKindOfMemoryDoesTheSame() {
    same("advice.c");
  }

  @Test
  void memoryIsLockedAndCountedAndLimitedTheSameWay() {
    same("mlock.c");
  }

  @Test
  void pageoutLeavesTheSamePagesMapped() {
    same("pageout.c");
  }

  @Test
  void holesInTheFirstPageUnmapWhatFollows() {
    same("firsthole.c");
  }

  @Test
  void signalsOfMemoryAccessesHaveTheSameCodeAndAddress() {
    same("bus.c");
  }

  @Test
  void processesAreNamedByDescriptorsTheSameWay() {
    same("pidfd.c");
  }

  @Test
  void pagesThatTheKernelUsesItselfAreCopiedDirtiedAndMappedTheSameWay() {
    same("gup.c");
  }

  @Test
  void a32BitKernelLocksMemoryTheSameWayButSeesWhereAddressesEnd() {
    String program = HostPrograms.compile(folder, "mlock.c", "-static").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program);
    MachineExtension.Run here = machines.run(config -> config.layout(Layout.I386), program);
    assertEquals(there.out().replace("the end 12 12", "the end 22 22"), here.out());
  }

  private void same(String source) {
    String program = HostPrograms.compile(folder, source, "-static").toString();
    String file = folder.resolve("file").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program, file);
    MachineExtension.Run here = machines.run(config -> config.layout(Layout.COMPAT), program, file);
    assertEquals(withoutSoftDirty(there.out()), withoutSoftDirty(here.out()));
    assertEquals(there.status(), here.status());
  }

  /** Not every host tracks such pages. */
  private static String withoutSoftDirty(String out) {
    return out.replace(" sd", "");
  }
}
