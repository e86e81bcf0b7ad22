package org.memarium.mm.fault;

import org.memarium.hardware.PageFaultCode;
import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.HugetlbPages;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code handle_mm_fault}: gives a page at the last moment (Linux {@code arch/x86/mm/fault.c},
 * {@code mm/memory.c}). One a machine.
 *
 * <pre>
 *   area?  no: stack growth, or SIGSEGV          right?  no: SIGSEGV
 *   entry none      anonymous area    read: zero page             write: zeroed frame
 *                   file, private     read: cache, fault-around   write: copy of the cache's page
 *                   file, shared      read: cache, fault-around   write: the cache's page, dirty
 *   entry of swap   the page of its slot
 *   entry present   write, no R/W     own frame, or shared: R/W   else: copy
 * </pre>
 *
 * <p>Each line of the lower half has its class: {@link AnonymousFault}, {@link FileFault}, {@link
 * SwapFault}, {@link WriteProtectFault}. The path allocates nothing on the Java heap.
 */
@SuppressWarnings("EnumOrdinal") // counters by kind, never stored
public final class FaultHandler {
  private final MemoryManager memory;
  private final PageAllocator allocator;
  private final VmStat vmStat;
  private final Trace trace;
  private final KernelFault kernelFault;
  private final FaultAround faultAround;
  private final AnonymousFault anonymousFault;
  private final FileFault fileFault;
  private final SwapFault swapFault;
  private final WriteProtectFault writeProtectFault;
  private final Gup gup;
  private final long[] faultsByKind = new long[FaultKind.values().length];
  private long stackGrowths;

  /** The fault at hand. */
  private final VmFault fault;

  /** What became of it. */
  private FaultResult result = FaultResult.MINOR;

  /** Whether who waited for a page comes again as if it had not: {@link Gup#prefault}. */
  private boolean prefaults;

  /** The fault handler of a machine; it also populates for MAP_POPULATE. */
  public FaultHandler(MemoryManager memory) {
    this.memory = memory;
    this.allocator = memory.allocator();
    this.vmStat = memory.vmStat();
    this.trace = memory.trace();
    this.kernelFault = new KernelFault(memory.kernelPageTable(), memory.mmu(), trace);
    this.faultAround = new FaultAround(allocator);
    this.fault = new VmFault(memory.softDirtyBit());
    this.anonymousFault = new AnonymousFault(fault, allocator);
    this.fileFault = new FileFault(fault, anonymousFault, faultAround, allocator);
    this.writeProtectFault = new WriteProtectFault(fault, anonymousFault, memory);
    this.swapFault = new SwapFault(fault, writeProtectFault, memory);
    this.gup = new Gup(this, memory);
    memory.setPopulator(new Populate(gup));
  }

  // ---- Entrances ----

  /**
   * A page fault of the program, or of the kernel on its behalf ({@code do_user_addr_fault}).
   *
   * @param errorCode bits as in {@link PageFaultCode}
   * @return what became of it; of a fault that is not handled nothing has changed
   */
  public FaultResult handleMmFault(MmStruct mm, long linearAddress, int errorCode) {
    return handleMmFault(mm, linearAddress, errorCode, false, false);
  }

  /**
   * The same of somebody who can come again.
   *
   * @param mayRetry {@code FAULT_FLAG_ALLOW_RETRY}: where the page is on its way, the result is
   *     {@link FaultResult#RETRY}, and the access is to be made again when it is there, at {@link
   *     org.memarium.mm.frame.PendingIo#retryNanos}
   * @param tried {@code FAULT_FLAG_TRIED}: this is such an access
   */
  public FaultResult handleMmFault(
      MmStruct mm, long linearAddress, int errorCode, boolean mayRetry, boolean tried) {
    allocator.pendingIo().setMayRetry(mayRetry);
    try {
      return handleFault(mm, linearAddress, errorCode, tried);
    } finally {
      allocator.pendingIo().setMayRetry(false);
    }
  }

