package org.memarium.mm.space;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code struct mm_struct}: one address space.
 *
 * <p>Calls return what Linux's system calls return: an address or 0, or a negative errno ({@link
 * org.memarium.mm.Errno}). The work is done next door, one class for each call; the state is here.
 */
public final class MmStruct {
  /** {@code vm.max_map_count}, unless set otherwise. */
  public static final int MAX_MAP_COUNT = 65_530;

  private final MemoryManager memory;
  private final Layout layout;
  private final RLimits limits;
  private final int number;

  /** {@code get_mem_cgroup_from_mm}: the group that pays for its pages. */
  private final int group;

  private final VmaTree tree = new VmaTree();

  final UserPages pages;
  final AreaSet areas = new AreaSet(this, tree);
  final VmaMerge merge = new VmaMerge(this, tree);
  final Munmap munmap = new Munmap(this, tree);
  final Brk heap = new Brk(this, tree);
  private final Mmap mmap = new Mmap(this, tree);
  private final Mprotect mprotect = new Mprotect(this, tree);
  private final Mremap mremap = new Mremap(this, tree);
  final Mlock mlock = new Mlock(this, tree);
  private final Mincore mincore = new Mincore(this, tree);
  private final Msync msync = new Msync(this, tree);
  private final RemapFilePages remapFilePages = new RemapFilePages(this, tree);
  private final Mseal mseal = new Mseal(this, tree);
  private final StackArea stack = new StackArea(this, tree);
  final UnmappedArea unmappedArea;
  private final Madvise madvise;

  /** {@code def_flags}: what every new area gets; a forked process begins without. */
  private int defaultFlags;

  private Placement placement;
  private boolean readImpliesExec;
  private boolean privileged;

  /** {@code mm_users}: the threads, and the processes of vfork, that run in it. */
  private int users = 1;

  private boolean exited;

  /** {@code MMF_UNSTABLE} and {@code MMF_OOM_SKIP}: its memory was taken before its end. */
  private boolean oomSkip;

  /** Its object of the cache {@code mm_struct}. */
  private final long slot;

  private final ProgramParts parts = new ProgramParts();

  /** {@code membarrier_state}: commands of membarrier(2) that were registered. */
  private int membarriers;

  private final ContextLdt ldt;
  final VmAccounting accounting;

  private MmStruct(
      MemoryManager memory, PageTables tables, Layout layout, RLimits limits, long slot) {
    this.memory = memory;
    this.slot = slot;
    this.layout = layout;
    this.placement = layout.placement(false);
    this.limits = limits;
    this.accounting = new VmAccounting(limits);
    this.pages = new UserPages(memory, tables);
    this.madvise = new Madvise(this, tree);
    this.number = memory.enlist(this);
    this.group = memory.allocator().groups().current();
    this.unmappedArea = new UnmappedArea(this, tree);
    this.ldt = new ContextLdt(memory.allocator());
  }

  /**
   * {@code mm_alloc}: an empty address space.
   *
   * @param limits the limits of the process that it is for; what is set there later counts
   * @return null if there is no memory for it or its page table
   */
  public static @Nullable MmStruct allocate(MemoryManager memory, Layout layout, RLimits limits) {
    long slot = memory.descriptors.mmStruct.alloc(Gfp.GFP_KERNEL);
    if (slot == 0) {
      return null;
    }
    PageTables tables = PageTables.allocate(memory.kernelPageTable(), memory.allocator());
    if (tables == null) {
      memory.descriptors.mmStruct.free(slot);
      return null;
    }
    return new MmStruct(memory, tables, layout, limits, slot);
  }

  /**
   * {@code dup_mm}: the address space of a forked process, as {@link DupMmap} describes it.
   *
   * @param childLimits the limits of that process
   * @return null if there is no memory for all of it; nothing is left of it then, but pages of this
   *     one may be read-only until they are written to
   */
  public @Nullable MmStruct fork(RLimits childLimits) {
    MmStruct child = allocate(memory, layout, childLimits);
    if (child == null) {
      return null;
    }
    child.copyFields(this);
    if (!child.ldt.copyFrom(ldt) || !new DupMmap(this, child).run()) {
      child.exit();
      return null;
    }
    child.rss().resetPeak();
    return child;
  }

