package org.memarium.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The fragmentation workload, small: what migrate types and compaction are for. */
class FragmentationTest {
  private static final long SEED = 20260101;

  private static Fragmentation.Figures run(boolean migrateTypes, boolean compaction) {
    return Fragmentation.run(Fragmentation.Scale.SMALL, SEED, migrateTypes, compaction);
  }

  @Test
  void migrateTypesAndCompactionTogetherGiveTheMostLargeBlocks() {
    Fragmentation.Figures neither = run(false, false);
    Fragmentation.Figures compactionAlone = run(false, true);
    Fragmentation.Figures typesAlone = run(true, false);
    Fragmentation.Figures both = run(true, true);
    String all =
        "neither %s\ncompaction %s\ntypes %s\nboth %s"
            .formatted(neither, compactionAlone, typesAlone, both);
    assertTrue(typesAlone.mixedBlocks() < neither.mixedBlocks() / 2, all);
    assertTrue(both.success9() >= typesAlone.success9(), all);
    assertTrue(both.success9() >= neither.success9(), all);
    assertTrue(both.usableAtEnd() > compactionAlone.usableAtEnd(), all);
    assertTrue(both.usableAtEnd() > typesAlone.usableAtEnd(), all);
    assertTrue(both.pagesMoved() > 0, all);
    assertEquals(0, typesAlone.pagesMoved(), all);
  }

  @Test
  void theSameSeedGivesTheSameFigures() {
    assertEquals(run(true, true), run(true, true));
  }
}
