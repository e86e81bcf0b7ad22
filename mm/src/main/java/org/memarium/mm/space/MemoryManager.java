package org.memarium.mm.space;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Mmu;
import org.memarium.mm.Audit;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.file.Shmem;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteBuffer;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.swap.GroupSwapCharge;
import org.memarium.mm.swap.ShmemSlots;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.swap.SwapRecount;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;

/**
 * What all address spaces of a machine share: frames, the kernel's page table, the MMU, the page
 * cache, the settings under {@code /proc/sys/vm}, and the count of committed memory.
 */
public final class MemoryManager {
  /** {@code vm.overcommit_memory}. */
  public enum Overcommit {
    /** 0, the default: only a request that exceeds all memory is refused. */
    GUESS(0),
    /** 1: nothing is refused. */
    ALWAYS(1),
    /** 2: no more than {@link CommittedMemory#limitPages} in all. */
    NEVER(2);

    private final int number;

    Overcommit(int number) {
      this.number = number;
    }

    /** The number in {@code /proc/sys/vm/overcommit_memory}. */
    public int number() {
      return number;
    }
  }

  /** Brings pages in before the program asks for them. */
  public interface Populator {
    /**
     * {@code __mm_populate}: faults in what lies in areas, for writing where that makes a private
     * copy; what is locked on fault only is left out.
     *
     * @param ignoreErrors whether to go on with the next area after an error
     * @return 0; or -EFAULT or -ENOMEM of the first error
     */
    long populate(MmStruct mm, long start, long end, boolean ignoreErrors);

    /**
     * {@code madvise_populate}: faults in every page as a read or a write of the program would.
     *
     * @return 0; -EINVAL where the area does not allow it, -EFAULT where the access would be a
     *     signal, -ENOMEM at a hole or without memory
     */
    long faultIn(MmStruct mm, long start, long end, boolean write);
  }

  /** Frees pages that a program has said it does not need. */
  @FunctionalInterface
  public interface PageOut {
    /**
     * {@code reclaim_pages}: frees isolated pages, each with a reference of the caller's; those
     * that cannot go are back on their lists afterwards.
     *
     * @param pages empty afterwards
     * @param ignoreReferences whether they go even if they were used
     */
    void reclaimPages(PageList pages, boolean ignoreReferences);
  }

  /** Levels of page tables with PAE. */
  private static final int THIRTY_TWO_BIT_LEVELS = 3;

  private static final long DEFAULT_MMAP_MIN_ADDRESS = 65_536;

  private final PageAllocator allocator;
  private final KernelPageTable kernelPageTable;
  private final Mmu mmu;
  private final PageCache pageCache;
  private final Swap swap;
  private final @Nullable GroupSwapCharge swapCharge;
  private final CommittedMemory committed;
  final DescriptorCaches descriptors;
  private final AnonVmas anonVmas;
  private final long softDirtyBit;
  private final List<MmStruct> addressSpaces = new ArrayList<>();

  /** Files of shared memory that live without an area. */
  private final Set<NamelessFile> heldFiles = new LinkedHashSet<>();

  final AddressSpaceIds addressSpaceIds;
  final CopyPageRange copyPageRange;

  /** For whoever goes through whole tables, and calls nobody who does so too. */
  final PteBuffer pteBuffer;

  private @Nullable Populator populator;
  private @Nullable PageOut pageOut;
  private long strayMlocks;
  private long mmapMinAddress = DEFAULT_MMAP_MIN_ADDRESS;
  private int maxMapCount = MmStruct.MAX_MAP_COUNT;
  private int addressSpacesMade;

  /** Those of the task that runs. */
  private FaultCounts faultCounts = new FaultCounts();

