package org.memarium.mm.fault;

import org.memarium.hardware.PageFaultCode;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.FileRa;
import org.memarium.mm.file.MmapAdvice;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PendingIo;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.HugetlbPages;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.UserPages;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code handle_mm_fault}: gives a page at the last moment (Linux {@code arch/x86/mm/fault.c},
 * {@code mm/memory.c}, {@code mm/filemap.c}). One a machine.
 *
 * <pre>
 *   area?  no: stack growth, or SIGSEGV          right?  no: SIGSEGV
 *   entry none      anonymous area    read: zero page             write: zeroed frame
 *                   file, private     read: cache, fault-around   write: copy of the cache's page
 *                   file, shared      read: cache, fault-around   write: the cache's page, dirty
 *   entry present   write, no R/W     own frame, or shared: R/W   else: copy
 * </pre>
 *
 * <p>The path allocates nothing on the Java heap. A frame that is looked up must not be reclaimed
 * before it is mapped, so page tables and copies are allocated first.
 */
@SuppressWarnings("EnumOrdinal") // counters by kind, never stored
public final class FaultHandler {
  private final MemoryManager memory;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Ram ram;
  private final VmStat vmStat;
  private final Trace trace;
  private final int zeroPfn;
  private final Swap swap;
  private final SwapIn swapIn;
  private final KernelFault kernelFault;
  private final FaultAround faultAround;
  private final Gup gup;

  /** {@code pte_mkdirty}: what a write sets in an entry. */
  private final long dirtyBits;

  private final long[] faultsByKind = new long[FaultKind.values().length];
  private long stackGrowths;

  // ---- struct vm_fault: the fault at hand ----
  private long pteAddress;
  private FaultResult result = FaultResult.MINOR;
  private FaultKind kind = FaultKind.SPURIOUS;
  private int pfn;
  private boolean major;

  /** {@code FAULT_FLAG_TRIED}: the fault waited for a page that was on its way. */
  private boolean retried;

  /** Whether there was no table for the page of a file. */
  private boolean tableIsNew;

  /** Whether neighbours of the page were mapped, which it may not be itself. */
  private boolean mappedAround;

  /** The fault handler of a machine; it also populates for MAP_POPULATE. */
  public FaultHandler(MemoryManager memory) {
    this.memory = memory;
    this.allocator = memory.allocator();
    this.memMap = allocator.memMap();
    this.ram = allocator.ram();
    this.vmStat = memory.vmStat();
    this.trace = memory.trace();
    this.zeroPfn = allocator.zeroPfn();
    this.swap = memory.swap();
    this.swapIn = new SwapIn(memory);
    this.dirtyBits = PageTableEntry.DIRTY | memory.softDirtyBit();
    this.kernelFault = new KernelFault(memory.kernelPageTable(), memory.mmu(), trace);
    this.faultAround = new FaultAround(allocator);
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
    major = false;
    retried = false;
    result = handle(mm, linearAddress, errorCode);
    countIo(mm);
    if (tried && result == FaultResult.MINOR) {
      result = FaultResult.MAJOR;
    }
    if (result.isHandled()) {
      faultsByKind[kind.ordinal()]++;
      memory.faultCounts().count(result == FaultResult.MAJOR);
      countInGroup(mm, result == FaultResult.MAJOR);
    }
    if (trace.isOn()) {
      boolean handled = result.isHandled();
      String word = handled ? kind.word() : result.word();
      trace.emit(new TraceEvent.PageFault(linearAddress, errorCode, word, handled ? pfn : -1));
    }
    return result;
  }

  /**
   * What the latest fault had to do with a device. One that waits lets go of the locks and is
   * handled again from the beginning, which counts as another.
   */
  private void countIo(MmStruct mm) {
    if (major) {
      vmStat.increment(VmStatItem.PGMAJFAULT);
    }
    if (retried && result != FaultResult.RETRY && mm.layout().countsEachTry()) {
      vmStat.increment(VmStatItem.PGFAULT);
    }
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
    if (result.isHandled()) {
      faultsByKind[kind.ordinal()]++;
      memory.faultCounts().count(result == FaultResult.MAJOR);
    }
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
    major = false;
    retried = false;
    pteAddress = mm.pages().tables().pteAddress(address);
    long pte = mm.pages().tables().readPte(pteAddress);
    int old = Pte.pfn(pte);
    result =
        mayReuse(mm, area, old)
            ? done(FaultKind.WRITE_PROTECTED, old)
            : copy(mm, area, address, pte, old, pte & memory.softDirtyBit());
    if (result.isHandled()) {
      faultsByKind[kind.ordinal()]++;
      memory.faultCounts().count(false);
    }
    return result;
  }