  private void copyFields(MmStruct parent) {
    readImpliesExec = parent.readImpliesExec;
    privileged = parent.privileged;
    unmappedArea.copyFrom(parent.unmappedArea);
    parts.copyFrom(parent.parts);
    heap.copyFrom(parent.heap);
    membarriers = parent.membarriers;
    accounting.copyFrom(parent.accounting);
  }

  /** {@code mmget}: one more thread, or process of vfork, runs in it. */
  public MmStruct get() {
    if (users == 0) {
      throw new IllegalStateException("address space " + number + " has ended");
    }
    users++;
    return this;
  }

  /** {@code mmput}: one less does; with the last one it ends. */
  public void put() {
    if (users == 1) {
      exit();
    } else {
      users--;
    }
  }

  /** {@code mm_users}: how many run in it. */
  public int users() {
    return users;
  }

  // ---- Set-up by execve ----

  /** {@code switch_mm}: loads CR3 with its page table. */
  public void activate() {
    memory.addressSpaceIds.load(number, pages.tables().pgd(), pages.tlb().generation());
  }

  /** Whether CR3 holds its page table. */
  public boolean isActive() {
    return pages.tlb().isCurrent();
  }

  /** {@code context.ldt}: the segments that the program made. */
  public ContextLdt ldt() {
    return ldt;
  }

  /** {@code membarrier}: registers a command, for good. */
  public void registerMembarrier(int command) {
    membarriers |= command;
  }

  /** Whether a command of {@code membarrier} was registered. */
  public boolean hasMembarrier(int command) {
    return (membarriers & command) != 0;
  }

  /** Where mappings go. */
  public UnmappedArea unmappedArea() {
    return unmappedArea;
  }

  /** Its stack. */
  public StackArea stack() {
    return stack;
  }

  /** {@code READ_IMPLIES_EXEC}: what {@code PROT_READ} asks for may be executed too. */
  public void setReadImpliesExec(boolean on) {
    readImpliesExec = on;
  }

  /** {@code ADDR_LIMIT_3GB}: whether what is asked next is asked in an address space of 3 GiB. */
  public void setIn3Gib(boolean on) {
    if (placement.taskSize() != layout.taskSize(on)) {
      placement = layout.placement(on);
    }
  }

  /** What lies where, for the task that asked last. */
  public Placement placement() {
    return placement;
  }

  /** {@code TASK_SIZE} of the task that asked last. */
  long taskSize() {
    return placement.taskSize();
  }

  /**
   * Whether the program may do what takes {@code CAP_SYS_RAWIO} (mapping below {@code
   * mmap_min_addr}) and {@code CAP_IPC_LOCK} (locking beyond the limit).
   */
  public void setPrivileged(boolean on) {
    privileged = on;
  }

  /** Where the parts of its program lie. */
  public ProgramParts parts() {
    return parts;
  }

  /** Its heap: what lies below the break. */
  public Brk heap() {
    return heap;
  }

  // ---- System calls ----

  /**
   * {@code do_mmap}.
   *
   * @param bytes length, unsigned 32 bits
   * @param prot bits of {@code PROT_} in {@link MmapFlags}
   * @param mapFlags bits of {@code MAP_} in {@link MmapFlags}
   * @param file null exactly if MAP_ANONYMOUS is set
   * @param pageOffset where in the file, in pages
   * @return the address or a negative errno
   */
  public long mmap(
      long address,
      long bytes,
      int prot,
      int mapFlags,
      @Nullable MappedFile file,
      long pageOffset) {
    long result = mmap.mmap(address, bytes, prot, mapFlags, file, pageOffset);
    if (trace().isOn()) {
      String path = file == null ? "" : file.path();
      trace().emit(new TraceEvent.Mmap(address, bytes, prot, mapFlags, path, pageOffset, result));
    }
    return result;
  }

  /** {@code munmap}: 0 or a negative errno. */
  public long munmap(long address, long bytes) {
    long result = munmap.munmap(address, bytes);
    if (trace().isOn()) {
      trace().emit(new TraceEvent.Munmap(address, bytes, result));
    }
    return result;
  }

