package org.memarium.mm.fault;

import org.memarium.hardware.PageTableEntry;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/**
 * {@code struct vm_fault}: the fault at hand, and what became of it. There is one a machine, so
 * that a fault allocates nothing on the Java heap; each begins with {@link #begin}.
 */
final class VmFault {
  /** {@code pte_mkdirty}: what a write sets in an entry. */
  final long dirtyBits;

  /** Physical address of the entry for the page. */
  long pteAddress;

  /** How it was handled, if it was. */
  FaultKind kind = FaultKind.SPURIOUS;

  /** The frame that is mapped now. */
  int pfn;

  /** {@code VM_FAULT_MAJOR}: the page had to be read. */
  boolean major;

  /** {@code FAULT_FLAG_TRIED}: the fault waited for a page that was on its way. */
  boolean retried;

  /**
   * @param softDirtyBit the bit of an entry that tells of a write to who tracks them; 0 without
   */
  VmFault(long softDirtyBit) {
    this.dirtyBits = PageTableEntry.DIRTY | softDirtyBit;
  }

  /** A new fault. */
  void begin() {
    major = false;
    retried = false;
  }

  /** It is handled. */
  FaultResult done(FaultKind ofKind, int inFrame) {
    kind = ofKind;
    pfn = inFrame;
    return major || retried ? FaultResult.MAJOR : FaultResult.MINOR;
  }

  /** What a page that did not come means: a negative errno, or {@link PendingIo#RETRY}. */
  static FaultResult failure(int error) {
    if (error == PendingIo.RETRY) {
      return FaultResult.RETRY;
    }
    return error == -Errno.ENOMEM ? FaultResult.OOM : FaultResult.SIGBUS;
  }

  /** {@code maybe_mkwrite(pte_mkdirty)}: an entry through which the area's page was written. */
  long written(Vma area, long pte) {
    return pte | dirtyBits | (area.has(VmFlags.WRITE) ? PageTableEntry.WRITABLE : 0);
  }
}
