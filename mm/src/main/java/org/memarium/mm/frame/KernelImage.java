package org.memarium.mm.frame;

import java.util.List;
import org.memarium.hardware.Ram;

/**
 * The kernel's own image in RAM, as {@code /proc/iomem} lists it.
 *
 * <p>Between data and bss lies what only the boot needed ({@code .init}), which is free again when
 * the first program starts.
 *
 * @param parts what stays for ever, lowest first
 * @param initStart physical address of {@code .init}
 * @param initEnd the first one after it
 * @param percpuPages pages of the per-CPU areas of one processor ({@code pcpu_embed_first_chunk})
 */
public record KernelImage(List<Part> parts, long initStart, long initEnd, int percpuPages) {
  /** Where a kernel is loaded: {@code CONFIG_PHYSICAL_START}. */
  private static final long PHYSICAL_START = 16L << 20;

  /** Where one for small machines is loaded. */
  private static final long SMALL_PHYSICAL_START = 1L << 20;

  private static final long SMALL_RAM = 48L << 20;

  /** "Percpu" of the reference machines: 132 kB. */
  private static final int DEBIAN_PERCPU_PAGES = 33;

  /**
   * One part.
   *
   * @param name as in {@code /proc/iomem}
   * @param start physical address of its first byte
   * @param end physical address after its last byte
   */
  public record Part(String name, long start, long end) {}

  /** {@code empty_zero_page}: the last page of the bss. */
  int zeroPfn() {
    return (int) ((parts.getLast().end() - 1) >>> Ram.PAGE_SHIFT);
  }

  /** Copies the parts. */
  public KernelImage {
    parts = List.copyOf(parts);
  }

  /**
   * The image that a machine with this much RAM runs: one with the sizes of Debian's 32-bit 6.1
   * kernel at 16 MiB; below 48 MiB of RAM, where nobody would run that, one of 1 MiB at 1 MiB,
   * about what {@code make tinyconfig} gives.
   */
  public static KernelImage forRam(long ramBytes) {
    return ramBytes < SMALL_RAM
        ? at(SMALL_PHYSICAL_START, 0x9_0000, 0x9_0000, 0xb_0000, 0xc_8000, 0xd_8000, 0x10_0000, 0)
        : debian(PHYSICAL_START);
  }

  /**
   * One with the sizes of Debian's 32-bit 6.1 kernel.
   *
   * @param start physical address; what {@code CONFIG_RANDOMIZE_BASE} chooses in Linux
   */
  public static KernelImage debian(long start) {
    return at(
        start,
        0x91_bc80,
        0x91_c000,
        0xc3_9000,
        0xd7_0bc0,
        0xe7_2000,
        0xee_6000,
        DEBIAN_PERCPU_PAGES);
  }

  private static KernelImage at(
      long start,
      long codeEnd,
      long rodataStart,
      long dataStart,
      long dataEnd,
      long bssStart,
      long bssEnd,
      int percpuPages) {
    return new KernelImage(
        List.of(
            new Part("Kernel code", start, start + codeEnd),
            new Part("Kernel rodata", start + rodataStart, start + dataStart),
            new Part("Kernel data", start + dataStart, start + dataEnd),
            new Part("Kernel bss", start + bssStart, start + bssEnd)),
        start + ((dataEnd + Ram.PAGE_SIZE - 1) & -Ram.PAGE_SIZE),
        start + bssStart,
        percpuPages);
  }
}
