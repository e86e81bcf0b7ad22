package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.CostModel;

class CostOptionsTest {
  @TempDir private Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("mine.costs"), text);
  }

  @Test
  void aFileChangesTheDefaultsAndSingleCostsChangeTheFile() throws IOException {
    Path file =
        file(
            """
            # a slow disk
            swap-latency=8000000   # 8 ms

            page-copy=99.5
            """);
    CostModel costs = CostOptions.model(file, List.of("page-copy=7"));
    assertEquals(8_000_000, costs.nanos(Cost.SWAP_LATENCY));
    assertEquals(7, costs.nanos(Cost.PAGE_COPY));
    assertEquals(Cost.PAGE_ZERO.defaultPicos(), costs.picos(Cost.PAGE_ZERO));
  }

  @Test
  void aWrongLineIsNamedByItsNumber() throws IOException {
    Path file = file("page-copy=3\npage-copy=three\n");
    UsageException wrong =
        assertThrows(UsageException.class, () -> CostOptions.model(file, List.of()));
    assertTrue(
        String.valueOf(wrong.getMessage()).startsWith(file + ":2: 'page-copy=three' is no cost"),
        wrong::getMessage);
  }

  @Test
  void aFileThatIsNotThereIsSaid() {
    UsageException wrong =
        assertThrows(
            UsageException.class, () -> CostOptions.model(folder.resolve("none"), List.of()));
    assertTrue(String.valueOf(wrong.getMessage()).startsWith("cannot read "), wrong::getMessage);
  }
}
