package org.memarium.mm.fault;

import org.memarium.hardware.PageFaultCode;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;

/**
 * {@code get_user_pages}: finds the frame of a page of a program, and faults it in if need be, for
 * a kernel that reads or writes it by its physical address (Linux {@code mm/gup.c}).
 *
 * <p>Rights are those of the area; {@link RemoteAccess} is for who looks without them.
 */
public final class Gup {
  private final FaultHandler faults;
  private final MemoryManager memory;
  private final MemMap memMap;

  Gup(FaultHandler faults, MemoryManager memory) {
    this.faults = faults;
    this.memory = memory;
    this.memMap = memory.memMap();
  }

  /**
   * {@code get_user_pages} of one page, with {@code FOLL_TOUCH}: faults it in as an access would. A
   * page that is there already, and is to be written, becomes dirty itself, not its entry.
   *
   * @param write whether the page must be writable
   * @return the frame, or -EFAULT or -ENOMEM
   */
  public int getUserPage(MmStruct mm, long linearAddress, boolean write) {
    return followOrFault(mm, linearAddress, write, false);
  }

  /**
   * {@code pin_user_pages} of one page: the same for a page that will be used for a while. A page
   * that is to be read, and is shared with another process since a fork, is copied first, so that
   * it stays the same one when the program writes ({@code gup_must_unshare}).
   *
   * @return as {@link #getUserPage}
   */
  public int pinUserPage(MmStruct mm, long linearAddress, boolean write) {
    return followOrFault(mm, linearAddress, write, true);
  }

  /**
   * The same as {@link #getUserPage} for {@code populate_vma_page_range}: to a page that it waited
   * for it comes again as to another one, and so the fault of a file's page that had to be read is
   * a minor one.
   */
  int prefault(MmStruct mm, long linearAddress, boolean write) {
    faults.setPrefaults(true);
    try {
      return followOrFault(mm, linearAddress, write, false);
    } finally {
      faults.setPrefaults(false);
    }
  }

  private int followOrFault(MmStruct mm, long linearAddress, boolean write, boolean pin) {
    int access = PageFaultCode.USER | (write ? PageFaultCode.WRITE : 0);
    PageTables tables = mm.pages().tables();
    for (; ; ) {
      long pte = tables.pte(linearAddress);
      boolean there = Pte.isPresent(pte) && !Pte.isProtnone(pte);
      FaultResult outcome;
      if (there && pin && !write && isSharedByFork(pte)) {
        outcome = faults.unshare(mm, linearAddress);
      } else if (there && (!write || Pte.isWritable(pte))) {
        if (write && !Pte.isDirty(pte)) {
          setPageDirty(Pte.pfn(pte));
        }
        return Pte.pfn(pte);
      } else {
        outcome =
            faults.handleMmFault(
                mm, linearAddress, there ? access | PageFaultCode.PRESENT : access);
      }
      if (!outcome.isHandled()) {
        return outcome == FaultResult.OOM ? -Errno.ENOMEM : -Errno.EFAULT;
      }
    }
  }

  /** {@code gup_must_unshare}: an anonymous page of which another process may have a part. */
  private boolean isSharedByFork(long pte) {
    return !Pte.isSpecial(pte)
        && memMap.isPageAnon(Pte.pfn(pte))
        && !memMap.testFlags(Pte.pfn(pte), PageFlags.ANON_EXCLUSIVE);
  }

  /** {@code set_page_dirty}: of a page that was found here, and written to. */
  public void setPageDirty(int pfn) {
    if (memMap.isPageAnon(pfn)) {
      memMap.setPageDirty(pfn);
      return;
    }
    AddressSpace file = memory.pageCache().spaceOf(pfn);
    if (file != null) {
      file.setDirty(pfn);
    }
  }
}
