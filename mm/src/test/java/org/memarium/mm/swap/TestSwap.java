package org.memarium.mm.swap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import org.memarium.hardware.BlockDevice;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.VmStatItem;
import org.memarium.mm.vmalloc.KvMalloc;

/** A machine without a processor, with swap areas on files of the host that vanish. */
final class TestSwap implements AutoCloseable {
  final TestSpace space;
  final Swap swap;
  final MmStruct mm;
  final KernelLog log = new KernelLog();
  private final PageAllocator allocator;
  private final MemMap memMap;
  private int disks;

  TestSwap(Architecture architecture, int ramMib) {
    space = TestSpace.boot(architecture, ramMib);
    mm = space.mm;
    allocator = space.memory.allocator;
    memMap = allocator.memMap();
    swap = space.manager.swap();
    swap.areas().connect(space.vmalloc, new KvMalloc(space.slab, space.vmalloc), log);
  }

  /** The i386 machine with 64 MiB. */
  static TestSwap i386() {
    return new TestSwap(Architecture.I386, 64);
  }

  static TestSwap compat() {
    return new TestSwap(Architecture.COMPAT, 64);
  }

  /** A disk with a header on it. */
  BlockDevice disk(int pages) {
    BlockDevice disk =
        BlockDevice.temporary(System.getProperty("java.io.tmpdir"), (long) pages << Ram.PAGE_SHIFT);
    int pfn = allocator.allocPage(Gfp.GFP_KERNEL | Gfp.ZERO);
    SwapHeader.make(space.memory.ram, pfn, pages);
    assertEquals(0, disk.write(0, space.memory.ram, pfn));
    allocator.freePages(pfn, 0);
    return disk;
  }

  /** Turns a disk with so many pages, the header's too, on. */
  DiskSwap on(int pages, int flags, boolean rotational) {
    DiskSwap device = new DiskSwap(disk(pages), "/dev/vd" + (char) ('a' + disks++), rotational);
    assertEquals(0, swap.areas().swapOn(device, flags));
    return device;
  }

  DiskSwap on(int pages) {
    return on(pages, 0, true);
  }

  long stat(VmStatItem item) {
    return space.memory.vmStat.get(item);
  }

  /** Writes an int to the program's memory, with the faults that this takes. */
  void write(long address, int value) {
    space.mmu.writeInt(address, value);
  }

  int read(long address) {
    return space.mmu.readInt(address);
  }

  /** The frame that is mapped at an address. */
  int frameOf(long address) {
    return Pte.pfn(mm.pages().tables().pte(address));
  }

  /** Maps a page, writes an int to it, and swaps it out; returns its address. */
  long swappedOut(int value) {
    long at = space.mapAnon(0, Ram.PAGE_SIZE, TestSpace.RW, 0);
    write(at, value);
    swapOut(at);
    return at;
  }

  /** Puts the page of an address into the swap cache and a slot into its entry. */
  int unmap(MmStruct of, long address) {
    Vma area = Objects.requireNonNull(of.findVma(address));
    PageTables tables = of.pages().tables();
    long pte = tables.pte(address);
    int pfn = Pte.pfn(pte);
    assertTrue(swap.isCached(pfn) || swap.addToSwap(pfn), "no slot");
    memMap.getPage(pfn);
    long entry = swap.entryOf(pfn);
    assertEquals(0, swap.duplicate(entry));
    of.pages().replaced().replaceBySwapEntry(area, address, tables.pteAddress(address), pte, entry);
    allocator.putPage(pfn);
    return pfn;
  }

  /** Swaps the page of an address out, all the way. */
  void swapOut(long address) {
    int pfn = unmap(mm, address);
    evict(pfn);
  }

  /** Writes a page of the cache that nothing maps, if it must be, and frees it. */
  void evict(int pfn) {
    memMap.getPage(pfn);
    if (memMap.isPageDirty(pfn)) {
      assertEquals(0, swap.writePage(pfn));
      allocator.pendingIo().waitFor(pfn, IoWait.SWAP_WRITE);
    }
    swap.deleteFromCache(pfn, -1);
    allocator.putPage(pfn);
  }

  void audit() {
    space.audit();
  }

  /** Ends the address space, turns all areas off, and recounts. */
  @Override
  public void close() {
    audit();
    mm.exit();
    audit();
    swap.close();
    space.memory.close();
  }
}