  /**
   * The memory manager of a machine that has booted.
   *
   * @param slab where descriptors of address spaces come from
   */
  public MemoryManager(
      PageAllocator allocator,
      KernelPageTable kernelPageTable,
      Mmu mmu,
      PageCache pageCache,
      SlabAllocator slab) {
    this.descriptors = new DescriptorCaches(slab.kernelCaches());
    this.anonVmas = new AnonVmas(descriptors.anonVma, descriptors.anonVmaChain);
    this.allocator = allocator;
    this.kernelPageTable = kernelPageTable;
    this.mmu = mmu;
    boolean longEntries = mmu.format().levels() > THIRTY_TWO_BIT_LEVELS;
    this.softDirtyBit = longEntries ? Pte.SOFT_DIRTY : 0;
    this.addressSpaceIds = new AddressSpaceIds(mmu);
    this.pteBuffer = new PteBuffer(kernelPageTable.format());
    this.pageCache = pageCache;
    this.swap = new Swap(allocator, slab, kernelPageTable.format());
    this.swapCharge = allocator.groups().areOn() ? new GroupSwapCharge(allocator.groups()) : null;
    if (swapCharge != null) {
      swap.setCharge(swapCharge);
    }
    this.copyPageRange = new CopyPageRange(allocator.memMap(), kernelPageTable.format(), swap);
    this.committed = new CommittedMemory(allocator, swap);
    pageCache.setCommitment(committed);
    pageCache.setShmemSwap(new ShmemSlots(swap, allocator));
  }

  // ---- What there is ----

  /** Where frames come from. */
  public PageAllocator allocator() {
    return allocator;
  }

  /** What is known of each frame. */
  public MemMap memMap() {
    return allocator.memMap();
  }

  /** The kernel's page table ({@code init_mm.pgd}). */
  public KernelPageTable kernelPageTable() {
    return kernelPageTable;
  }

  /** The processor's MMU. */
  public Mmu mmu() {
    return mmu;
  }

  /** The page cache. */
  public PageCache pageCache() {
    return pageCache;
  }

  /** Pages that are on a device for want of RAM. */
  public Swap swap() {
    return swap;
  }

  /** The counters. */
  public VmStat vmStat() {
    return allocator.vmStat();
  }

  /** The tracepoints. */
  public Trace trace() {
    return allocator.trace();
  }

  /** What connects anonymous pages with the areas that map them. */
  public AnonVmas anonVmas() {
    return anonVmas;
  }

  /** {@code mmlist}: all address spaces, oldest first. */
  public List<MmStruct> addressSpaces() {
    return List.copyOf(addressSpaces);
  }

  int enlist(MmStruct mm) {
    addressSpaces.add(mm);
    return ++addressSpacesMade;
  }

  void delist(MmStruct mm) {
    addressSpaces.remove(mm);
  }

  void holdFile(NamelessFile file) {
    heldFiles.add(file);
  }

  void releaseFile(NamelessFile file) {
    if (!heldFiles.remove(file)) {
      throw new IllegalStateException("nobody holds " + file.path());
    }
  }

  /** Names who brings pages in for MAP_POPULATE and MAP_LOCKED: the fault handler. */
  public void setPopulator(Populator populator) {
    this.populator = populator;
  }

  /** {@code mm_populate}: errors are ignored, as for {@code MAP_POPULATE}. */
  void populate(MmStruct mm, long start, long end) {
    if (populator != null) {
      var _ = populator.populate(mm, start, end, true);
    }
  }

  /** Names who frees pages for MADV_PAGEOUT: reclaim. */
  public void setPageOut(PageOut pageOut) {
    this.pageOut = pageOut;
  }

  /** Who frees pages. */
  PageOut pageOut() {
    return Objects.requireNonNull(pageOut, "no reclaim");
  }

  /** Who brings pages in. */
  Populator populator() {
    return Objects.requireNonNull(populator, "no fault handler");
  }

  /**
   * {@code CONFIG_MEM_SOFT_DIRTY}: the bit that a written page's entry gets, {@link
   * org.memarium.mm.pagetable.Pte#SOFT_DIRTY}; 0 where page tables are those of a 32-bit kernel.
   */
  public long softDirtyBit() {
    return softDirtyBit;
  }

  /** Sets CR4.PCIDE: a switch of address spaces need not flush the TLB. */
  public void usePcid() {
    addressSpaceIds.enable();
  }

  /** Says whose page faults come from now on: those of the task that runs. */
  public void setFaultCounts(FaultCounts counts) {
    faultCounts = counts;
  }

  /** Where page faults are counted now. */
  public FaultCounts faultCounts() {
    return faultCounts;
  }

  // ---- Settings ----

  /** {@code vm.mmap_min_addr}: below it only a privileged program may map. */
  public long mmapMinAddress() {
    return mmapMinAddress;
  }

  /** Sets {@code vm.mmap_min_addr}; default 65,536. */
  public void setMmapMinAddress(long address) {
    mmapMinAddress = address;
  }

  /** {@code vm.max_map_count}: how many areas an address space may have. */
  public int maxMapCount() {
    return maxMapCount;
  }

