package org.memarium.mm.fault;

import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code access_remote_vm} with {@code FOLL_FORCE}: reads and writes the memory of an address space
 * that need not be the processor's, whatever the rights of its areas (Linux {@code mm/memory.c},
 * {@code mm/gup.c}). Pages come in as if the program had faulted on them.
 *
 * <pre>
 *   area                          read                      write
 *   none, or the kernel's ([vvar])   ends                   ends
 *   PROT_NONE                     what is there             as below, by the kind of area
 *   private                       what is there             a private copy; the entry keeps the
 *                                                           area's rights
 *   shared, writable              what is there             the page itself
 *   shared, read-only             what is there             ends
 * </pre>
 */
public final class RemoteAccess {
  private final FaultHandler faults;
  private final MemMap memMap;
  private final Ram ram;
  private final MemoryManager memory;

  /** By the fault handler of a machine. */
  public RemoteAccess(FaultHandler faults, MemoryManager memory) {
    this.faults = faults;
    this.memory = memory;
    PageAllocator allocator = memory.allocator();
    this.memMap = allocator.memMap();
    this.ram = allocator.ram();
  }

  /**
   * Reads bytes.
   *
   * @param limits of the task that reads: they are what a stack must not outgrow for it
   * @return how many, fewer than asked for where the next page cannot be reached
   */
  public int read(
      MmStruct mm, RLimits limits, long linearAddress, byte[] to, int offset, int count) {
    return access(mm, limits, linearAddress, to, offset, count, false);
  }

  /** Writes bytes; see {@link #read}. */
  public int write(
      MmStruct mm, RLimits limits, long linearAddress, byte[] from, int offset, int count) {
    return access(mm, limits, linearAddress, from, offset, count, true);
  }

  private int access(
      MmStruct mm,
      RLimits limits,
      long linearAddress,
      byte[] bytes,
      int offset,
      int count,
      boolean write) {
    int done = 0;
    while (done < count) {
      long at = linearAddress + done;
      int inPage = (int) (at & (Ram.PAGE_SIZE - 1));
      int chunk = Math.min(count - done, Ram.PAGE_SIZE - inPage);
      int pfn = page(mm, limits, at - inPage, write);
      if (pfn < 0) {
        return done;
      }
      long physicalAddress = ((long) pfn << Ram.PAGE_SHIFT) + inPage;
      if (write) {
        ram.write(physicalAddress, bytes, offset + done, chunk);
        // set_page_dirty_lock
        faults.gup().setPageDirty(pfn);
      } else {
        ram.read(physicalAddress, bytes, offset + done, chunk);
      }
      done += chunk;
    }
    return done;
  }

  /** {@code get_user_pages_remote} of one page: its frame, or -1. */
  private int page(MmStruct mm, RLimits limits, long address, boolean write) {
    PageTables tables = mm.pages().tables();
    for (; ; ) {
      // find_extend_vma: the stack grows for this, too.
      Vma area = mm.findVma(address);
      if (area == null || !reaches(mm, limits, area, address) || !isAllowed(area, write)) {
        return -1;
      }
      long pte = tables.pte(address);
      if (Pte.isPresent(pte) && (!write || mayWrite(area, pte))) {
        return Pte.pfn(pte);
      }
      if (!faults.faultIn(mm, area, address, write).isHandled()) {
        return -1;
      }
    }
  }

  private static boolean reaches(MmStruct mm, RLimits limits, Vma area, long address) {
    return area.contains(address)
        || (area.has(VmFlags.GROWSDOWN) && mm.stack().expand(area, address, limits) == 0);
  }

  /** {@code check_vma_flags}. */
  private static boolean isAllowed(Vma area, boolean write) {
    if (area.has(VmFlags.IO) || area.has(VmFlags.PFNMAP)) {
      return false;
    }
    if (write) {
      return area.has(VmFlags.WRITE) || isCopiedOnWrite(area);
    }
    return area.has(VmFlags.READ) || area.has(VmFlags.MAYREAD);
  }

  /** {@code is_cow_mapping}. */
  private static boolean isCopiedOnWrite(Vma area) {
    return area.has(VmFlags.MAYWRITE) && !area.has(VmFlags.SHARED);
  }

  /** {@code can_follow_write_pte}: a page that is the area's own may be written through. */
  private boolean mayWrite(Vma area, long pte) {
    if (Pte.isWritable(pte)) {
      return true;
    }
    return !area.has(VmFlags.WRITE)
        && isCopiedOnWrite(area)
        && !Pte.isSpecial(pte)
        && memMap.isPageAnon(Pte.pfn(pte))
        && memMap.testFlags(Pte.pfn(pte), PageFlags.ANON_EXCLUSIVE)
        && !isTracked(area, pte);
  }

  /** {@code pte_needs_soft_dirty_wp}: the write has to be noted in the entry first. */
  private boolean isTracked(Vma area, long pte) {
    return memory.softDirtyBit() != 0 && !area.has(VmFlags.SOFTDIRTY) && !Pte.isSoftDirty(pte);
  }
}