  /** {@code mprotect}: 0 or a negative errno. */
  public long mprotect(long address, long bytes, int prot) {
    long result = mprotect.mprotect(address, bytes, prot);
    if (trace().isOn()) {
      trace().emit(new TraceEvent.Mprotect(address, bytes, prot, result));
    }
    return result;
  }

  /** {@code brk}: the break that holds now; never an error. */
  public long brk(long newBrk) {
    long result = heap.brk(newBrk);
    if (trace().isOn()) {
      trace().emit(new TraceEvent.Brk(newBrk, result));
    }
    return result;
  }

  /** {@code mremap}: the address or a negative errno. */
  public long mremap(long address, long oldBytes, long newBytes, int flags, long newAddress) {
    return mremap.mremap(address, oldBytes, newBytes, flags, newAddress);
  }

  /** {@code mseal}: 0 or a negative errno. */
  public long mseal(long address, long bytes, int flags) {
    return mseal.mseal(address, bytes, flags);
  }

  /** {@code madvise}, of a caller who may do everything with files. */
  public long madvise(long address, long bytes, int advice) {
    return madvise(address, bytes, advice, FileAccess.ALL);
  }

  /**
   * {@code madvise}: 0 or a negative errno.
   *
   * @param files whose files the caller may change
   */
  public long madvise(long address, long bytes, int advice, FileAccess files) {
    return madvise.madvise(address, bytes, advice, files);
  }

  /**
   * {@code process_madvise_remote_valid}: whether the advice is one that a process may give
   * another.
   */
  public static boolean isAdviceForOthers(int advice) {
    return Madvise.isHarmless(advice);
  }

  /**
   * {@code do_mincore}: tells of {@code pages} pages, or of fewer up to the end of their area.
   *
   * @param to gets a byte for each page: 1 if it is in memory
   * @param files whose files the caller may change; nothing is told of others
   * @return how many bytes were written, or -ENOMEM if there is no area at {@code address}
   */
  public long mincore(long address, byte[] to, int pages, FileAccess files) {
    return mincore.mincore(address, to, pages, files);
  }

  /** {@code msync}: 0 or a negative errno. */
  public long msync(long address, long bytes, int flags) {
    return msync.msync(address, bytes, flags);
  }

  /** {@code remap_file_pages}: 0 or a negative errno. */
  public long remapFilePages(long address, long bytes, int prot, long pageOffset, int mapFlags) {
    return remapFilePages.remap(address, bytes, prot, pageOffset, mapFlags);
  }

  /** {@code mlock} and its kin. */
  public Mlock mlock() {
    return mlock;
  }

  /**
   * {@code hstate_sizelog}: the size of the huge pages that a call names.
   *
   * @param sizeLog its binary logarithm, 0 for the default
   * @return bytes, or 0 if there are no such pages
   */
  public long hugePageBytes(int sizeLog) {
    return Layout.hugePageBytes(sizeLog, pages.tables().format().shift(2));
  }

  /**
   * {@code anon_vma_prepare}: before the area gets its first anonymous page.
   *
   * @return false if there is no memory for what it needs
   */
  public boolean prepareAnonVma(Vma area) {
    return area.anonVma != null || merge.prepareAnonVma(area);
  }

  /**
   * {@code access_remote_vm}, for reading what is there: it need not be the address space that the
   * processor uses, and no page is brought in.
   *
   * @param to is filled from its beginning
   * @return how many bytes were read, less than asked for where the next page is not there
   */
  public int accessRemote(long linearAddress, byte[] to) {
    int done = 0;
    while (done < to.length) {
      long at = linearAddress + done;
      long pte = pages.tables().pte(at);
      if (!Pte.isPresent(pte)) {
        return done;
      }
      int offset = (int) (at & (Ram.PAGE_SIZE - 1));
      int bytes = Math.min(to.length - done, Ram.PAGE_SIZE - offset);
      memory
          .allocator()
          .ram()
          .read(((long) Pte.pfn(pte) << Ram.PAGE_SHIFT) + offset, to, done, bytes);
      done += bytes;
    }
    return done;
  }

