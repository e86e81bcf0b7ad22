package org.memarium.mm.vmalloc;

import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;

/**
 * The recount of the area for vmalloc: each page of each area is owned once, the entries in {@code
 * init_mm} are those of the areas, and nothing else is mapped there.
 */
final class VmallocAudit {
  private final Audit audit;
  private final KernelMapper mapper;
  private final KernelLayout layout;
  private final VmapSpace space;
  private final VmapAreas areas;
  private final PageArray pageArray;
  private final PteCursor cursor;
  private long pages;

  VmallocAudit(Audit audit, KernelMapper mapper, VmapSpace space, PageArray pageArray) {
    this.audit = audit;
    this.mapper = mapper;
    this.layout = mapper.layout();
    this.space = space;
    this.areas = space.areas;
    this.pageArray = pageArray;
    this.cursor = mapper.cursor();
  }

  void run(long usedPages) {
    long behind = layout.vmallocStart();
    for (int area = space.busy().first(); area != VmapAreas.NONE; area = areas.next[area]) {
      VmStruct vm = areas.vm[area];
      nothingMapped(behind, areas.start[area]);
      behind = areas.end[area];
      if (vm == null) {
        inRam(areas.start[area], areas.end[area]);
      } else {
        expectAddresses(area, vm);
        expectEntries(vm);
      }
    }
    nothingMapped(behind, layout.vmallocEnd());
    audit.expectEqual("nr_vmalloc_pages", usedPages, pages);
  }

  private void expectAddresses(int area, VmStruct vm) {
    if (vm.address != areas.start[area] || vm.bytes != areas.size(area)) {
      audit.difference(
          "the vm_struct of 0x%x-0x%x says 0x%x, %,d bytes"
              .formatted(areas.start[area], areas.end[area], vm.address, vm.bytes));
    }
  }

  /** Every usable page is mapped as it should be, the guard page is not. */
  private void expectEntries(VmStruct vm) {
    boolean percpu = vm.has(VmStruct.ALLOC) && vm.pages == 0;
    long end = percpu ? vm.address : vm.address + vm.usableBytes();
    if (vm.has(VmStruct.ALLOC) && vm.pageCount != (end - vm.address) >>> Ram.PAGE_SHIFT) {
      audit.difference("%s has %d pages".formatted(vm.owner(), vm.pageCount));
      return;
    }
    for (int i = 0; i < vm.pageCount; i++) {
      int pfn = pageArray.pfn(vm.pages, i);
      audit.claim(pfn, 1, vm.owner(), Audit.Use.VMALLOC);
      audit.expectReference(pfn);
    }
    pages += vm.pageCount;
    long at = vm.address;
    cursor.reset(at, end);
    while (cursor.next()) {
      if (cursor.linearAddress() != at || !isRight(vm, at, cursor.pte())) {
        audit.difference(
            "%s: the entry for 0x%x is 0x%x"
                .formatted(vm.owner(), cursor.linearAddress(), cursor.pte()));
      }
      at = cursor.linearAddress() + Ram.PAGE_SIZE;
    }
    if (at != end) {
      audit.difference("%s: 0x%x-0x%x is not mapped".formatted(vm.owner(), at, end));
    }
    nothingMapped(end, vm.address + vm.bytes);
  }

  private boolean isRight(VmStruct vm, long at, long pte) {
    long offset = at - vm.address;
    if (vm.has(VmStruct.IOREMAP)) {
      return pte == mapper.entry(vm.physicalAddress + offset, Ioremap.PAGE_KERNEL_NOCACHE);
    }
    long physical =
        vm.has(VmStruct.ALLOC)
            ? (long) pageArray.pfn(vm.pages, (int) (offset >>> Ram.PAGE_SHIFT)) << Ram.PAGE_SHIFT
            : (long) Pte.pfn(pte) << Ram.PAGE_SHIFT;
    return pte == mapper.entry(physical, KernelPageTable.PAGE_KERNEL);
  }

  /** What {@code vm_map_ram} mapped is the caller's; it must be RAM at least. */
  private void inRam(long start, long end) {
    cursor.reset(start, end);
    while (cursor.next()) {
      if ((cursor.pte() & PageTableEntry.PRESENT) == 0
          || Pte.pfn(cursor.pte()) >= mapper.allocator().memMap().frames()) {
        audit.difference(
            "vm_map_ram: the entry for 0x%x is 0x%x"
                .formatted(cursor.linearAddress(), cursor.pte()));
      }
    }
  }

  private void nothingMapped(long start, long end) {
    cursor.reset(start, end);
    while (cursor.next()) {
      audit.difference(
          "the entry for 0x%x, where no area is, is 0x%x"
              .formatted(cursor.linearAddress(), cursor.pte()));
    }
  }
}
