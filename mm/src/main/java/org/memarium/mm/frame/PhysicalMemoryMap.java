package org.memarium.mm.frame;

import java.util.ArrayList;
import java.util.List;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;

/**
 * Where RAM lies among the physical addresses, as the firmware of a PC tells it (e820).
 *
 * <pre>
 *   00000000-00000fff   reserved          page 0: the firmware's own
 *   00001000-0009fbff   System RAM
 *   0009fc00-0009ffff   reserved          extended BIOS data area
 *   000a0000-000effff   (hole)            video memory, adapters' ROM
 *   000f0000-000fffff   reserved          system ROM
 *   00100000-...        System RAM        up to the end of RAM, or of the part below 4 GiB
 *   ... 128 KiB         reserved          ACPI tables, at the end of that
 *   c0000000-ffffffff   (hole)            PCI, if there are more than 3.5 GiB of RAM
 *   100000000-...       System RAM        the rest of RAM then
 * </pre>
 *
 * <p>The figures are those of the machine that QEMU calls {@code pc}; Linux prints them in {@code
 * /proc/iomem}.
 *
 * @param ranges ordered and disjoint; what is in none is a hole
 * @param ramBytes installed RAM, as bought
 */
public record PhysicalMemoryMap(List<Range> ranges, long ramBytes) {
  /** The least RAM that boots: 4 MiB, of which the smallest kernel takes one. */
  public static final long MIN_RAM_BYTES = 4L << 20;

  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;
  private static final long LOW_RAM_START = 0x1000;
  private static final long LOW_RAM_END = 0x9_fc00;
  private static final long EBDA_END = 0xa_0000;
  private static final long ROM_START = 0xf_0000;
  private static final long HIGH_RAM_START = MIB;
  private static final long ACPI_BYTES = 128 << 10;

  /** With this much RAM or less, all of it lies below 4 GiB. */
  private static final long MAX_BELOW_HOLE = 3584 * MIB;

  private static final long HOLE_START = 3 * GIB;
  private static final long HOLE_END = 4 * GIB;

  /** What a range is. */
  public enum Kind {
    /** {@code E820_TYPE_RAM}. */
    RAM("System RAM"),
    /** {@code E820_TYPE_RESERVED}. */
    RESERVED("Reserved");

    private final String iomemName;

    Kind(String iomemName) {
      this.iomemName = iomemName;
    }

    /** The name in {@code /proc/iomem}. */
    public String iomemName() {
      return iomemName;
    }
  }

  /**
   * Physical addresses of one kind.
   *
   * @param start the first address
   * @param end the first address after it
   */
  public record Range(long start, long end, Kind kind) {}

  /** Copies the ranges. */
  public PhysicalMemoryMap {
    ranges = List.copyOf(ranges);
  }

  /**
   * The map of a PC.
   *
   * @param ramBytes how much RAM is installed; a multiple of 1 MiB
   * @throws IllegalArgumentException if such a machine cannot have so little or so much, in one
   *     line that says why
   */
  public static PhysicalMemoryMap pc(Architecture architecture, long ramBytes) {
    check(architecture, ramBytes);
    List<Range> ranges = new ArrayList<>();
    ranges.add(new Range(0, LOW_RAM_START, Kind.RESERVED));
    ranges.add(new Range(LOW_RAM_START, LOW_RAM_END, Kind.RAM));
    ranges.add(new Range(LOW_RAM_END, EBDA_END, Kind.RESERVED));
    ranges.add(new Range(ROM_START, MIB, Kind.RESERVED));
    long below = ramBytes > MAX_BELOW_HOLE ? HOLE_START : ramBytes;
    ranges.add(new Range(HIGH_RAM_START, below - ACPI_BYTES, Kind.RAM));
    ranges.add(new Range(below - ACPI_BYTES, below, Kind.RESERVED));
    if (ramBytes > below) {
      ranges.add(new Range(HOLE_END, HOLE_END + ramBytes - below, Kind.RAM));
    }
    return new PhysicalMemoryMap(ranges, ramBytes);
  }

  private static void check(Architecture architecture, long ramBytes) {
    if (ramBytes % MIB != 0) {
      throw new IllegalArgumentException(
          "RAM must be a whole number of MiB, not %,d bytes".formatted(ramBytes));
    }
    if (ramBytes < MIN_RAM_BYTES) {
      throw new IllegalArgumentException(
          "RAM of %d MiB is too little: the kernel needs at least %d MiB"
              .formatted(ramBytes / MIB, MIN_RAM_BYTES / MIB));
    }
    if (ramBytes > architecture.maxRamBytes()) {
      throw new IllegalArgumentException(
          "RAM of %d MiB is too much for %s: at most %d MiB%s"
              .formatted(
                  ramBytes / MIB,
                  architecture.name(),
                  architecture.maxRamBytes() / MIB,
                  architecture.pageTableFormat() == PageTableFormat.TWO_LEVEL
                      ? ", because two-level page tables reach physical addresses below 4 GiB only"
                      : ""));
    }
  }

  /** The first physical address after everything: what the {@link Ram} must reach. */
  public long endPhysicalAddress() {
    return ranges.getLast().end();
  }

  /** {@code max_pfn}: the first frame number after the last whole frame of RAM. */
  public int maxPfn() {
    long end = 0;
    for (Range range : ranges) {
      if (range.kind() == Kind.RAM) {
        end = range.end();
      }
    }
    return Math.toIntExact(end >>> Ram.PAGE_SHIFT);
  }
}
