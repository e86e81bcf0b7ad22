package org.memarium.mm.fault;

import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageFaultCode;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.Ram;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code do_kern_addr_fault} (Linux 6.1 {@code arch/x86/mm/fault.c}): a page fault of the kernel in
 * its own half.
 *
 * <p>With two-level tables a process's top table is a copy of the kernel's entries as they were
 * when it began. What vmalloc needed later is missing there, and is copied by {@code vmalloc_fault}
 * when the kernel comes upon it. Nothing else can help: any other fault here is a bug of the
 * kernel, and the access throws.
 */
final class KernelFault {
  /** A fault with one of these is never one of a missing entry. */
  private static final int HOPELESS =
      PageFaultCode.PRESENT | PageFaultCode.USER | PageFaultCode.RESERVED;

  private static final int TOP = 2;

  private final KernelPageTable kernel;
  private final Mmu mmu;
  private final Ram ram;
  private final PageTableFormat format;
  private final Trace trace;
  private long copied;

  KernelFault(KernelPageTable kernel, Mmu mmu, Trace trace) {
    this.kernel = kernel;
    this.mmu = mmu;
    this.ram = mmu.ram();
    this.format = kernel.format();
    this.trace = trace;
  }

  /** {@code fault_in_kernel_space}, by the kernel itself. */
  boolean isMine(long linearAddress, int errorCode) {
    return (errorCode & PageFaultCode.USER) == 0
        && Long.compareUnsigned(linearAddress, kernel.architecture().kernelStart()) >= 0;
  }

  /** True if the access may be tried again. */
  boolean handle(long linearAddress, int errorCode) {
    boolean handled = (errorCode & HOPELESS) == 0 && vmallocFault(linearAddress);
    if (trace.isOn()) {
      String word = handled ? "vmalloc" : "oops";
      trace.emit(new TraceEvent.PageFault(linearAddress, errorCode, word, -1));
    }
    return handled;
  }

  /** {@code vmalloc_fault}: copies the entry of {@code init_mm}, if that maps the address. */
  private boolean vmallocFault(long linearAddress) {
    if (format.levels() != TOP || !kernel.layout().isVmallocAddress(linearAddress)) {
      return false;
    }
    long entry = format.read(ram, format.entryAddress(kernel.pgd(), TOP, linearAddress));
    long mineAddress = format.entryAddress(mmu.cr3(), TOP, linearAddress);
    if (entry == 0 || format.read(ram, mineAddress) != 0) {
      return false;
    }
    format.write(ram, mineAddress, entry);
    copied++;
    return true;
  }

  /** How many entries were copied. */
  long copied() {
    return copied;
  }
}
