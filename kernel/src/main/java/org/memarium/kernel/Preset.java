package org.memarium.kernel;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.space.Layout;

/**
 * A whole kind of machine, by one name: the values that {@link MachineConfigBuilder#preset} sets.
 *
 * <pre>
 *   preset     program's layout  page tables  orders   kmalloc
 *   i386       i386              two-level    0 to 10  8 bytes to 4 MiB; caches to 8 KiB
 *   i386-pae   i386              PAE          0 to 10  the same
 *   x86_64     compat            four-level   0 to 10  the same
 *   guide      i386              two-level    0 to 9   32 to 131,072 bytes, a cache for each size
 * </pre>
 *
 * <p>The first three are Linux 6.1. {@code guide} has the numbers of the older kernels that books
 * describe: get_free_pages of 1 to 512 pages, kmalloc of 32 to 131,072 bytes.
 */
@SuppressWarnings("ImmutableEnumChecker") // SlabConfig is a record of values.
public enum Preset {
  /** A 32-bit kernel with two-level page tables. */
  I386(
      "i386",
      Layout.I386,
      PageTableFormat.TWO_LEVEL,
      PageAllocator.DEFAULT_MAX_ORDER,
      SlabConfig.LINUX_6_1),

  /** A 32-bit kernel with physical addresses of 36 bits. */
  I386_PAE(
      "i386-pae",
      Layout.I386,
      PageTableFormat.PAE,
      PageAllocator.DEFAULT_MAX_ORDER,
      SlabConfig.LINUX_6_1),

  /** A 64-bit kernel, whose 32-bit programs have nearly 4 GiB. */
  X86_64(
      "x86_64",
      Layout.COMPAT,
      PageTableFormat.FOUR_LEVEL,
      PageAllocator.DEFAULT_MAX_ORDER,
      SlabConfig.LINUX_6_1),

  /** {@link #I386} with the orders and kmalloc sizes of older kernels. */
  GUIDE("guide", Layout.I386, PageTableFormat.TWO_LEVEL, 9, SlabConfig.GUIDE);

  private final String option;
  private final Layout layout;
  private final PageTableFormat pageTableFormat;
  private final int maxOrder;
  private final SlabConfig slabConfig;

  Preset(
      String option,
      Layout layout,
      PageTableFormat pageTableFormat,
      int maxOrder,
      SlabConfig slabConfig) {
    this.option = option;
    this.layout = layout;
    this.pageTableFormat = pageTableFormat;
    this.maxOrder = maxOrder;
    this.slabConfig = slabConfig;
  }

  /** The preset of a name such as {@code i386-pae}; null if there is none. */
  public static @Nullable Preset named(String name) {
    for (Preset preset : values()) {
      if (preset.option.equals(name)) {
        return preset;
      }
    }
    return null;
  }

  /** All names, for a message: {@code i386, i386-pae, x86_64, guide}. */
  public static String names() {
    return Arrays.stream(values()).map(Preset::optionName).collect(Collectors.joining(", "));
  }

  /** The name, as options spell it. */
  public String optionName() {
    return option;
  }

  /** See {@link MachineConfig#layout}. */
  public Layout layout() {
    return layout;
  }

  /** See {@link MachineConfig#pageTableFormat}. */
  public PageTableFormat pageTableFormat() {
    return pageTableFormat;
  }

  /** {@code MAX_ORDER - 1}: the highest order of a free block. */
  public int maxOrder() {
    return maxOrder;
  }

  /** How slabs are made, and which sizes kmalloc has. */
  public SlabConfig slabConfig() {
    return slabConfig;
  }
}
