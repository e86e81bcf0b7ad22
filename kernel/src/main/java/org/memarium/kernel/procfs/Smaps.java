package org.memarium.kernel.procfs;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code /proc/<pid>/smaps} and {@code smaps_rollup}: what of each area is in memory, or of all of
 * them; Linux {@code fs/proc/task_mmu.c}. Each file takes one walk over areas and entries.
 */
final class Smaps {

  /**
   * The two letters of each bit of {@code vm_flags}, by number; bits without are not printed.
   * Userfaultfd's bits, 9 and 12, are taken by what {@link #flags} prints last.
   */
  private static final String[] FLAGS = {
    "rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", // 0 to 7
    "gd", "", "pf", "gu", "", "lo", "io", "sr", // 8 to 15
    "rr", "dc", "de", "lf", "ac", "nr", "ht", "sf", // 16 to 23
    "ar", "wf", "dd", "sd", "mm", "hg", "nh", "mg", // 24 to 31
  };

  /** Bytes of an area's lines, about. */
  private static final int BYTES_PER_AREA = 800;

  private final SystemView system;
  private final ProcRelease release;
  private final StringBuilder out;

  private Smaps(SystemView system, int areas) {
    this.system = system;
    this.release = ProcRelease.of(system.layout());
    this.out = new StringBuilder(areas * BYTES_PER_AREA);
  }

  /** Each area: its line of maps, its figures, its flags. */
  static String of(@Nullable MmStruct mm, SystemView system) {
    if (mm == null) {
      return "";
    }
    Smaps smaps = new Smaps(system, mm.areas());
    SmapStats stats = new SmapStats(mm, system.memory().memMap());
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      stats.clear();
      stats.gather(area);
      smaps.area(mm, area, stats);
    }
    return smaps.out.toString();
  }

  /** {@code show_smap}. */
  private void area(MmStruct mm, Vma area, SmapStats stats) {
    Maps.line(out, mm, area, system.wordBytes());
    line("Size:           ", area.end() - area.start());
    long pageBytes = area.has(VmFlags.HUGETLB) ? area.hugePages().pageBytes() : Ram.PAGE_SIZE;
    line("KernelPageSize: ", pageBytes);
    line("MMUPageSize:    ", pageBytes);
    figures(stats, false);
    // There are no transparent huge pages.
    out.append(release.alignsThpEligible() ? "THPeligible:           0\n" : "THPeligible:    0\n");
    flags(area.flags());
  }

  /** The sums over all areas; the caller has seen to it that there is an address space. */
  static String rollup(@Nullable MmStruct mm, SystemView system) {
    if (mm == null) {
      return "";
    }
    Smaps smaps = new Smaps(system, 1);
    SmapStats stats = new SmapStats(mm, system.memory().memMap());
    Vma first = mm.firstArea();
    long end = 0;
    for (Vma area = first; area != null; area = area.next()) {
      stats.gather(area);
      end = area.end();
    }
    Maps.header(smaps.out, first == null ? 0 : first.start(), end, "---p", 0, 0, 0);
    Text.pad(smaps.out, 0, Maps.nameColumn(system.wordBytes()));
    smaps.out.append("[rollup]\n");
    smaps.figures(stats, true);
    return smaps.out.toString();
  }

  /** {@code __show_smap}. */
  private void figures(SmapStats stats, boolean rollup) {
    line("Rss:            ", stats.resident);
    line("Pss:            ", stats.pss());
    line("Pss_Dirty:      ", stats.pssDirty());
    if (rollup) {
      line("Pss_Anon:       ", stats.pssAnon());
      line("Pss_File:       ", stats.pssFile());
      line("Pss_Shmem:      ", stats.pssShmem());
    }
    line("Shared_Clean:   ", stats.sharedClean);
    line("Shared_Dirty:   ", stats.sharedDirty);
    line("Private_Clean:  ", stats.privateClean);
    line("Private_Dirty:  ", stats.privateDirty);
    line("Referenced:     ", stats.referenced);
    line("Anonymous:      ", stats.anonymous);
    if (release.countsKsm()) {
      line("KSM:            ", 0);
    }
    line("LazyFree:       ", stats.lazyFree);
    line("AnonHugePages:  ", 0);
    line("ShmemPmdMapped: ", 0);
    line("FilePmdMapped:  ", 0);
    line("Shared_Hugetlb: ", 0);
    Text.kibibytes(out, "Private_Hugetlb: ", 0, 7);
    line("Swap:           ", stats.swap);
    line("SwapPss:        ", stats.swapPss());
    line("Locked:         ", stats.pssLocked());
  }

  private void line(String name, long bytes) {
    Text.kibibytes(out, name, bytes >> 10, 8);
  }

  /** {@code show_smap_vma_flags}. */
  private void flags(int flags) {
    out.append("VmFlags: ");
    for (int left = flags; left != 0; left &= left - 1) {
      String letters = FLAGS[Integer.numberOfTrailingZeros(left)];
      if (!letters.isEmpty()) {
        out.append(letters).append(' ');
      }
    }
    // Bits 40 and 42 of the kernel.
    out.append((flags & VmFlags.DROPPABLE) != 0 ? "dp " : "");
    out.append((flags & VmFlags.SEALED) != 0 ? "sl " : "").append('\n');
  }
}
