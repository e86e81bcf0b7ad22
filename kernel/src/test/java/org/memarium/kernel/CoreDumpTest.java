package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.RLimits;

/** What a process leaves in the file core when a signal ends it. */
final class CoreDumpTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  /**
   * By every filter, limit and signal, with things in the way: headers, notes and pages as the
   * host's kernel writes them.
   */
  @Test
  void coreFilesAreThoseOfTheHost() throws IOException {
    HostPrograms.write(folder, "window.h");
    same("coredump.c", "-static");
  }

  /** The thread that died comes first, whatever its number. */
  @Test
  void coreFilesHaveTheRegistersOfEachThread() throws IOException {
    same("corethreads.c", "-static", "-pthread");
  }

  private void same(String source, String... options) throws IOException {
    assumeTrue(
        setting("core_pattern").equals("core") && setting("core_uses_pid").equals("0"),
        "the host writes its core files elsewhere");
    String program = HostPrograms.compile(folder, source, options).toString();
    String there = Files.createDirectory(folder.resolve("cores")).toString();
    HostPrograms.Native natively = HostPrograms.runNatively(program, there);
    Files.deleteIfExists(folder.resolve("cores/named"));
    MachineExtension.Run here =
        machines.run(
            config ->
                config
                    .layout(Layout.COMPAT)
                    .limit(RLimits.CORE, RLimits.INFINITY, RLimits.INFINITY),
            program,
            there);
    assertEquals(natively.out(), here.out());
    assertEquals(natively.status(), here.status());
  }

  private static String setting(String name) throws IOException {
    return Files.readString(Path.of("/proc/sys/kernel", name)).strip();
  }
}
