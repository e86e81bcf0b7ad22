package org.memarium.mm.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageFaultCode;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.ProcessorException;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStatItem;

final class PageTablesTest {
  private static final long HEAP = 0x0824_0000L;
  private static final long STACK = 0xbfff_f000L;

  static Stream<Architecture> architectures() {
    return Stream.of(
        Architecture.I386, Architecture.I386_PAE, Architecture.X86_64, Architecture.COMPAT);
  }

  private static PageTables allocate(BootedMemory memory) {
    return Objects.requireNonNull(PageTables.allocate(memory.kernel, memory.allocator));
  }

  private static void audit(BootedMemory memory, PageTables tables) {
    Audit audit = memory.beginAudit();
    tables.audit(audit, "pid 1");
    memory.finish(audit);
  }

  /** Maps an anonymous page as the fault path does. */
  private static int map(BootedMemory memory, PageTables tables, long linearAddress) {
    int pfn = memory.allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE, 0);
    memory.allocator.memMap().setFlags(pfn, org.memarium.mm.frame.PageFlags.ANON);
    memory.allocator.memMap().incrementMapcount(pfn);
    long pteAddress = tables.allocPte(linearAddress);
    assertTrue(pteAddress >= 0);
    tables.writePte(pteAddress, Pte.of(pfn, Pte.PAGE_SHARED_EXEC));
    return pfn;
  }

  private static void unmap(BootedMemory memory, PageTables tables, long start, long end) {
    PteCursor cursor = tables.cursor();
    cursor.reset(start, end);
    while (cursor.next()) {
      int pfn = Pte.pfn(cursor.pte());
      cursor.write(0);
      memory.allocator.memMap().decrementMapcount(pfn);
      memory.allocator.putPage(pfn);
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void aPageIsSeenByTheProcessorOnceItsEntryIsWritten(Architecture architecture) {
    try (BootedMemory memory = BootedMemory.boot(architecture, 64)) {
      PageTables tables = allocate(memory);
      Mmu mmu = new Mmu(memory.ram, tables.format(), 64, 4);
      mmu.loadCr3(tables.pgd());
      assertThrows(ProcessorException.class, () -> mmu.readInt(HEAP));
      assertEquals(-1, tables.pteAddress(HEAP));
      int pfn = map(memory, tables, HEAP);
      mmu.writeInt(HEAP + 8, 0x1234);
      assertEquals(0x1234, memory.ram.getInt(((long) pfn << 12) + 8));
      assertEquals(pfn, Pte.pfn(tables.pte(HEAP)));
      assertTrue(Pte.isDirty(tables.pte(HEAP)));
      audit(memory, tables);
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void theKernelSeesLowMemoryThroughEveryProcess(Architecture architecture) {
    try (BootedMemory memory = BootedMemory.boot(architecture, 64)) {
      PageTables tables = allocate(memory);
      Mmu mmu = new Mmu(memory.ram, tables.format(), 64, 4);
      for (int pfn : new int[] {0, 1, 0x9f, 0x100, 0x3ff, 0x400, 0x1234, 0x3fdf}) {
        long linear = architecture.pageOffset() + ((long) pfn << 12) + 4;
        assertEquals(((long) pfn << 12) + 4, mmu.peek(tables.pgd(), linear), "pfn " + pfn);
        assertEquals(((long) pfn << 12) + 4, mmu.peek(memory.kernel.pgd(), linear));
      }
      assertEquals(-1, mmu.peek(tables.pgd(), architecture.pageOffset() + (64 << 20)));
      audit(memory, tables);
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void aProgramThatTouchesTheKernelsHalfFaultsOnProtection(Architecture architecture) {
    try (BootedMemory memory = BootedMemory.boot(architecture, 64)) {
      PageTables tables = allocate(memory);
      Mmu mmu = new Mmu(memory.ram, tables.format(), 64, 4);
      mmu.loadCr3(tables.pgd());
      ProcessorException fault =
          assertThrows(
              ProcessorException.class, () -> mmu.readInt(architecture.pageOffset() + 0x10_0000));
      assertEquals(PageFaultCode.PRESENT | PageFaultCode.USER, fault.errorCode());
    }
  }

  @Test
  void theDirectMapUsesLargePagesWhereItCan() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 128)) {
      // 0 to 4 MiB, and 124 MiB to 0x7fe0000; the holes of the first MiB count as mapped.
      assertEquals((4096 + 3968) << 10, memory.kernel.directMapSmallBytes());
      assertEquals(120 << 20, memory.kernel.directMapLargeBytes());
      // The top table, two for those 4 KiB pages, one for kmap, two for the fixed mappings.
      assertEquals(6, memory.kernel.tablePages());
    }
  }

  @Test
  void tablesAreCountedAsVmPteAndMeminfoDo() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 64)) {
      PageTables tables = allocate(memory);
      assertEquals(0, tables.tablePages());
      map(memory, tables, 0x0804_8000L);
      map(memory, tables, HEAP);
      map(memory, tables, 0xb7ff_e000L);
      map(memory, tables, STACK);
      assertEquals(3, tables.tablePages());
      assertEquals(3, memory.vmStat.get(VmStatItem.NR_PAGE_TABLE_PAGES));
      audit(memory, tables);
    }
  }

  @Test
  void fourLevelsCountThePudInVmPteOnly() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.X86_64, 64)) {
      PageTables tables = allocate(memory);
      map(memory, tables, HEAP);
      assertEquals(3, tables.tablePages());
      assertEquals(2, tables.accountedTablePages());
      assertEquals(2, memory.vmStat.get(VmStatItem.NR_PAGE_TABLE_PAGES));
    }
  }

  @Test
  void paeHasTheTablesOfAllThreeUserEntriesFromTheBeginning() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386_PAE, 64)) {
      PageTables tables = allocate(memory);
      assertEquals(3, tables.tablePages());
      tables.free();
      memory.finish(memory.beginAudit());
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void everythingComesBackWhenAProcessEnds(Architecture architecture) {
    try (BootedMemory memory = BootedMemory.boot(architecture, 64)) {
      long before = memory.allocator.node().freeFrames();
      PageTables tables = allocate(memory);
      for (long address = 0x1000; address < 0xb000_0000L; address += 0x0123_4000) {
        map(memory, tables, address);
      }
      unmap(memory, tables, 0, 0xc000_0000L);
      assertThrows(IllegalStateException.class, tables::free);
      tables.freeRange(0x1000, 0xc000_0000L, 0, 0);
      assertEquals(0, tables.accountedTablePages());
      tables.free();
      assertEquals(before, memory.allocator.node().freeFrames());
      assertEquals(0, memory.vmStat.get(VmStatItem.NR_PAGE_TABLE_PAGES));
      memory.finish(memory.beginAudit());
      assertThrows(IllegalStateException.class, tables::free);
    }
  }

  @Test
  void aTableThatANeighbourUsesStays() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 64)) {
      PageTables tables = allocate(memory);
      long table = 4 << 20;
      long start = 8 * table;
      map(memory, tables, start + 0x1000);
      unmap(memory, tables, start, start + table);
      // An area ends at start + 0x1000: the table is its, too.
      tables.freeRange(start + 0x1000, start + 0x2000, start + 0x1000, 0);
      assertEquals(1, tables.tablePages());
      // An area begins in the same table.
      tables.freeRange(start + 0x1000, start + 0x2000, 0, start + 0x3000);
      assertEquals(1, tables.tablePages());
      // The next one begins with the next table.
      tables.freeRange(start + 0x1000, start + 0x2000, start, start + table);
      assertEquals(0, tables.tablePages());
    }
  }

  @Test
  void theCursorVisitsOnlyEntriesThatAreNotNone() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.X86_64, 64)) {
      PageTables tables = allocate(memory);
      List<Long> mapped = List.of(0x1000L, 0x2000L, 0x1f_f000L, 0x20_0000L, 0x7f12_3456_7000L);
      mapped.forEach(address -> map(memory, tables, address));
      List<Long> seen = new ArrayList<>();
      PteCursor cursor = tables.cursor();
      cursor.reset(0, 0x7fff_ffff_f000L);
      while (cursor.next()) {
        assertEquals(tables.pteAddress(cursor.linearAddress()), cursor.pteAddress());
        seen.add(cursor.linearAddress());
      }
      assertEquals(mapped, seen);
      cursor.reset(0x2000, 0x1f_f000);
      assertTrue(cursor.next());
      assertEquals(0x2000, cursor.linearAddress());
      assertTrue(!cursor.next());
      cursor.reset(0x5000, 0x5000);
      assertTrue(!cursor.next());
    }
  }

  @Test
  void anEntryThatAllowsNothingKeepsItsFrameAndIsNotSeenByTheProcessor() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386_PAE, 64)) {
      PageTables tables = allocate(memory);
      int pfn = map(memory, tables, HEAP);
      long pteAddress = tables.pteAddress(HEAP);
      tables.writePte(pteAddress, Pte.modify(tables.readPte(pteAddress), Pte.PAGE_NONE));
      Mmu mmu = new Mmu(memory.ram, PageTableFormat.PAE, 64, 4);
      assertEquals(-1, mmu.peek(tables.pgd(), HEAP));
      assertTrue(Pte.isPresent(tables.pte(HEAP)) && Pte.isProtnone(tables.pte(HEAP)));
      assertEquals(pfn, Pte.pfn(tables.pte(HEAP)));
      audit(memory, tables);
    }
  }

  @Test
  void withoutMemoryThereAreNoTables() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 32)) {
      PageTables tables = allocate(memory);
      PageAllocator allocator = memory.allocator;
      for (int order = allocator.maxOrder(); order >= 0; order--) {
        while (allocator.allocPages(Gfp.GFP_ATOMIC, order) >= 0) {}
      }
      assertEquals(-1, tables.allocPte(HEAP));
      assertNull(PageTables.allocate(memory.kernel, allocator));
    }
  }

  @Test
  void tablesAreTraced() {
    try (BootedMemory memory = BootedMemory.boot(Architecture.I386, 64)) {
      PageTables tables = allocate(memory);
      List<String> names = new ArrayList<>();
      memory.trace.listen((sequence, nanos, event) -> names.add(event.name()));
      assertTrue(tables.allocPte(HEAP) > 0);
      tables.freeRange(HEAP, HEAP + 0x1000, 0, 0);
      assertEquals(
          List.of("mm_page_alloc", "page_table_alloc", "page_table_free", "mm_page_free"), names);
      assertNotNull(new TraceEvent.PageTableFree(1, 1, HEAP));
    }
  }
}
