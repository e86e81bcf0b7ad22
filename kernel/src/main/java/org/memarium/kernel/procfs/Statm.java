package org.memarium.kernel.procfs;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.MmStruct;

/** {@code /proc/<pid>/statm}: sizes in pages; Linux {@code fs/proc/array.c}. */
final class Statm {

  private Statm() {}

  static String of(@Nullable MmStruct mm) {
    if (mm == null) {
      return "0 0 0 0 0 0 0\n";
    }
    return "%d %d %d %d 0 %d 0\n"
        .formatted(
            mm.accounting().totalVm(),
            mm.rss().total(),
            mm.rss().file() + mm.rss().shmem(),
            codeBytes(mm) >> Ram.PAGE_SHIFT,
            mm.accounting().dataVm() + mm.accounting().stackVm());
  }

  /** Whole pages from the program's first to its last byte of code. */
  private static long codeBytes(MmStruct mm) {
    long end = (mm.parts().endCode() + Ram.PAGE_SIZE - 1) & -Ram.PAGE_SIZE;
    return end - (mm.parts().startCode() & -Ram.PAGE_SIZE);
  }

  /** {@code VmExe}: the same, and no more than there is of executable areas. */
  static long textBytes(MmStruct mm) {
    return Math.min(codeBytes(mm), mm.accounting().execVm() << Ram.PAGE_SHIFT);
  }
}
