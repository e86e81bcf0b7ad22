package org.memarium.app;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.kernel.SwapArea;
import org.memarium.mm.reclaim.PolicyChoice;

/** Debian's programs print the same in machines so small that they thrash. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ThrashingProgramsTest {
  private static final long RAM_BYTES = 4L << 20;
  private static final long SWAP_BYTES = 128L << 20;

  private @Nullable ConformanceRoot root;

  @BeforeAll
  void makeRoot() throws IOException {
    root = ConformanceRoot.make(Map.of());
  }

  @ParameterizedTest
  @CsvSource({
    "thrash/sort, linux",
    "thrash/awk, linux",
    "thrash/bzip2, linux",
    "thrash/sqlite, linux",
    "thrash/large, linux",
    "thrash/sort, mglru",
    "thrash/awk, mglru",
    "thrash/bzip2, mglru",
    "thrash/sqlite, mglru"
  })
  void printTheSameThoughTheyThrash(String name, String policy) throws IOException {
    ConformanceRoot root = requireNonNull(this.root);
    ConformanceRoot.Result host = root.onHost(name);
    ConformanceRoot.Result machine =
        root.inMachine(
            name,
            config ->
                config
                    .ramBytes(RAM_BYTES)
                    .swap(SwapArea.temporary(SWAP_BYTES))
                    .reclaimPolicy(PolicyChoice.of(policy)));
    assertEquals(host.out(), machine.out(), () -> "standard output; errors: " + machine.err());
    assertEquals(host.status(), machine.status(), () -> "exit status; errors: " + machine.err());
    assertEquals(host.files(), machine.files(), "files");
  }
}
