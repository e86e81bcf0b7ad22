package org.memarium.kernel.procfs;

import org.memarium.cpu.CpuModel;
import org.memarium.hardware.PageTableFormat;

/** {@code /proc/cpuinfo}: the one processor; Linux {@code arch/x86/kernel/cpu/proc.c}. */
final class CpuInfo {

  /** An instruction takes a nanosecond of the virtual clock, and the time stamp counts them. */
  private static final String MEGAHERTZ = "1000.000";

  private static final String BOGOMIPS = "2000.00";

  /** {@code x86_clflush_size} of a processor that does not tell. */
  private static final int CACHE_LINE_BYTES = 32;

  /** A family that fetches two lines at once. */
  private static final int NETBURST = 15;

  private CpuInfo() {}

  static String of(SystemView system) {
    CpuModel cpu = system.cpu();
    int flushed = cpu.flushedLineBytes();
    int line = flushed == 0 ? CACHE_LINE_BYTES : flushed;
    StringBuilder out = new StringBuilder();
    line(out, "processor\t", "0");
    line(out, "vendor_id\t", cpu.vendor());
    line(out, "cpu family\t", cpu.family());
    line(out, "model\t\t", cpu.model());
    line(out, "model name\t", cpu.brand());
    line(out, "stepping\t", cpu.stepping());
    line(out, "cpu MHz\t\t", MEGAHERTZ);
    if (cpu.cacheKib() != 0) {
      line(out, "cache size\t", cpu.cacheKib() + " KB");
    }
    line(out, "physical id\t", 0);
    line(out, "siblings\t", 1);
    line(out, "core id\t\t", 0);
    line(out, "cpu cores\t", 1);
    line(out, "apicid\t\t", 0);
    line(out, "initial apicid\t", 0);
    if (system.wordBytes() == 4) {
      line(out, "fdiv_bug\t", "no");
      line(out, "f00f_bug\t", "no");
      line(out, "coma_bug\t", "no");
    }
    line(out, "fpu\t\t", "yes");
    line(out, "fpu_exception\t", "yes");
    line(out, "cpuid level\t", cpu.maxLeaf());
    line(out, "wp\t\t", "yes");
    line(out, "flags\t\t", cpu.featureNames());
    line(out, "bugs\t\t", "");
    line(out, "bogomips\t", BOGOMIPS);
    line(out, "clflush size\t", line);
    out.append("cache_alignment\t: ")
        .append(cpu.family() == NETBURST ? 2 * line : line)
        .append('\n');
    line(out, "address sizes\t", addressSizes(system));
    return out.append("power management:\n\n").toString();
  }

  private static String addressSizes(SystemView system) {
    PageTableFormat format = system.memory().kernelPageTable().format();
    return switch (format) {
      case TWO_LEVEL -> "32 bits physical, 32 bits virtual";
      case PAE -> "36 bits physical, 32 bits virtual";
      case FOUR_LEVEL -> "46 bits physical, 48 bits virtual";
    };
  }

  private static void line(StringBuilder out, String name, Object value) {
    out.append(name).append(": ").append(value).append('\n');
  }
}