  private FaultResult handleFault(MmStruct mm, long linearAddress, int errorCode, boolean tried) {
    if (!tried || mm.layout().countsEachTry()) {
      vmStat.increment(VmStatItem.PGFAULT);
    }
    fault.begin();
    result = handle(mm, linearAddress, errorCode);
    countIo(mm);
    if (tried && result == FaultResult.MINOR) {
      result = FaultResult.MAJOR;
    }
    countHandled();
    if (result.isHandled()) {
      countInGroup(mm, result == FaultResult.MAJOR);
    }
    if (trace.isOn()) {
      boolean handled = result.isHandled();
      String word = handled ? fault.kind.word() : result.word();
      trace.emit(
          new TraceEvent.PageFault(linearAddress, errorCode, word, handled ? fault.pfn : -1));
    }
    return result;
  }

  /**
   * What the latest fault had to do with a device. One that waits lets go of the locks and is
   * handled again from the beginning, which counts as another.
   */
  private void countIo(MmStruct mm) {
    if (fault.major) {
      vmStat.increment(VmStatItem.PGMAJFAULT);
    }
    if (fault.retried && result != FaultResult.RETRY && mm.layout().countsEachTry()) {
      vmStat.increment(VmStatItem.PGFAULT);
    }
  }

  private void countHandled() {
    if (result.isHandled()) {
      faultsByKind[fault.kind.ordinal()]++;
      memory.faultCounts().count(result == FaultResult.MAJOR && !(prefaults && fault.retried));
    }
  }

  /** Faults come without {@code FAULT_FLAG_TRIED} after they waited, or with it again. */
  void setPrefaults(boolean on) {
    prefaults = on;
  }

  /** {@code count_memcg_event_mm}. */
  private void countInGroup(MmStruct mm, boolean wasMajor) {
    MemCgroup group = allocator.groups().find(mm.group());
    if (group != null) {
      group.lruvec().countInGroup(VmStatItem.PGFAULT, 1);
      group.lruvec().countInGroup(VmStatItem.PGMAJFAULT, wasMajor ? 1 : 0);
    }
  }

  /** Whether a fault is the kernel's own, in its half: {@link #handleKernelFault} is for those. */
  public boolean isKernelFault(long linearAddress, int errorCode) {
    return kernelFault.isMine(linearAddress, errorCode);
  }

  /**
   * {@code do_kern_addr_fault}: a page fault of the kernel in its own half. It is no page fault of
   * a process, and does not count as one.
   *
   * @return true if the access may be tried again
   */
  public boolean handleKernelFault(long linearAddress, int errorCode) {
    return kernelFault.handle(linearAddress, errorCode);
  }

  /** How many top-level entries processes got from {@code init_mm} by {@code vmalloc_fault}. */
  public long vmallocFaults() {
    return kernelFault.copied();
  }

  /** {@code get_user_pages}: by this handler. */
  public Gup gup() {
    return gup;
  }

  // ---- Options and statistics ----

  /** How pages around one that faulted are mapped. */
  public FaultAround faultAround() {
    return faultAround;
  }

  /** What became of the latest fault. */
  public FaultResult lastResult() {
    return result;
  }

  /** How many faults of a kind were handled. */
  public long faults(FaultKind ofKind) {
    return faultsByKind[ofKind.ordinal()];
  }

  /** How many faults made a stack grow; they count under their kind too. */
  public long stackGrowths() {
    return stackGrowths;
  }

  // ---- The area and the right ----

  private FaultResult handle(MmStruct mm, long linearAddress, int errorCode) {
    long address = linearAddress & -(long) Ram.PAGE_SIZE;
    if (address >= mm.layout().taskSize()) {
      return FaultResult.SEGV_MAPERR;
    }
    Vma area = mm.findVma(address);
    if (area == null) {
      return FaultResult.SEGV_MAPERR;
    }
    if (area.start() > address) {
      if (!area.has(VmFlags.GROWSDOWN) || mm.stack().expand(area, address) != 0) {
        return FaultResult.SEGV_MAPERR;
      }
      stackGrowths++;
    }
    boolean write = (errorCode & PageFaultCode.WRITE) != 0;
    if (isAccessError(area, errorCode, write)) {
      return FaultResult.SEGV_ACCERR;
    }
    return handlePteFault(mm, area, address, write);
  }

  /**
   * {@code faultin_page} with {@code FOLL_FORCE}: a fault on behalf of somebody who looks into
   * another's memory, whatever the area's rights; counts as one of whoever runs. A write makes a
   * private copy, and leaves its entry read-only where the area is.
   *
   * @param address lies in {@code area}, on a page boundary
   */
  FaultResult faultIn(MmStruct mm, Vma area, long address, boolean write) {
    vmStat.increment(VmStatItem.PGFAULT);
    result = handlePteFault(mm, area, address, write);
    countIo(mm);
    countHandled();
    return result;
  }

