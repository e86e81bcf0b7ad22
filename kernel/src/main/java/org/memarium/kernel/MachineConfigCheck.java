package org.memarium.kernel;

import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.UsageException;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.RLimits;

/** What a {@link MachineConfig} cannot be: a machine that no one could build, or boot. */
final class MachineConfigCheck {
  /** RAM comes in whole MiB, as {@link org.memarium.mm.frame.PhysicalMemoryMap#pc} wants it. */
  private static final long RAM_UNIT_BYTES = 1L << 20;

  /** What mkswap asks for. */
  private static final long MIN_SWAP_BYTES = 10L * Ram.PAGE_SIZE;

  private MachineConfigCheck() {}

  /**
   * Checks each value, and those that have to fit together.
   *
   * @throws UsageException with one line that says what would be right
   */
  static void check(MachineConfig config) {
    checkHardware(config);
    for (SwapArea area : config.swap()) {
      checkSwap(area);
    }
    for (MachineConfig.Limit limit : config.limits()) {
      if (limit.resource() < 0 || limit.resource() >= RLimits.COUNT) {
        throw new UsageException("there is no limit number " + limit.resource());
      }
      if (Long.compareUnsigned(limit.soft(), limit.hard()) > 0) {
        throw new UsageException(
            "limit %s: the soft value is above the hard one"
                .formatted(RLimits.nameOf(limit.resource())));
      }
    }
    if (!config.workingDirectory().startsWith("/")) {
      throw new UsageException(
          "the working directory must be absolute: " + config.workingDirectory());
    }
  }

  private static void checkHardware(MachineConfig config) {
    if (config.ramBytes() < MachineConfig.MIN_RAM_BYTES
        || config.ramBytes() % RAM_UNIT_BYTES != 0) {
      throw new UsageException(
          "RAM of %d bytes cannot be: a machine has at least 4M, and whole MiB"
              .formatted(config.ramBytes()));
    }
    PageTableFormat format = config.pageTableFormat();
    if (config.layout() == Layout.COMPAT && format != PageTableFormat.FOUR_LEVEL) {
      throw new UsageException(
          "the compat layout is that of a 64-bit kernel and needs four-level page tables");
    }
    if (config.layout() == Layout.I386 && format == PageTableFormat.FOUR_LEVEL) {
      throw new UsageException(
          "the i386 layout is that of a 32-bit kernel: two-level or PAE page tables");
    }
    if (Integer.bitCount(config.tlbEntries()) != 1
        || Integer.bitCount(config.tlbWays()) != 1
        || config.tlbEntries() < 1
        || config.tlbWays() < 1
        || config.tlbWays() > config.tlbEntries()) {
      throw new UsageException(
          "a TLB of %d entries in sets of %d cannot be: both are powers of two, the first not smaller"
              .formatted(config.tlbEntries(), config.tlbWays()));
    }
    if (config.pcid() && config.layout() == Layout.I386) {
      throw new UsageException(
          "PCIDs are for 64-bit kernels: a processor has them in 64-bit mode only");
    }
    if (config.quantum() < 1) {
      throw new UsageException(
          "a quantum of %d instructions cannot be: at least 1".formatted(config.quantum()));
    }
    if (config.uid() < 0 || config.gid() < 0) {
      throw new UsageException(
          "user %d and group %d: neither is negative".formatted(config.uid(), config.gid()));
    }
  }

  private static void checkSwap(SwapArea area) {
    if (area.file() == null
        && (area.bytes() < MIN_SWAP_BYTES || area.bytes() % Ram.PAGE_SIZE != 0)) {
      throw new UsageException(
          "%d bytes of swap cannot be: whole pages of %d bytes, and ten of them at least"
              .formatted(area.bytes(), Ram.PAGE_SIZE));
    }
    if (area.priority() < -1 || area.priority() > SwapArea.MAX_PRIORITY) {
      throw new UsageException(
          "a swap area of priority %d cannot be: 0 to %d"
              .formatted(area.priority(), SwapArea.MAX_PRIORITY));
    }
  }
}
