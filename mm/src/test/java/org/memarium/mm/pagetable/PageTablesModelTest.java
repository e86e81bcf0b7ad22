package org.memarium.mm.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageFlags;

/** Random maps and unmaps, against a plain map from page to frame and against the page walk. */
final class PageTablesModelTest {
  private static final int STEPS = 4_000;

  static Stream<Arguments> cases() {
    return Stream.of(
            Architecture.I386, Architecture.I386_PAE, Architecture.X86_64, Architecture.COMPAT)
        .flatMap(
            architecture -> Stream.of(1L, 2L, 3L).map(seed -> Arguments.of(architecture, seed)));
  }

  private final TreeMap<Long, Integer> model = new TreeMap<>();

  @ParameterizedTest
  @MethodSource("cases")
  void entriesAreThoseOfTheModelAndOfTheProcessor(Architecture architecture, long seed) {
    Random random = new Random(seed);
    try (BootedMemory memory = BootedMemory.boot(architecture, 64)) {
      PageTables tables =
          Objects.requireNonNull(PageTables.allocate(memory.kernel, memory.allocator));
      Mmu mmu = new Mmu(memory.ram, tables.format(), 64, 4);
      List<Long> bases = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        bases.add((random.nextLong() & Long.MAX_VALUE) % architecture.taskSize() & -0x1000L);
      }
      for (int step = 0; step < STEPS; step++) {
        long base = bases.get(random.nextInt(bases.size()));
        long start = Math.min(base + random.nextInt(3000) * 0x1000L, architecture.taskSize());
        long end = Math.min(start + random.nextInt(40) * 0x1000L, architecture.taskSize());
        if (random.nextInt(5) < 3) {
          map(memory, tables, start, end);
        } else {
          unmap(memory, tables, random.nextInt(4) == 0 ? base : start, end);
        }
        if (step % 500 == 0) {
          compare(memory, tables, mmu, architecture, "seed " + seed + ", step " + step);
        }
      }
      unmap(memory, tables, 0, architecture.taskSize());
      tables.freeRange(0, architecture.taskSize(), 0, 0);
      tables.free();
      memory.finish(memory.beginAudit());
    }
  }

  private void map(BootedMemory memory, PageTables tables, long start, long end) {
    for (long address = start; address < end; address += 0x1000) {
      if (!model.containsKey(address)) {
        int pfn = memory.allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE, 0);
        memory.allocator.memMap().setFlags(pfn, PageFlags.ANON);
        memory.allocator.memMap().incrementMapcount(pfn);
        tables.writePte(tables.allocPte(address), Pte.of(pfn, Pte.PAGE_READONLY));
        model.put(address, pfn);
      }
    }
  }

  /** Unmaps, and frees the tables between the neighbours, as munmap does. */
  private void unmap(BootedMemory memory, PageTables tables, long start, long end) {
    if (start >= end) {
      return;
    }
    List<Long> visited = new ArrayList<>();
    PteCursor cursor = tables.cursor();
    cursor.reset(start, end);
    while (cursor.next()) {
      visited.add(cursor.linearAddress());
      int pfn = Pte.pfn(cursor.pte());
      cursor.write(0);
      memory.allocator.memMap().decrementMapcount(pfn);
      assertTrue(memory.allocator.putPage(pfn));
    }
    Map<Long, Integer> gone = model.subMap(start, end);
    assertEquals(new ArrayList<>(gone.keySet()), visited);
    gone.clear();
    Long before = model.lowerKey(start);
    Long after = model.ceilingKey(end);
    tables.freeRange(start, end, before == null ? 0 : before + 0x1000, after == null ? 0 : after);
  }

  private void compare(
      BootedMemory memory, PageTables tables, Mmu mmu, Architecture architecture, String where) {
    List<Long> seen = new ArrayList<>();
    PteCursor cursor = tables.cursor();
    cursor.reset(0, architecture.taskSize());
    while (cursor.next()) {
      seen.add(cursor.linearAddress());
    }
    assertEquals(new ArrayList<>(model.keySet()), seen, where);
    model.forEach((address, pfn) -> {
      assertEquals(pfn, Pte.pfn(tables.pte(address)), where);
      assertEquals(((long) pfn << 12) + 5, mmu.peek(tables.pgd(), address + 5), where);
      if (!model.containsKey(address + 0x1000) && address + 0x1000 < architecture.taskSize()) {
        assertEquals(-1, mmu.peek(tables.pgd(), address + 0x1000), where);
      }
    });
    Audit audit = memory.beginAudit();
    tables.audit(audit, "pid 1");
    memory.finish(audit);
    assertNoIdleTables(tables, where);
  }

  /** A table goes with its last page, but for those that PAE has from the beginning. */
  private void assertNoIdleTables(PageTables tables, String where) {
    PageTableFormat format = tables.format();
    long used = 0;
    for (int level = 1; level < (format == PageTableFormat.PAE ? 2 : format.levels()); level++) {
      int shift = format.shift(level + 1);
      used += model.keySet().stream().map(address -> address >>> shift).distinct().count();
    }
    long tablesNow = tables.tablePages();
    if (format == PageTableFormat.PAE) {
      assertTrue(tablesNow >= used && tablesNow <= used + 3, where);
    } else {
      assertEquals(used, tablesNow, where);
    }
  }
}
