package org.memarium.kernel.procfs;

import org.memarium.mm.frame.KernelImage;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PhysicalMemoryMap;

/**
 * {@code /proc/iomem}: what lies at which physical addresses; Linux {@code kernel/resource.c}. Only
 * root is told where.
 */
final class IoMem {

  private IoMem() {}

  static String of(Memblock memblock, boolean privileged) {
    StringBuilder out = new StringBuilder();
    for (PhysicalMemoryMap.Range range : memblock.map().ranges()) {
      line(out, "", range.start(), range.end(), range.kind().iomemName(), privileged);
      for (KernelImage.Part part : memblock.kernelImage().parts()) {
        if (part.start() >= range.start() && part.end() <= range.end()) {
          line(out, "  ", part.start(), part.end(), part.name(), privileged);
        }
      }
    }
    return out.toString();
  }

  /** {@code r_show}; the second address is the last one, not the one behind. */
  private static void line(
      StringBuilder out, String indent, long start, long end, String name, boolean privileged) {
    out.append(indent);
    Text.hex(out, privileged ? start : 0, 8);
    out.append('-');
    Text.hex(out, privileged ? end - 1 : 0, 8);
    out.append(" : ").append(name).append('\n');
  }
}
