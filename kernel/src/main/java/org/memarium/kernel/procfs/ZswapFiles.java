package org.memarium.kernel.procfs;

import java.util.Locale;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;
import org.memarium.mm.swap.Zswap;
import org.memarium.mm.swap.ZswapParameters;

/** What tells of zswap in {@code /sys} (Linux 6.1 {@code mm/zswap.c}). */
final class ZswapFiles {
  private ZswapFiles() {}

  /** {@code zswap_debugfs_init}: {@code /sys/kernel/debug/zswap}. */
  static PseudoDirectory counters(PseudoFileSystem fileSystem, Zswap zswap) {
    PseudoDirectory debug = new PseudoDirectory(fileSystem, 0755);
    for (Zswap.Counter counter : Zswap.Counter.values()) {
      String name = counter.name().toLowerCase(Locale.ROOT);
      debug.add(name, GeneratedFile.ofText(fileSystem, () -> zswap.count(counter) + "\n"));
    }
    debug.add(
        "pool_total_size",
        GeneratedFile.ofText(fileSystem, () -> (zswap.poolPages() << Ram.PAGE_SHIFT) + "\n"));
    debug.add("stored_pages", GeneratedFile.ofText(fileSystem, () -> zswap.storedPages() + "\n"));
    debug.add(
        "same_filled_pages",
        GeneratedFile.ofText(fileSystem, () -> zswap.sameFilledPages() + "\n"));
    return debug;
  }

  /** {@code /sys/module}, with {@code zswap/parameters}; what was chosen at the boot stays. */
  static PseudoDirectory module(PseudoFileSystem fileSystem, ZswapParameters chosen) {
    PseudoDirectory modules = new PseudoDirectory(fileSystem, 0555);
    PseudoDirectory zswap = new PseudoDirectory(fileSystem, 0555);
    PseudoDirectory parameters = new PseudoDirectory(fileSystem, 0555);
    modules.add("zswap", zswap);
    zswap.add("parameters", parameters);
    file(fileSystem, parameters, "enabled", "Y");
    file(fileSystem, parameters, "compressor", ZswapParameters.COMPRESSOR);
    file(fileSystem, parameters, "zpool", ZswapParameters.ZPOOL);
    file(fileSystem, parameters, "max_pool_percent", Integer.toString(chosen.maxPoolPercent()));
    file(
        fileSystem,
        parameters,
        "accept_threshold_percent",
        Integer.toString(chosen.acceptThresholdPercent()));
    file(
        fileSystem,
        parameters,
        "same_filled_pages_enabled",
        chosen.sameFilledPagesEnabled() ? "Y" : "N");
    file(
        fileSystem,
        parameters,
        "non_same_filled_pages_enabled",
        chosen.nonSameFilledPagesEnabled() ? "Y" : "N");
    return modules;
  }

  private static void file(
      PseudoFileSystem fileSystem, PseudoDirectory directory, String name, String value) {
    directory.add(name, GeneratedFile.ofText(fileSystem, () -> value + "\n"));
  }
}
