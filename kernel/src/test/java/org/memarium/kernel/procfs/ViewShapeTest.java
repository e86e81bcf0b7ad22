package org.memarium.kernel.procfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every view has Linux's shape, line by line: only the numbers differ. */
class ViewShapeTest {

  private static final Set<String> LATER =
      Set.of(
          "extfrag_threshold",
          "lowmem_reserve_ratio",
          "min_free_kbytes",
          "percpu_pagelist_high_fraction",
          "watermark_boost_factor",
          "watermark_scale_factor");

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
  @ValueSource(strings = {"/proc/vmstat"})
  void linesAreLinuxs(String file) {
    assertEquals(Reference.masked(linux.lines(file)), Reference.masked(ours(file)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/meminfo", "/proc/buddyinfo"})
  void columnsAreLinuxs(String file) {
    assertEquals(
        Reference.maskedInColumns(linux.lines(file)), Reference.maskedInColumns(ours(file)));
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 1200})
  void theSettingsOfTheMemoryManagerAreLinuxs(int mebibytes) {
    try (TestSystem other = new TestSystem(folder, mebibytes)) {
      for (String line : Reference.of(mebibytes).lines("sysctl vm")) {
        String file = line.substring(0, line.indexOf(' '));
        String value = line.substring(file.length() + 1);
        // What only sets something off cannot be read, and the reserves are parts of what is free.
        boolean comparable = !value.isEmpty() && !file.endsWith("_reserve_kbytes");
        if (comparable && !LATER.contains(file.substring(13))) {
          assertEquals(value + "\n", other.read(file), file);
        }
      }
    }
  }
}