  /** {@code __handle_mm_fault}: the area is there, and the access is allowed. */
  private FaultResult handlePteFault(MmStruct mm, Vma area, long address, boolean write) {
    major = false;
    retried = false;
    if (mm.isOomSkipped() && !area.has(VmFlags.SHARED)) {
      // check_stable_address_space: what was there is lost, and nobody may see zeroes instead.
      return FaultResult.SIGBUS;
    }
    PageTables tables = mm.pages().tables();
    if (area.has(VmFlags.HUGETLB)) {
      return hugetlbFault(mm, area, address);
    }
    AddressSpace mapping = area.mapping();
    tableIsNew = mapping != null && tables.lowestLevel(address) > 1;
    pteAddress = tables.allocPte(address);
    if (pteAddress < 0) {
      return FaultResult.OOM;
    }
    long pte = tables.readPte(pteAddress);
    if (pte == 0) {
      if (mapping == null) {
        return doAnonymousPage(mm, area, address, write);
      }
      mappedAround = false;
      FaultResult outcome = doFault(mm, area, mapping, address, write);
      if (tableIsNew && !mappedAround && !outcome.isHandled()) {
        // prealloc_pte: where nothing was mapped, the table does not stay either.
        tables.freePteTable(address);
      }
      return outcome;
    }
    if (SwapEntry.isSwapped(tables.format(), pte)) {
      return doSwapPage(mm, area, address, pte, write);
    }
    if (Pte.isSwap(pte)) {
      // handle_pte_marker: nothing else stands in an entry while programs run.
      return SwapEntry.isPoisoned(tables.format(), pte)
          ? FaultResult.SIGBUS
          : FaultResult.SEGV_MAPERR;
    }
    if (write && !Pte.isWritable(pte)) {
      return doWpPage(mm, area, address, pte);
    }
    // ptep_set_access_flags: only a write sets the bits here, as on x86.
    if (write) {
      tables.writePte(pteAddress, Pte.mkYoung(pte) | dirtyBits);
    }
    return done(FaultKind.SPURIOUS, Pte.pfn(pte));
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

  /** {@code maybe_mkwrite(pte_mkdirty)}: an entry through which the area's page was written. */
  private long written(Vma area, long pte) {
    return pte | dirtyBits | (area.has(VmFlags.WRITE) ? PageTableEntry.WRITABLE : 0);
  }

  private FaultResult done(FaultKind ofKind, int inFrame) {
    kind = ofKind;
    pfn = inFrame;
    return major || retried ? FaultResult.MAJOR : FaultResult.MINOR;
  }

  // ---- Anonymous memory ----

  /** {@code do_anonymous_page}. */
  private FaultResult doAnonymousPage(MmStruct mm, Vma area, long address, boolean write) {
    long protection = UserPages.protection(area);
    if (!write) {
      mm.pages().tables().writePte(pteAddress, Pte.mkSpecial(Pte.of(zeroPfn, protection)));
      return done(FaultKind.ZERO_PAGE, zeroPfn);
    }
    if (!mm.prepareAnonVma(area)) {
      return FaultResult.OOM;
    }
    int fresh = allocCharged(mm, Gfp.GFP_HIGHUSER_MOVABLE | Gfp.ZERO);
    if (fresh < 0) {
      return FaultResult.OOM;
    }
    long pte = written(area, Pte.of(fresh, protection));
    mm.pages().mapNewAnon(area, pteAddress, pte, fresh, area.pageIndex(address));
    return done(FaultKind.ANONYMOUS, fresh);
  }

  // ---- Swap ----

  /** {@code do_swap_page}: the entry names a slot of swap. */
  private FaultResult doSwapPage(MmStruct mm, Vma area, long address, long entry, boolean write) {
    int frame = swapIn.find(mm, area, address, entry);
    major = swapIn.wasRead();
    retried = swapIn.wasWaitedFor();
    PageTables tables = mm.pages().tables();
    if (tables.readPte(pteAddress) != entry) {
      if (frame >= 0) {
        allocator.putPage(frame);
      }
      return done(FaultKind.SPURIOUS, frame);
    }
    if (frame < 0) {
      return failure(frame);
    }
    if (!memMap.isPageUptodate(frame)) {
      allocator.putPage(frame);
      return FaultResult.SIGBUS;
    }
    boolean wasExclusive = SwapEntry.isExclusive(tables.format(), entry);
    swap.free(entry);
    if (shouldTryToFreeSwap(area, frame, write)) {
      swap.tryToFree(frame);
    }
    long pte = Pte.of(frame, UserPages.protection(area));
    boolean exclusive = wasExclusive || memMap.pageCount(frame) == 1;
    if (exclusive && write) {
      pte = written(area, pte);
    }
    if (SwapEntry.isSoftDirty(tables.format(), entry)) {
      pte |= memory.softDirtyBit();
    }
    mm.pages()
        .replaced()
        .mapSwappedIn(area, pteAddress, pte, frame, area.pageIndex(address), exclusive);
    if (write && !exclusive) {
      return doWpPage(mm, area, address, pte);
    }
    return done(FaultKind.SWAP, frame);
  }

  /** {@code should_try_to_free_swap}: the slot is short, or the page will change anyway. */
  private boolean shouldTryToFreeSwap(Vma area, int frame, boolean write) {
    if (!swap.isCached(frame)) {
      return false;
    }
    if (swap.isFull(frame)
        || area.has(VmFlags.LOCKED)
        || memMap.testFlags(frame, PageFlags.MLOCKED)) {
      return true;
    }
    // The caller's reference, and that of the cache.
    return write && memMap.pageCount(frame) == 2;
  }

  /** {@code alloc_page_vma}, {@code mem_cgroup_charge}: a page that its memory group pays for. */
  private int allocCharged(MmStruct mm, int gfpFlags) {
    int fresh = allocator.allocPage(gfpFlags);
    if (fresh >= 0 && !allocator.groups().charge(fresh, mm.group(), Gfp.GFP_KERNEL)) {
      allocator.putPage(fresh);
      return -1;
    }
    return fresh;
  }

  // ---- Files ----

  /** {@code do_fault}: no entry yet, in an area with a page cache behind it. */
  private FaultResult doFault(
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
      mm.pages().mapFile(area, pteAddress, Pte.of(frame, protection), frame);
    }
    if (!major && faultAround.isWanted(area)) {
      // Around a page behind the end of the file, too: Linux looks around first.
      mappedAround = faultAround.map(mm, area, mapping, address, pteAddress, tableIsNew);
    }
    return frame < 0 ? failure(frame) : done(FaultKind.FILE, frame);
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
      mappedAround |= faultAround.map(mm, area, mapping, address, pteAddress, tableIsNew);
      long pte = tables.readPte(pteAddress);
      if (pte != 0) {
        return done(FaultKind.FILE, Pte.pfn(pte));
      }
    }
    int frame = getPage(area, mapping, index);
    if (frame < 0) {
      return failure(frame);
    }
    if (around && retried) {
      mappedAround |= faultAround.map(mm, area, mapping, address, pteAddress, tableIsNew);
    }
    if (tables.readPte(pteAddress) == 0) {
      mm.pages().mapFile(area, pteAddress, Pte.of(frame, protection), frame);
    }
    return done(FaultKind.FILE, frame);
  }

  /** {@code do_cow_fault}: a write to a private page that is not mapped: one copy, one fault. */
  private FaultResult doCowFault(MmStruct mm, Vma area, AddressSpace mapping, long index) {
    if (!mm.prepareAnonVma(area)) {
      return FaultResult.OOM;
    }
    int fresh = allocCharged(mm, Gfp.GFP_HIGHUSER_MOVABLE);
    if (fresh < 0) {
      return FaultResult.OOM;
    }
    int frame = getPage(area, mapping, index);
    if (frame < 0) {
      allocator.putPage(fresh);
      return failure(frame);
    }
    ram.copyFrame(frame, fresh);
    long pte = Pte.of(fresh, UserPages.protection(area));
    mm.pages().mapNewAnon(area, pteAddress, written(area, pte), fresh, index);
    return done(FaultKind.COPY_ON_WRITE, fresh);
  }

  /** {@code do_shared_fault}: a write to a shared page that is not mapped. */
  private FaultResult doSharedFault(MmStruct mm, Vma area, AddressSpace mapping, long index) {
    int frame = getPage(area, mapping, index);
    if (frame < 0) {
      return failure(frame);
    }
    mapping.setDirty(frame);
    long pte = Pte.of(frame, UserPages.protection(area));
    mm.pages().mapFile(area, pteAddress, written(area, pte), frame);
    return done(FaultKind.FILE, frame);
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
      major = swapped && mapping.wasRead();
      return frame;
    }
    boolean forwards = area.has(VmFlags.EXEC) && area.mm().layout().readsCodeForwards();
    long codeEnd = forwards ? area.pageIndex(area.end()) : 0;
    FileRa ra = FaultAround.readahead(area, mapping);
    int frame = mapping.faultPage(index, ra, advice(area), codeEnd);
    major = mapping.wasRead();
    retried = major || mapping.wasWaitedFor();
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

  private static FaultResult failure(int error) {
    if (error == PendingIo.RETRY) {
      return FaultResult.RETRY;
    }
    return error == -Errno.ENOMEM ? FaultResult.OOM : FaultResult.SIGBUS;
  }

  // ---- Copy-on-write ----

  /** {@code do_wp_page}: a write to a page that is there, and read-only. */
  private FaultResult doWpPage(MmStruct mm, Vma area, long address, long pte) {
    int old = Pte.pfn(pte);
    if (area.has(VmFlags.SHARED)) {
      AddressSpace mapping = area.mapping();
      if (mapping != null) {
        mapping.setDirty(old);
      }
      return reuse(mm, area, pte, old);
    }
    if (!Pte.isSpecial(pte) && mayReuse(mm, area, old)) {
      vmStat.increment(VmStatItem.PGREUSE);
      return reuse(mm, area, pte, old);
    }
    return copy(mm, area, address, pte, old, written(area, 0));
  }

  /**
   * Whether an anonymous page is the process's own: it was never shared, or whoever it was shared
   * with by fork has let go of it.
   */
  private boolean mayReuse(MmStruct mm, Vma area, int frame) {
    if (!memMap.isPageAnon(frame)) {
      return false;
    }
    if (memMap.testFlags(frame, PageFlags.ANON_EXCLUSIVE)) {
      return true;
    }
    // Who else can have it is the swap cache, which may let go.
    if (memMap.pageCount(frame) == 2 && swap.isCached(frame)) {
      swap.tryToFree(frame);
    }
    if (memMap.pageCount(frame) != 1) {
      return false;
    }
    mm.pages().moveAnonRmap(area, frame);
    return true;
  }

  /** {@code wp_page_reuse}. */
  private FaultResult reuse(MmStruct mm, Vma area, long pte, int frame) {
    mm.pages().tables().writePte(pteAddress, Pte.mkYoung(written(area, pte)));
    return done(FaultKind.WRITE_PROTECTED, frame);
  }

  /**
   * {@code wp_page_copy}.
   *
   * @param bits what the new entry has beside its protection
   */
  private FaultResult copy(MmStruct mm, Vma area, long address, long pte, int old, long bits) {
    if (!mm.prepareAnonVma(area)) {
      return FaultResult.OOM;
    }
    boolean zero = Pte.isSpecial(pte);
    int fresh =
        allocCharged(mm, zero ? Gfp.GFP_HIGHUSER_MOVABLE | Gfp.ZERO : Gfp.GFP_HIGHUSER_MOVABLE);
    if (fresh < 0) {
      return FaultResult.OOM;
    }
    if (mm.pages().tables().readPte(pteAddress) != pte) {
      // pte_same: the page was moved, to make room for the copy. The access will fault again.
      allocator.putPage(fresh);
      return done(FaultKind.SPURIOUS, Pte.pfn(mm.pages().tables().readPte(pteAddress)));
    }
    if (!zero) {
      ram.copyFrame(old, fresh);
    }
    UserPages pages = mm.pages();
    long copied = Pte.of(fresh, UserPages.protection(area));
    pages.mapNewAnon(area, pteAddress, copied | bits, fresh, area.pageIndex(address));
    pages.tlb().flushPage(address);
    pages.unmapped(area, pte);
    return done(FaultKind.COPY_ON_WRITE, fresh);
  }
}
