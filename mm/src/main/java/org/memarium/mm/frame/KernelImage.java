package org.memarium.mm.frame;

import java.util.List;

/**
 * The parts of the kernel's own image in RAM, as {@code /proc/iomem} lists them.
 *
 * <p>The sizes are those of Debian's 32-bit 6.1 kernel. Between data and bss lies what only the
 * boot needed ({@code .init}), which is free again when the first program starts.
 *
 * @param start physical address of the first byte of code; a multiple of 4 MiB
 */
public record KernelImage(long start) {
  private static final long CODE_END = 0x91_bc80;
  private static final long RODATA_START = 0x91_c000;
  private static final long RODATA_END = 0xc3_9000;
  private static final long DATA_START = 0xc3_9000;
  private static final long DATA_END = 0xd7_0bc0;
  private static final long BSS_START = 0xe7_2000;
  private static final long BSS_END = 0xee_6000;

  /** Where a kernel is loaded: {@code CONFIG_PHYSICAL_START}. */
  private static final long PHYSICAL_START = 16L << 20;

  /** Where a relocatable kernel is loaded if RAM ends before that. */
  private static final long PHYSICAL_START_SMALL = 4L << 20;

  private static final long SMALL_RAM = 48L << 20;

  /**
   * One part.
   *
   * @param name as in {@code /proc/iomem}
   * @param start physical address of its first byte
   * @param end physical address after its last byte
   */
  public record Part(String name, long start, long end) {}

  /** The image in the place where a machine with this much RAM has it. */
  public static KernelImage forRam(long ramBytes) {
    return new KernelImage(ramBytes < SMALL_RAM ? PHYSICAL_START_SMALL : PHYSICAL_START);
  }

  /** The parts that stay for ever, lowest first. */
  public List<Part> parts() {
    return List.of(
        new Part("Kernel code", start, start + CODE_END),
        new Part("Kernel rodata", start + RODATA_START, start + RODATA_END),
        new Part("Kernel data", start + DATA_START, start + DATA_END),
        new Part("Kernel bss", start + BSS_START, start + BSS_END));
  }
}
