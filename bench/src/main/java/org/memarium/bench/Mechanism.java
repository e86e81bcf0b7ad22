package org.memarium.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One row of the table of mechanisms.
 *
 * @param text what is measured
 * @param benchmark whose median it is
 * @param unit of the benchmark
 * @param beside the benchmark that it is compared with, or null
 * @param besideText what that one measures
 */
record Mechanism(
    String text, String benchmark, String unit, @Nullable String beside, String besideText) {
  /** The rows, in order. */
  static final List<Mechanism> ALL =
      List.of(
          of("read 4 bytes, TLB hit", "MmuBenchmark.readTlbHit", "ns")
              .beside("MmuBenchmark.readRam", "the same reads of RAM, not translated"),
          of("read 4 bytes, TLB hit", "MmuBenchmark.readTlbHit", "ns")
              .beside("MmuBenchmark.readArray", "the same reads of an int[]"),
          of("write 4 bytes, TLB hit", "MmuBenchmark.writeTlbHit", "ns")
              .beside("MmuBenchmark.writeRam", "the same writes to RAM, not translated"),
          of("write 4 bytes, TLB hit", "MmuBenchmark.writeTlbHit", "ns")
              .beside("MmuBenchmark.writeArray", "the same writes to an int[]"),
          of("read with a page walk, two levels", "MmuBenchmark.readWalk(i386)", "ns")
              .beside("MmuBenchmark.readTlbHit", "a TLB hit"),
          of("read with a page walk, PAE", "MmuBenchmark.readWalk(i386-pae)", "ns")
              .beside("MmuBenchmark.readTlbHit", "a TLB hit"),
          of("read with a page walk, four levels", "MmuBenchmark.readWalk(x86_64)", "ns")
              .beside("MmuBenchmark.readTlbHit", "a TLB hit"),
          of("page allocated and freed, per-CPU list", "BuddyBenchmark.onePage(true)", "ns"),
          of(
              "page allocated and freed, ten splits and ten merges",
              "BuddyBenchmark.onePage(false)",
              "ns"),
          of(
              "page allocated and freed, of a thousand, per-CPU list",
              "BuddyBenchmark.aPageOfMany(true)",
              "ns"),
          of(
              "page allocated and freed, of a thousand, free lists",
              "BuddyBenchmark.aPageOfMany(false)",
              "ns"),
          of(
              "block of 8 pages allocated and freed, per-CPU list",
              "BuddyBenchmark.oneBlockOfOrder3(true)",
              "ns"),
          of(
              "block of 8 pages allocated and freed, free lists",
              "BuddyBenchmark.oneBlockOfOrder3(false)",
              "ns"),
          of(
              "compound page of 8 pages allocated and freed",
              "BuddyBenchmark.oneCompoundPageOfOrder3(true)",
              "ns"),
          of("block of 4 MiB allocated and freed", "BuddyBenchmark.oneWholeBlock(false)", "ns"),
          of("object of a cache allocated and freed", "SlabBenchmark.cacheOne", "ns"),
          of("the same, of a thousand, at random", "SlabBenchmark.cacheMany", "ns"),
          of("kmalloc(64) and kfree", "SlabBenchmark.kmallocOne", "ns"),
          of("the same, of a thousand, at random", "SlabBenchmark.kmallocMany", "ns"),
          of(
                  "vmalloc and vfree of 16 pages, each written to",
                  "VmallocBenchmark.sixteenPagesTouched",
                  "ns")
              .beside(
                  "VmallocBenchmark.sixteenPagesTouchedOnTheHost",
                  "mmap, 16 writes and munmap of the host's kernel"),
          of("vmalloc and vfree of 16 pages", "VmallocBenchmark.sixteenPages", "ns"),
          of("vmalloc: fix_size_alloc_test", "VmallocBenchmark.fixSize", "ns"),
          of("vmalloc: full_fit_alloc_test", "VmallocBenchmark.fullFit", "ns"),
          of("vmalloc: long_busy_list_alloc_test", "VmallocBenchmark.longBusyList", "ns"),
          of("vmalloc: random_size_alloc_test", "VmallocBenchmark.randomSize", "ns"),
          of("vmalloc: fix_align_alloc_test", "VmallocBenchmark.fixAlign", "ns"),
          of("vmalloc: random_size_align_alloc_test", "VmallocBenchmark.randomSizeAlign", "ns"),
          of("vmalloc: align_shift_alloc_test", "VmallocBenchmark.alignShift", "ns"),
          of("vmalloc: pcpu_get_vm_areas, two areas", "VmallocBenchmark.pcpuAreas", "ns"),
          of("vmalloc: kvfree_rcu_1_arg_vmalloc_test", "VmallocBenchmark.kvfreeRcuOneArg", "ns"),
          of("vmalloc: kvfree_rcu_2_arg_vmalloc_test", "VmallocBenchmark.kvfreeRcuTwoArg", "ns"),
          of("memory of 128 MiB booted", "BootBenchmark.boot128Mib", "us"),
          of("memory of 64 GiB booted", "BootBenchmark.boot64Gib", "us"));

  private static Mechanism of(String text, String benchmark, String unit) {
    return new Mechanism(text, benchmark, unit, null, "");
  }

  private Mechanism beside(String other, String otherText) {
    return new Mechanism(text, benchmark, unit, other, otherText);
  }

  /** The heads of the columns of {@link #row}. */
  static final String HEAD =
      "| what | median | million a second | beside |\n| --- | ---: | ---: | --- |\n";

  /** The row in Markdown. */
  String row(Map<String, Double> medians) {
    double mine = median(medians, benchmark);
    String comparison = "";
    if (beside != null) {
      double other = median(medians, beside);
      comparison =
          String.format(
              Locale.ROOT,
              "%,.2f %s for %s: %.2f times, %+,.2f %s",
              other,
              unit,
              besideText,
              mine / other,
              mine - other,
              unit);
    }
    double perSecond = (unit.equals("ns") ? 1e3 : 1) / mine;
    return String.format(
        Locale.ROOT, "| %s | %,.2f %s | %,.3f | %s |%n", text, mine, unit, perSecond, comparison);
  }

  private static double median(Map<String, Double> medians, String name) {
    Double median = medians.get(name);
    if (median == null) {
      throw new IllegalStateException("no result of " + name + " among " + medians.keySet());
    }
    return median;
  }
}
