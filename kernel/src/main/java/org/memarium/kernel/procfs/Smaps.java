package org.memarium.kernel.procfs;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/**
 * {@code /proc/<pid>/smaps} and {@code smaps_rollup}: what of each area is in memory, or of all of
 * them; Linux {@code fs/proc/task_mmu.c}.
 */
final class Smaps {

  /** The two letters of each bit of {@code vm_flags}, by number; bits without are not printed. */
  private static final String[] FLAGS = {
    "rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", // 0 to 7
    "gd", "um", "pf", "", "uw", "lo", "io", "sr", // 8 to 15
    "rr", "dc", "de", "lf", "ac", "nr", "ht", "sf", // 16 to 23
    "ar", "wf", "dd", "sd", "mm", "hg", "nh", "mg", // 24 to 31
  };

  private Smaps() {}

  /** Each area: its line of maps, its figures, its flags. */
  static String of(@Nullable MmStruct mm, MemMap memMap, int wordBytes) {
    StringBuilder out = new StringBuilder();
    if (mm != null) {
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        SmapStats stats = new SmapStats(mm, memMap);
        stats.gather(area);
        Maps.line(out, mm, area, wordBytes);
        bytes(out, "Size", area.end() - area.start());
        bytes(out, "KernelPageSize", Ram.PAGE_SIZE);
        bytes(out, "MMUPageSize", Ram.PAGE_SIZE);
        show(out, stats, false);
        // There are no transparent huge pages.
        out.append("THPeligible:    0\n");
        flags(out, area.flags());
      }
    }
    return out.toString();
  }

  /** The sums over all areas. */
  static String rollup(@Nullable MmStruct mm, MemMap memMap, int wordBytes) {
    StringBuilder out = new StringBuilder();
    Vma first = mm == null ? null : mm.firstArea();
    if (mm != null && first != null) {
      SmapStats stats = new SmapStats(mm, memMap);
      long end = 0;
      for (Vma area = first; area != null; area = area.next()) {
        stats.gather(area);
        end = area.end();
      }
      Maps.header(out, first.start(), end, "---p", 0, 0, 0);
      Text.pad(out, 0, Maps.nameColumn(wordBytes));
      out.append("[rollup]\n");
      show(out, stats, true);
    }
    return out.toString();
  }

  /** {@code __show_smap}. */
  private static void show(StringBuilder out, SmapStats stats, boolean rollup) {
    bytes(out, "Rss", stats.resident);
    bytes(out, "Pss", stats.pss());
    bytes(out, "Pss_Dirty", stats.pssDirty());
    if (rollup) {
      bytes(out, "Pss_Anon", stats.pssAnon());
      bytes(out, "Pss_File", stats.pssFile());
      bytes(out, "Pss_Shmem", stats.pssShmem());
    }
    bytes(out, "Shared_Clean", stats.sharedClean);
    bytes(out, "Shared_Dirty", stats.sharedDirty);
    bytes(out, "Private_Clean", stats.privateClean);
    bytes(out, "Private_Dirty", stats.privateDirty);
    bytes(out, "Referenced", stats.referenced);
    bytes(out, "Anonymous", stats.anonymous);
    bytes(out, "LazyFree", stats.lazyFree);
    for (String none :
        new String[] {
          "AnonHugePages",
          "ShmemPmdMapped",
          "FilePmdMapped",
          "Shared_Hugetlb",
          "Private_Hugetlb",
          "Swap",
          "SwapPss"
        }) {
      bytes(out, none, 0);
    }
    bytes(out, "Locked", stats.pssLocked());
  }

  /** Name and colon fill 16 columns, the number 8; a longer name takes from the number. */
  private static void bytes(StringBuilder out, String name, long bytes) {
    Text.kibibytes(
        out, "%-16s".formatted(name + ":"), bytes >> 10, Math.min(8, 23 - name.length()));
  }

  /** {@code show_smap_vma_flags}. */
  private static void flags(StringBuilder out, int flags) {
    out.append("VmFlags: ");
    for (int bit = 0; bit < FLAGS.length; bit++) {
      if ((flags >>> bit & 1) != 0 && !FLAGS[bit].isEmpty()) {
        out.append(FLAGS[bit]).append(' ');
      }
    }
    out.append('\n');
  }
}
