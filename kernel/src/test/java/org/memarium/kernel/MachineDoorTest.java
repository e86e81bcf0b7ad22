package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.process.UserProcess;
import org.memarium.mm.frame.Gfp;

/** A machine in the hands of a Java program: with and without programs of its own. */
class MachineDoorTest {
  private static final String SAMPLE =
      Path.of("../samples/maps").toAbsolutePath().normalize().toString();

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @Test
  void aMachineWithoutAProgramIsAuditedWithWhatItsOwnerHolds() {
    Machine machine = machines.boot(config -> {});
    assertNull(machine.running());
    int pfn = machine.pages().allocPages(Gfp.GFP_KERNEL, 3);
    long page = machine.pages().getZeroedPage(Gfp.GFP_KERNEL);
    machine.audit();
    machine.pages().freePages(pfn, 3);
    machine.audit();
    IllegalStateException twice =
        assertThrows(IllegalStateException.class, () -> machine.pages().freePages(pfn, 3));
    assertTrue(String.valueOf(twice.getMessage()).contains("0x%x".formatted(pfn)));
    machine.pages().freePagesAt(page, 0);
  }

  @Test
  void pagesOfOthersCannotBeFreedByTheOwner() {
    Machine machine = machines.boot(config -> {});
    machine.exec(SAMPLE, List.of("maps"), List.of());
    int table = (int) (machine.task().requireMm().pages().tables().pgd() >>> 12);
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> machine.pages().freePages(table, 0));
    assertTrue(String.valueOf(refused.getMessage()).startsWith("free of what was not allocated"));
  }

  @Test
  void aProgramStandsStillBetweenTwoRuns() {
    Machine machine = machines.boot(config -> {});
    machine.exec(SAMPLE, List.of("maps"), List.of());
    long before = machine.cpu().instructions();
    assertFalse(machine.run(1000));
    assertEquals(before + 1000, machine.cpu().instructions());
    assertTrue(machine.proc("self/maps").contains("[stack]"));
    assertNotNull(machine.running());
    machine.audit();
    assertEquals(0, machine.run());
    assertNull(machine.running());
  }

  @Test
  void oneProgramAfterAnotherEachInItsOwnProcess() {
    Machine machine = machines.boot(config -> {});
    RunReport first = null;
    for (int i = 0; i < 3; i++) {
      machine.exec(SAMPLE, List.of("maps"), List.of());
      assertEquals(UserProcess.FIRST_PID + i, machine.task().pid());
      assertEquals(0, machine.run());
      RunReport report = machine.report();
      if (first == null) {
        first = report;
      }
      assertEquals(first.instructions(), report.instructions());
      assertEquals(first.systemCalls(), report.systemCalls());
      assertEquals(first.minorFaults(), report.minorFaults());
      machine.audit();
    }
  }

  @Test
  void aPauseComesBackAndTheProgramRunsOn() {
    Machine machine = machines.boot(config -> {});
    machine.exec(SAMPLE, List.of("maps"), List.of());
    machine.pause();
    assertTrue(machine.interruptPending());
    assertFalse(machine.run(Long.MAX_VALUE));
    assertFalse(machine.interruptPending());
    assertTrue(machine.run(Long.MAX_VALUE));
    assertEquals(0, machine.exitStatus());
  }

  @Test
  void viewsAreReadAndListedAsRoot() {
    Machine machine = machines.boot(config -> {});
    assertTrue(machine.proc("meminfo").startsWith("MemTotal:"));
    assertEquals(machine.proc("meminfo"), machine.proc("/proc/meminfo"));
    assertTrue(machine.files().list("/proc").contains("buddyinfo"));
    UsageException missing = assertThrows(UsageException.class, () -> machine.proc("no_such_view"));
    assertEquals("/proc/no_such_view: there is no such file", missing.getMessage());
  }
}