  /** Sets {@code vm.max_map_count}; default {@link MmStruct#MAX_MAP_COUNT}. */
  public void setMaxMapCount(int areas) {
    maxMapCount = areas;
  }

  /** {@code vm.overcommit_*}, and what programs were promised. */
  public CommittedMemory committedMemory() {
    return committed;
  }

  /** Whether MAP_NORESERVE counts. */
  boolean overcommitIsAllowed() {
    return committed.mode() != Overcommit.NEVER;
  }

  /** {@code MREMAP_DONTUNMAP} leaves so many pages locked that no locked area maps any more. */
  void addStrayMlocks(long pages) {
    strayMlocks += pages;
  }

  // ---- Audit ----

  /** Recounts the page cache, every address space, and what they committed. */
  public void audit(Audit audit) {
    pageCache.audit(audit);
    AnonVmas.Recount anonVmaRecount = anonVmas.beginRecount();
    Map<Integer, Integer> mlocked = new TreeMap<>();
    SwapRecount swapped = swap.beginRecount();
    pageCache.forEachShmemSlot(swapped::addSlot);
    for (MmStruct mm : addressSpaces) {
      MmAudit.audit(mm, audit, mlocked, swapped);
      LocalDescriptorTable ldt = mm.ldt().current();
      if (ldt != null) {
        ldt.audit(audit, "LDT of address space " + mm.number());
      }
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        anonVmaRecount.count(audit, area);
        if (!area.isLinkedToFile()) {
          audit.difference("the file of area %s does not know it".formatted(area));
        }
      }
    }
    audit.expectEqual("committed pages", committed.pages(), recountCommitted());
    anonVmas.audit(audit, anonVmaRecount);
    auditMlocked(audit, mlocked);
    auditObjects(audit);
    swap.audit(audit, swapped);
    if (swapCharge != null) {
      swapCharge.audit(audit);
    }
  }

  /**
   * No page counts more locked areas than map it, but for those that {@code MREMAP_DONTUNMAP} left
   * locked. It may count less: what comes back to its list begins anew, as on Linux.
   */
  private void auditMlocked(Audit audit, Map<Integer, Integer> mlocked) {
    long stray = 0;
    for (int pfn = 0; pfn < memMap().frames(); pfn++) {
      if (memMap().testFlags(pfn, PageFlags.MLOCKED)) {
        int counted = Math.max(1, allocator.lru().mlockCount(pfn));
        stray += Math.max(0, counted - mlocked.getOrDefault(pfn, 0));
      }
    }
    if (stray > strayMlocks) {
      audit.difference(
          "%d times a page is locked by an area that does not map it; mremap left %d"
              .formatted(stray, strayMlocks));
    }
  }

  /** Tells of the objects that descriptors hold, and nothing else takes from these caches. */
  private void auditObjects(Audit audit) {
    long areas = 0;
    Set<NamelessFile> files = new LinkedHashSet<>(heldFiles);
    for (MmStruct mm : addressSpaces) {
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        areas++;
        if (area.file() instanceof NamelessFile file) {
          files.add(file);
        }
      }
    }
    audit.expectObjects(descriptors.mmStruct, addressSpaces.size());
    audit.expectObjects(descriptors.vmAreaStruct, areas);
    long huge = files.stream().filter(file -> file instanceof HugetlbFile).count();
    audit.expectObjects(descriptors.shmemInode, files.size() - huge);
    audit.expectObjects(descriptors.hugetlbInode, huge);
    audit.expectObjects(descriptors.dentry, files.size());
    audit.expectObjects(descriptors.filp, files.size());
  }

  /** Committed pages as areas and shared memory have them. */
  public long recountCommitted() {
    long pages = 0;
    Set<NamelessFile> files = new LinkedHashSet<>(heldFiles);
    for (MmStruct mm : addressSpaces) {
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        pages += area.has(VmFlags.ACCOUNT) ? area.pages() : 0;
        if (area.file() instanceof NamelessFile file) {
          files.add(file);
        }
      }
    }
    for (NamelessFile file : files) {
      pages += file.chargedPages();
    }
    for (AddressSpace space : pageCache.spaces()) {
      Shmem file = space.store().isCommittedByPage() ? space.shmem() : null;
      pages += file == null ? 0 : file.allocatedPages();
    }
    return pages;
  }
}
