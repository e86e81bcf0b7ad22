package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.mm.space.Layout;

/** The same program on the host's kernel and here, in the layout of a 64-bit kernel. */
final class HostComparisonTest {
  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  @Test
  void signalsAreDeliveredWithTheSameFramesAndInTheSameOrder() {
    String program = HostPrograms.compile(folder, "signals.c", "-static").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).checks(true), program);
    assertEquals(there.out(), here.out());
    assertEquals(128 + 10, here.status());
    assertEquals("signals-static: SIGUSR1: sent by the program itself", here.deathLine());
  }

  @Test
  void systemCallsAnswerNonsenseAsTheHostsKernelDoes() {
    sameWithFile("calls.c");
  }

  @Test
  void longTransfersLetOthersRunAndEndForSignalsWhereTheHostsDo() {
    String program = HostPrograms.compile(folder, "transfers.c", "-static").toString();
    String file = folder.resolve("sparse").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program, file);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).ramBytes(256L << 20), program, file);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
  }

  @Test
  void writesWhoseBytesAreNotThereOrComeFromTheFileItself() {
    sameWithFile("writes.c");
  }

  @Test
  void a32BitKernelLooksForTheBytesFirst() {
    String program = HostPrograms.compile(folder, "writes.c", "-static").toString();
    String file = folder.resolve("written").toString();
    String out =
        machines.run(config -> config.layout(Layout.I386).checks(true), program, file, "-").out();
    assertTrue(out.contains("100, 3 * PAGE) = -1 EFAULT\n  grown all the same: size 0"), out);
    assertTrue(out.contains("ftruncate(fd, 100) = -1 EINVAL"), out);
  }

  @Test
  void mapsAndPagemapAnswerRequests() {
    sameWithFile("requests.c");
  }

  @Test
  void whatIsReadAndWrittenIsCounted() {
    String program = HostPrograms.compile(folder, "taskio.c", "-static", "-pthread").toString();
    String file = folder.resolve("file").toString();
    String there = HostPrograms.runNatively(program, file).out();
    assertEquals(there, machines.run(config -> config.layout(Layout.COMPAT), program, file).out());
    // The host's file system reads and writes blocks of its own, too.
    assertEquals(
        """
        written: inblock 0 oublock 64 cancelled_write_bytes: 0
        read: inblock 64 oublock 64 cancelled_write_bytes: 0
        cut: inblock 64 oublock 96 cancelled_write_bytes: 16384
        """,
        machines.run(config -> {}, program, file, "blocks").out());
  }

  @Test
  void filesGrowNoLargerThanTheLimit() {
    String program = HostPrograms.compile(folder, "filesize.c", "-static").toString();
    String file = folder.resolve("limited").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program, file);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).checks(true), program, file);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
    assertTrue(there.out().contains("signal"));
  }

  @Test
  void staticProgramsFindTheSameAddresses() {
    sameImage("-static");
  }

  @Test
  void positionIndependentProgramsFindTheSameAddresses() {
    sameImage("-static-pie");
  }

  @Test
  void programsWithALoaderFindTheSameAddresses() {
    sameImage("-pie");
  }

  /** Runs a program that is given the name of a file it may make, there and here. */
  private void sameWithFile(String source) {
    String program = HostPrograms.compile(folder, source, "-static").toString();
    String file = folder.resolve("file").toString();
    HostPrograms.Native there = HostPrograms.runNatively(program, file);
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT).checks(true), program, file);
    assertEquals(there.out(), here.out());
    assertEquals(there.status(), here.status());
  }

  private void sameImage(String kind) {
    String program = HostPrograms.compile(folder, "image.c", kind).toString();
    HostPrograms.Native there = HostPrograms.runNatively(program, "one", "");
    MachineExtension.Run here =
        machines.run(config -> config.layout(Layout.COMPAT), program, "one", "");
    assertEquals(sameOnBoth(there.out()), sameOnBoth(here.out()));
    assertTrue(here.out().contains("[vdso]"));
    assertEquals(3, here.status());
  }

  /** Without what tells of the processor: AT_HWCAP and the like. */
  private static List<String> sameOnBoth(String output) {
    List<String> lines = new ArrayList<>(output.lines().toList());
    lines.removeIf(line -> line.matches("aux (16|26|32|51) .*"));
    return lines;
  }
}