  /**
   * {@code exit_mmap}: lets go of every area, page and page table. If the processor uses them, it
   * gets the kernel's own page table.
   *
   * @throws IllegalStateException the second time, or if more than one {@linkplain #users uses} it
   */
  public void exit() {
    if (exited || users != 1) {
      throw new IllegalStateException(
          "address space %d, which %d use, cannot end".formatted(number, users));
    }
    exited = true;
    oomSkip = true;
    users = 0;
    if (pages.tlb().isCurrent()) {
      memory.addressSpaceIds.leave();
      memory.mmu().loadCr3(memory.kernelPageTable().pgd());
    }
    munmap.unmapAll();
    pages.tables().free();
    ldt.free();
    memory.delist(this);
    memory.descriptors.mmStruct.free(slot);
  }

  /** The memory group that pays for its pages: that of the task that it was made for. */
  public int group() {
    return group;
  }

  /**
   * {@code __oom_reap_task_mm}: gives back the private memory of processes that are about to end,
   * before they do. Areas and page tables stay, and no page comes in any more. It must not be the
   * address space that somebody is working at.
   */
  public void oomReap() {
    oomSkip = true;
    for (Vma area = tree.first(); area != null; area = area.next) {
      if (area.mapping() == null || !area.has(VmFlags.SHARED)) {
        zap(area, area.start, area.end);
      }
    }
  }

  /** {@code MMF_OOM_SKIP}: the end of its processes would give nothing back any more. */
  public boolean isOomSkipped() {
    return oomSkip;
  }

  // ---- For the classes next door ----

  /** What it shares with all others of the machine. */
  public MemoryManager memory() {
    return memory;
  }

  Trace trace() {
    return memory.trace();
  }

  /** The areas, for the audit. */
  VmaTree tree() {
    return tree;
  }

  /** A number of its own in this machine, from 1. */
  int number() {
    return number;
  }

  int maxMapCount() {
    return memory.maxMapCount();
  }

  long mmapMinAddress() {
    return memory.mmapMinAddress();
  }

  /** {@code def_flags}: flags that every new area gets ({@code mlockall(MCL_FUTURE)}). */
  int defaultFlags() {
    return defaultFlags | pages.softDirtyFlag();
  }

  void setDefaultFlags(int flags) {
    defaultFlags = flags;
  }

  boolean readImpliesExec() {
    return readImpliesExec;
  }

  boolean isPrivileged() {
    return privileged;
  }

  static long pageAlign(long value) {
    return (value + Ram.PAGE_SIZE - 1) & -(long) Ram.PAGE_SIZE;
  }

  /** {@code zap_page_range_single}: takes pages of an area out, and leaves the area and guards. */
  void zap(Vma area, long start, long end) {
    rss().notePeak();
    pages.zap.zap(area, start, end, false);
    pages.tlb().finish();
  }

  /** Whether its entries and areas tell what was written to since {@code clear_refs}. */
  public boolean tracksSoftDirty() {
    return pages.softDirtyFlag() != 0;
  }

  // ---- Looking ----

  /** The lowest area, or null; the others by {@link Vma#next}. */
  public @Nullable Vma firstArea() {
    return tree.first();
  }

  /** {@code find_vma}: the lowest area that ends above {@code linearAddress}, or null. */
  public @Nullable Vma findVma(long linearAddress) {
    return tree.find(linearAddress);
  }

  /** {@code map_count}: how many areas there are. */
  public int areas() {
    return tree.size();
  }

  /** Its pages and page tables. */
  public UserPages pages() {
    return pages;
  }

  /** The limits that apply to it. */
  public RLimits limits() {
    return limits;
  }

  /** The rules of its layout. */
  public Layout layout() {
    return layout;
  }

  // ---- Counters ----

  /** How large it is, in pages by kind. */
  public VmAccounting accounting() {
    return accounting;
  }

  /** How many of its pages are there, by kind. */
  public RssStat rss() {
    return pages.rss;
  }

  /** {@code mm_pgtables_bytes} ({@code VmPTE}): bytes of page tables, the top one aside. */
  public long pageTableBytes() {
    return (long) pages.tables().tablePages() << Ram.PAGE_SHIFT;
  }
}
