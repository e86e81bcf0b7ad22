package org.memarium.kernel.procfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.kernel.vfs.Kstat;
import org.memarium.mm.frame.Gfp;

/** Every view has Linux's shape, line by line: only the numbers differ. */
class ViewShapeTest {

  /** From the 18th column on; the last digit of each number. */
  private static final String COLUMNS_OF_SLABINFO =
      "      #      #      #    #    # : tunables    #    #    # : slabdata      #      #      #";

  private final Reference linux = Reference.of(128);

  @TempDir private Path folder;
  private TestSystem system;

  @BeforeEach
  void boot() {
    system = new TestSystem(folder);
  }

  @AfterEach
  void halt() {
    system.close();
  }

  private List<String> ours(String file) {
    return system.read(file).lines().toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/vmstat", "/proc/zoneinfo"})
  void linesAreLinuxs(String file) {
    assertEquals(Reference.masked(linux.lines(file)), Reference.masked(ours(file)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/meminfo", "/proc/buddyinfo", "/proc/pagetypeinfo"})
  void columnsAreLinuxs(String file) {
    assertEquals(
        Reference.maskedInColumns(linux.lines(file)), Reference.maskedInColumns(ours(file)));
  }

  @Test
  void slabinfoHasLinuxsHeaderAndColumns() {
    List<String> lines = ours("/proc/slabinfo");
    assertEquals(linux.lines("/proc/slabinfo").subList(0, 2), lines.subList(0, 2));
    assertFalse(lines.subList(2, lines.size()).isEmpty());
    for (String line : lines.subList(2, lines.size())) {
      // A name longer than its column pushes the others to the right.
      int nameEnd = Math.max(17, line.indexOf(' '));
      String masked = Reference.maskedInColumns(List.of(line.substring(nameEnd))).getFirst();
      assertEquals(COLUMNS_OF_SLABINFO, masked, line);
    }
  }

  @Test
  void vmallocinfoHasLinuxsLines() {
    long buffer =
        system.vmalloc.vmalloc(32 * 4096, 1, Gfp.GFP_KERNEL, 0, "crypto_scomp_init_tfm+0x65/0xb0");
    long registers = system.vmalloc.ioremap(0xfed00000L, 1024, "hpet_enable+0xc5/0x3da");
    String lines = String.join("\n", ours("/proc/vmallocinfo"));
    // Linux hashes addresses unless a privileged reader is told to get them.
    String hidden = lines.replaceAll("0x[0-9a-f]{8}-0x[0-9a-f]{8}", "0x(ptrval)-0x(ptrval)");
    List<String> reference = linux.lines("/proc/vmallocinfo");
    assertTrue(reference.contains(hidden.lines().toList().get(0)), hidden);
    assertTrue(reference.contains(hidden.lines().toList().get(1)), hidden);
    assertTrue(lines.contains("0x%08x-0x%08x  135168 crypto".formatted(buffer, buffer + 135168)));
    assertTrue(lines.contains("0x%08x-0x%08x    8192 hpet".formatted(registers, registers + 8192)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/proc/slabinfo", "/proc/vmallocinfo", "/proc/pagetypeinfo", "/proc/kpagecount"})
  void whatOnlyRootMayReadHasItsPermissions(String file) {
    assertEquals(0100400, mode(system, file));
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 1200})
  void theSettingsOfTheMemoryManagerAreLinuxs(int mebibytes) {
    try (TestSystem other = new TestSystem(folder, mebibytes)) {
      for (String line : Reference.of(mebibytes).lines("sysctl vm")) {
        String file = line.substring(0, line.indexOf(' '));
        String value = line.substring(file.length() + 1);
        if (value.isEmpty()) {
          // What only sets something off.
          assertEquals(file.endsWith("stat_refresh") ? 0100600 : 0100200, mode(other, file), file);
        } else if (file.endsWith("_kbytes") && !value.equals("0")) {
          // Parts of what is free, which depends on how much the kernel itself takes.
          long linux = Long.parseLong(value);
          long ours = Long.parseLong(other.read(file).strip());
          assertTrue(Math.abs(ours - linux) * 20 < linux, () -> file + ": " + ours);
        } else {
          assertEquals(value + "\n", other.read(file), file);
        }
      }
    }
  }

  private static int mode(TestSystem system, String file) {
    Kstat status = new Kstat();
    assertEquals(0, system.calls.fstatat(-100, file, 0, status), file);
    return status.mode;
  }
}