  /**
   * {@code FAULT_FLAG_UNSHARE}: gives an area a copy of its own of an anonymous page that it may
   * share since a fork; nothing is written, and the entry stays read-only. Counts as a fault.
   *
   * @param linearAddress such a page is mapped there
   */
  FaultResult unshare(MmStruct mm, long linearAddress) {
    vmStat.increment(VmStatItem.PGFAULT);
    long address = linearAddress & -(long) Ram.PAGE_SIZE;
    Vma area = mm.findVma(address);
    if (area == null || !area.contains(address)) {
      return FaultResult.SEGV_MAPERR;
    }
    fault.begin();
    fault.pteAddress = mm.pages().tables().pteAddress(address);
    long pte = mm.pages().tables().readPte(fault.pteAddress);
    int old = Pte.pfn(pte);
    result =
        writeProtectFault.mayReuse(mm, area, old)
            ? fault.done(FaultKind.WRITE_PROTECTED, old)
            : writeProtectFault.copy(mm, area, address, pte, old, pte & memory.softDirtyBit());
    countHandled();
    return result;
  }

  /** {@code __handle_mm_fault}: the area is there, and the access is allowed. */
  private FaultResult handlePteFault(MmStruct mm, Vma area, long address, boolean write) {
    fault.begin();
    if (mm.isOomSkipped() && !area.has(VmFlags.SHARED)) {
      // check_stable_address_space: what was there is lost, and nobody may see zeroes instead.
      return FaultResult.SIGBUS;
    }
    PageTables tables = mm.pages().tables();
    if (area.has(VmFlags.HUGETLB)) {
      return hugetlbFault(mm, area, address);
    }
    AddressSpace mapping = area.mapping();
    boolean tableIsNew = mapping != null && tables.lowestLevel(address) > 1;
    long pteAddress = tables.allocPte(address);
    if (pteAddress < 0) {
      return FaultResult.OOM;
    }
    fault.pteAddress = pteAddress;
    long pte = tables.readPte(pteAddress);
    if (pte == 0) {
      return mapping == null
          ? anonymousFault.doAnonymousPage(mm, area, address, write)
          : fileFault.doFault(mm, area, mapping, address, write, tableIsNew);
    }
    if (SwapEntry.isSwapped(tables.format(), pte)) {
      return swapFault.doSwapPage(mm, area, address, pte, write);
    }
    if (Pte.isSwap(pte)) {
      // handle_pte_marker: nothing else stands in an entry while programs run.
      return SwapEntry.isPoisoned(tables.format(), pte)
          ? FaultResult.SIGBUS
          : FaultResult.SEGV_MAPERR;
    }
    if (write && !Pte.isWritable(pte)) {
      return writeProtectFault.doWpPage(mm, area, address, pte);
    }
    // ptep_set_access_flags: only a write sets the bits here, as on x86.
    if (write) {
      tables.writePte(pteAddress, Pte.mkYoung(pte) | fault.dirtyBits);
    }
    return fault.done(FaultKind.SPURIOUS, Pte.pfn(pte));
  }

  /** {@code hugetlb_fault}: the tables are made, and then there is no page in the pool. */
  private static FaultResult hugetlbFault(MmStruct mm, Vma area, long address) {
    PageTables tables = mm.pages().tables();
    HugetlbPages pages = area.hugePages();
    if (tables.allocTable(address, tables.format().levelOf(pages.pageBytes())) < 0) {
      return FaultResult.OOM;
    }
    boolean prepares =
        !area.has(VmFlags.MAYSHARE)
            && mm.layout().preparesHugePagesFirst()
            && pages.contains(area, address);
    return prepares && !mm.prepareAnonVma(area) ? FaultResult.OOM : FaultResult.SIGBUS;
  }

  /** {@code access_error}. */
  private static boolean isAccessError(Vma area, int errorCode, boolean write) {
    if (write) {
      return !area.has(VmFlags.WRITE);
    }
    return (errorCode & PageFaultCode.PRESENT) != 0 || !area.isAccessible();
  }
}
