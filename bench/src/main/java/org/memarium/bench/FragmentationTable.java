package org.memarium.bench;

import java.util.Locale;

/**
 * Prints the table of {@code docs/fragmentation.md}: the {@link Fragmentation} workload with and
 * without migrate types and compaction. The figures depend on the seed alone, not on the host.
 */
final class FragmentationTable {
  private static final long SEED = 20260101;

  private FragmentationTable() {}

  /** Runs it; no arguments. */
  public static void main(String[] args) {
    System.out.print(
        """
        | migrate types | compaction | order 3 | order 9 | order 10 | unusable index, 9 \
        | mixed pageblocks | usable at the end | pages moved |
        | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        """);
    for (boolean types : new boolean[] {false, true}) {
      for (boolean compaction : new boolean[] {false, true}) {
        Fragmentation.Figures figures =
            Fragmentation.run(Fragmentation.Scale.FULL, SEED, types, compaction);
        System.out.printf(
            Locale.ROOT,
            "| %s | %s | %.0f %% | %.0f %% | %.0f %% | %.3f | %.0f %% | %.0f %% | %,d |%n",
            types ? "on" : "off",
            compaction ? "on" : "off",
            figures.success3(),
            figures.success9(),
            figures.success10(),
            figures.unusable9() / 1000,
            figures.mixedBlocks(),
            figures.usableAtEnd(),
            figures.pagesMoved());
      }
    }
  }
}
