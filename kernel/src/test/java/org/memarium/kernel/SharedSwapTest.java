package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.mm.reclaim.PolicyChoice;
import org.memarium.mm.swap.ZswapParameters;

/**
 * Programs that share more memory than there is find all of it as they left it, with compressed RAM
 * in front of swap and without.
 */
final class SharedSwapTest {
  private static final long RAM_BYTES = 12L << 20;
  private static final long SWAP_BYTES = 64L << 20;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private MachineExtension.Run run(Consumer<MachineConfigBuilder> change, String... command) {
    return machines.run(
        config -> {
          config.ramBytes(RAM_BYTES).swap(SwapArea.temporary(SWAP_BYTES));
          change.accept(config);
        },
        command);
  }

  private void agrees(Consumer<MachineConfigBuilder> change, String... command) {
    MachineExtension.Run here = run(change, command);
    assertEquals(HostPrograms.runNatively(command).out(), here.out());
    assertTrue(here.report().majorFaults() > 200, "it did not thrash");
  }

  /** Of each kind: how large it is, and other memory beside it. */
  @ParameterizedTest
  @CsvSource({"anon, 20, 1", "memfd, 16, 4", "sysv, 20, 1", "tmpfs, 3, 13"})
  void whatProcessesShareComesBack(String kind, String mebibytes, String more) {
    String program = HostPrograms.compile(folder, "shared.c", "-static").toString();
    agrees(config -> {}, program, kind, mebibytes, more);
    agrees(config -> config.checks(true), program, kind, "3", "11");
  }

  @ParameterizedTest
  @CsvSource({"mglru", "clock", "random"})
  void whicheverPageAPolicyTakes(String policy) {
    String program = HostPrograms.compile(folder, "shared.c", "-static").toString();
    agrees(config -> config.reclaimPolicy(PolicyChoice.of(policy)), program, "memfd", "12", "4");
  }

  /** With compressed RAM before the disk, of anonymous and shared memory. */
  @ParameterizedTest
  @CsvSource({"sequential, 12, 20", "fork, 12, 20", "random, 12, 2", "radix, 12, 20"})
  void compressedRamKeepsWhatProgramsWrote(String pattern, String mebibytes, String percent) {
    ZswapParameters zswap = ZswapParameters.DEFAULT.with("max_pool_percent", percent);
    String program = HostPrograms.compile(folder, "thrash.c", "-static").toString();
    agrees(config -> config.zswap(zswap), program, pattern, mebibytes);
    String shared = HostPrograms.compile(folder, "shared.c", "-static").toString();
    agrees(config -> config.zswap(zswap).checks(true), shared, "memfd", "3", "11");
  }

  @Test
  void procTellsWhatIsInSwap() {
    String program = HostPrograms.compile(folder, "swapfigures.c", "-static").toString();
    // The copies have read ten of the hundred pages.
    assertEquals(
        """
        segment: Rss: 624 Swap: 400 SwapPss: 0
        VmSwap:\t       0 kB
        RssShmem:\t     624 kB
        sysvipc: rss 156, swap 100
        SHM_INFO: 156 of 256, swapped 100
        shared: Rss: 624 Swap: 360 SwapPss: 0
        a part, to read: Rss: 0 Swap: 40 SwapPss: 0
        private, ten copies: Rss: 40 Swap: 360 SwapPss: 0
        in memory, or in the swap cache still: 256
        """,
        run(config -> {}, program).out());
  }

  @Test
  void sysTellsOfCompressedRam() {
    String program = HostPrograms.compile(folder, "zswapfigures.c", "-static").toString();
    assertEquals(
        """
        compressor deflate
        zpool zbud
        max_pool_percent 30
        same_filled_pages_enabled Y
        stored_pages 64
        same_filled_pages 32
        pool_total_size 65536
        written_back_pages 0
        Zswap:                64 kB
        Zswapped:            256 kB
        false: 5
        vma_ra_enabled false
        what: -1
        1: 1
        vma_ra_enabled true
        """,
        run(config -> config.zswap(ZswapParameters.DEFAULT.with("max_pool_percent", "30")), program)
            .out());
  }
}
