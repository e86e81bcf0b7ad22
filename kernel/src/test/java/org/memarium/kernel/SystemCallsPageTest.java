package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.syscall.SystemCallDescription;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.kernel.syscall.SystemCallStatus;
import org.memarium.mm.Errno;

/**
 * docs/syscalls.md says of every system call what the machine's own table says. With the system
 * property {@code memarium.write-docs} the table in the page is written anew.
 */
final class SystemCallsPageTest {
  private static final Path PAGE = Path.of("../docs/syscalls.md");

  /** What stands above this line in the page is written by hand. */
  private static final String HEAD = "| number | name | here | remark |";

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @Test
  void thePageSaysWhatTheTableOfCallsSays() throws IOException {
    List<SystemCallDescription> calls = machines.boot(config -> {}).systemCalls();
    String page = Files.readString(PAGE);
    int table = page.indexOf(HEAD);
    assertTrue(table > 0, PAGE + " has lost the head of its table");
    String wanted = page.substring(0, table) + table(calls);
    if (Boolean.getBoolean("memarium.write-docs")) {
      Files.writeString(PAGE, wanted);
    } else {
      List<String> stale = page.lines().filter(line -> !wanted.contains(line + "\n")).toList();
      assertEquals(List.of(), stale, "write the table anew with scripts/write-docs");
      assertTrue(wanted.equals(page), "write the table anew with scripts/write-docs");
    }
  }

  @Test
  void whatIsNotThereAnswersItsErrorAndTheReportNamesIt(@TempDir Path folder) {
    Machine machine = machines.boot(config -> {});
    SystemCallDriver driver = new SystemCallDriver(machine, SystemCallDriver.write(folder));
    List<String> refused = new ArrayList<>();
    for (SystemCallDescription call : machine.systemCalls()) {
      if (call.errno() != 0) {
        assertEquals(-call.errno(), driver.call(call.number()), call.toString());
        refused.add("system call %d (%s)".formatted(call.number(), call.name()));
      }
      boolean explained =
          call.status() == SystemCallStatus.REFUSED || call.status() == SystemCallStatus.PARTLY;
      assertTrue(!explained || !call.remark().isEmpty(), call + " says nothing of why");
    }
    List<String> named =
        machine.report().unsupported().stream().map(line -> line.split(":", 2)[0]).toList();
    assertEquals(refused, named);
  }

  private static String table(List<SystemCallDescription> calls) {
    List<String> lines = new ArrayList<>(List.of(HEAD, "| --: | --- | --- | --- |"));
    for (SystemCallDescription call : calls) {
      if (call.number() >= SystemCallNames.COUNT_OF_6_1 && call.errno() != 0) {
        continue;
      }
      String name = SystemCallNames.isNamed(call.number()) ? "`" + call.name() + "`" : "";
      String status = call.status().name().toLowerCase(Locale.ROOT);
      String here = call.errno() == 0 ? status : status + ", " + Errno.name(-call.errno());
      lines.add("| %d | %s | %s | %s |".formatted(call.number(), name, here, call.remark()));
    }
    return String.join("\n", lines).replace("|  |", "| |") + "\n";
  }
}
