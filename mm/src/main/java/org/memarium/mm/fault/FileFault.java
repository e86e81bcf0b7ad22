package org.memarium.mm.fault;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.FileRa;
import org.memarium.mm.file.MmapAdvice;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.UserPages;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code do_fault}: the first access to a page that a page cache stands behind (Linux {@code
 * mm/memory.c}, {@code mm/filemap.c}, {@code mm/shmem.c}).
 *
 * <p>A frame that is looked up must not be reclaimed before it is mapped, so page tables and copies
 * are allocated first.
 */
final class FileFault {
  private final VmFault fault;
  private final AnonymousFault anon;
  private final FaultAround faultAround;
  private final PageAllocator allocator;
  private final Ram ram;

  /** Whether there was no table for the page. */
  private boolean tableIsNew;

  /** Whether neighbours of the page were mapped, which it may not be itself. */
  private boolean mappedAround;

  FileFault(VmFault fault, AnonymousFault anon, FaultAround faultAround, PageAllocator allocator) {
    this.fault = fault;
    this.anon = anon;
    this.faultAround = faultAround;
    this.allocator = allocator;
    this.ram = allocator.ram();
  }

  /**
   * {@code do_fault}: no entry yet, in an area with a page cache behind it.
   *
   * @param newTable whether the page table was made for this fault; it goes if nothing is mapped
   */
  FaultResult doFault(
      MmStruct mm, Vma area, AddressSpace mapping, long address, boolean write, boolean newTable) {
    tableIsNew = newTable;
    mappedAround = false;
    FaultResult outcome = dispatch(mm, area, mapping, address, write);
    if (newTable && !mappedAround && !outcome.isHandled()) {
      // prealloc_pte: where nothing was mapped, the table does not stay either.
      mm.pages().tables().freePteTable(address);
    }
    return outcome;
  }

  private FaultResult dispatch(
      MmStruct mm, Vma area, AddressSpace mapping, long address, boolean write) {
    long index = area.pageIndex(address);
    if (!write) {
      return doReadFault(mm, area, mapping, address, index);
    }
    return area.has(VmFlags.SHARED)
        ? doSharedFault(mm, area, mapping, index)
        : doCowFault(mm, area, mapping, index);
  }

  /** {@code do_read_fault}: fault-around first, and if the page itself was not there, the page. */
  private FaultResult doReadFault(
      MmStruct mm, Vma area, AddressSpace mapping, long address, long index) {
    if (mapping.isCold() || mapping.isSwapped(index)) {
      return doColdReadFault(mm, area, mapping, address, index);
    }
    int frame = getPage(area, mapping, index);
    long protection = UserPages.protection(area);
    if (frame >= 0) {
      mm.pages().mapFile(area, fault.pteAddress, Pte.of(frame, protection), frame);
    }
    if (!fault.major && faultAround.isWanted(area)) {
      // Around a page behind the end of the file, too: Linux looks around first.
      mappedAround = faultAround.map(mm, area, mapping, address, fault.pteAddress, tableIsNew);
    }
    return frame < 0 ? VmFault.failure(frame) : fault.done(FaultKind.FILE, frame);
  }

  /**
   * The same of a page that comes from a device: of a file that the host has not in its cache,
   * where who waits faults again and maps what has come meanwhile around the page; or of a file of
   * memory, from swap.
   */
  private FaultResult doColdReadFault(
      MmStruct mm, Vma area, AddressSpace mapping, long address, long index) {
    PageTables tables = mm.pages().tables();
    long protection = UserPages.protection(area);
    boolean around = faultAround.isWanted(area);
    if (around) {
      mappedAround |= faultAround.map(mm, area, mapping, address, fault.pteAddress, tableIsNew);
      long pte = tables.readPte(fault.pteAddress);
      if (pte != 0) {
        return fault.done(FaultKind.FILE, Pte.pfn(pte));
      }
    }
    int frame = getPage(area, mapping, index);
    if (frame < 0) {
      return VmFault.failure(frame);
    }
    if (around && fault.retried) {
      mappedAround |= faultAround.map(mm, area, mapping, address, fault.pteAddress, tableIsNew);
    }
    if (tables.readPte(fault.pteAddress) == 0) {
      mm.pages().mapFile(area, fault.pteAddress, Pte.of(frame, protection), frame);
    }
    return fault.done(FaultKind.FILE, frame);
  }

  /** {@code do_cow_fault}: a write to a private page that is not mapped: one copy, one fault. */
  private FaultResult doCowFault(MmStruct mm, Vma area, AddressSpace mapping, long index) {
    if (!mm.prepareAnonVma(area)) {
      return FaultResult.OOM;
    }
    int fresh = anon.prealloc(mm, Gfp.GFP_HIGHUSER_MOVABLE);
    if (fresh < 0) {
      return FaultResult.OOM;
    }
    int frame = getPage(area, mapping, index);
    if (frame < 0) {
      allocator.putPage(fresh);
      return VmFault.failure(frame);
    }
    ram.copyFrame(frame, fresh);
    long pte = Pte.of(fresh, UserPages.protection(area));
    mm.pages().mapNewAnon(area, fault.pteAddress, fault.written(area, pte), fresh, index);
    return fault.done(FaultKind.COPY_ON_WRITE, fresh);
  }

  /** {@code do_shared_fault}: a write to a shared page that is not mapped. */
  private FaultResult doSharedFault(MmStruct mm, Vma area, AddressSpace mapping, long index) {
    int frame = getPage(area, mapping, index);
    if (frame < 0) {
      return VmFault.failure(frame);
    }
    mapping.setDirty(frame);
    long pte = Pte.of(frame, UserPages.protection(area));
    mm.pages().mapFile(area, fault.pteAddress, fault.written(area, pte), frame);
    return fault.done(FaultKind.FILE, frame);
  }

  /** {@code filemap_fault}: the frame of a page; a negative errno; -EFAULT behind the end. */
  private int getPage(Vma area, AddressSpace mapping, long index) {
    if (index >= mapping.filePages()) {
      return -Errno.EFAULT;
    }
    if (!mapping.isCold()) {
      // shmem_fault waits for swap where it is: the fault is not tried again.
      boolean swapped = mapping.isSwapped(index);
      int frame = mapping.readPage(index);
      fault.major = swapped && mapping.wasRead();
      return frame;
    }
    boolean forwards = area.has(VmFlags.EXEC) && area.mm().layout().readsCodeForwards();
    long codeEnd = forwards ? area.pageIndex(area.end()) : 0;
    FileRa ra = FaultAround.readahead(area, mapping);
    int frame = mapping.faultPage(index, ra, advice(area), codeEnd);
    fault.major = mapping.wasRead();
    fault.retried = fault.major || mapping.wasWaitedFor();
    return frame;
  }

  private static MmapAdvice advice(Vma area) {
    if (area.has(VmFlags.HUGEPAGE) && area.mm().layout().readsHugeWindows()) {
      return area.has(VmFlags.RAND_READ) ? MmapAdvice.HUGE_RANDOM : MmapAdvice.HUGE;
    }
    if (area.has(VmFlags.RAND_READ)) {
      return MmapAdvice.RANDOM;
    }
    return area.has(VmFlags.SEQ_READ) ? MmapAdvice.SEQUENTIAL : MmapAdvice.NORMAL;
  }
}
