package org.memarium.mm.space;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.FileMapper;
import org.memarium.mm.file.FileMapping;

/**
 * {@code struct vm_area_struct}: one area of an address space, whose pages have the same rights and
 * the same source.
 *
 * <p>Only {@link MmStruct} changes areas. Bounds are linear addresses, page-aligned, the end
 * exclusive; areas of one address space are disjoint.
 */
public final class Vma implements FileMapper {
  /** {@code stack_guard_gap}: pages kept free below an area that grows down. */
  public static final int STACK_GUARD_PAGES = 256;

  /** {@code vm_mm}. */
  final MmStruct mm;

  long start;
  long end;
  int flags;

  /**
   * {@code vm_pgoff}: of a file, the page that lies at start; of anonymous memory, start / 4096.
   */
  long pageOffset;

  @Nullable MappedFile file;

  /** The page cache that pages come from: of the file, or of shared anonymous memory. */
  @Nullable AddressSpace mapping;

  @Nullable AnonVma anonVma;

  /** {@code anon_vma_chain}: the trees of anon_vmas that it is in, oldest first. */
  final List<AnonVmaChain> anonVmaChain = new ArrayList<>(0);

  /** {@code shared.rb}: its place in {@code i_mmap} of the file. */
  private @Nullable FileMapping fileMapping;

  /** {@code swap_readahead_info}. */
  private long swapReadahead;

  // ---- The tree: owned by VmaTree ----
  @Nullable Vma previous;
  @Nullable Vma next;

  /** Where it hangs; null as long as it is in no tree. */
  @Nullable VmaLeaf leaf;

  /** Its object of the cache {@code vm_area_struct}; owned by {@link MmStruct}. */
  long slot;

  Vma(MmStruct mm, long start, long end, int flags, long pageOffset) {
    this.mm = mm;
    this.start = start;
    this.end = end;
    this.flags = flags;
    this.pageOffset = pageOffset;
  }

  /** {@code vm_mm}: the address space that it is part of. */
  public MmStruct mm() {
    return mm;
  }

  /** {@code vm_start}: the first address. */
  public long start() {
    return start;
  }

  /** {@code vm_end}: the first address behind. */
  public long end() {
    return end;
  }

  /** Its size. */
  public long pages() {
    return (end - start) >>> Ram.PAGE_SHIFT;
  }

  /** Bits of {@link VmFlags}. */
  public int flags() {
    return flags;
  }

  /** Whether all of {@code flags} are set. */
  public boolean has(int wanted) {
    return (flags & wanted) == wanted;
  }

  /**
   * {@code vm_pgoff}, in pages: where in the file the area begins; of private anonymous memory its
   * address when it was made. Maps prints {@code pageOffset() * 4096} for areas with a file only.
   */
  public long pageOffset() {
    return pageOffset;
  }

  /** The file that was mapped, or null. */
  public @Nullable MappedFile file() {
    return file;
  }

  /** {@code vm_file}: whether it maps a file, and not what the kernel itself gives. */
  boolean hasFile() {
    return file != null && !file.isSpecialMapping();
  }

  /**
   * The page cache that pages come from: of the file, or of the nameless one behind shared
   * anonymous memory; null where the area is private anonymous memory.
   */
  public @Nullable AddressSpace mapping() {
    return mapping;
  }

  /** What connects its anonymous pages; null until there is one. */
  public @Nullable AnonVma anonVma() {
    return anonVma;
  }

  /** {@code vma_is_anonymous}: pages are demand-zero and private. */
  public boolean isAnonymous() {
    return mapping == null;
  }

  /** {@code hstate_vma}, and the file; asked only of an area with {@link VmFlags#HUGETLB}. */
  public HugetlbPages hugePages() {
    HugetlbPages huge = file == null ? null : file.hugePages();
    if (huge == null) {
      throw new IllegalStateException("no file of huge pages in " + this);
    }
    return huge;
  }

  /** {@code vm_ops->may_split}: not in the midst of a huge page. */
  boolean maySplit(long at) {
    return !has(VmFlags.HUGETLB) || hugePages().isAligned(at);
  }

  /** {@code vma_is_accessible}: not PROT_NONE. */
  public boolean isAccessible() {
    return (flags & VmFlags.ACCESS) != 0;
  }

  /** Whether {@code linearAddress} lies inside. */
  public boolean contains(long linearAddress) {
    return linearAddress >= start && linearAddress < end;
  }

  /** {@code linear_page_index}: the page of the file, or of anonymous memory, at an address. */
  public long pageIndex(long linearAddress) {
    return ((linearAddress - start) >>> Ram.PAGE_SHIFT) + pageOffset;
  }

  /** The last page of the file, or of anonymous memory, in the area. */
  long lastPageIndex() {
    return pageOffset + pages() - 1;
  }

  /**
   * {@code vma_address}: where the area has a page of its file, or of anonymous memory.
   *
   * @return the linear address, or -1 if it has not
   */
  public long addressOfPage(long index) {
    return index >= pageOffset && index <= lastPageIndex() ? addressOf(index) : -1;
  }

  /** {@code vma_link_file}: the file knows from now on that the area maps it. */
  void linkFile() {
    if (mapping != null) {
      if (fileMapping == null) {
        fileMapping = new FileMapping(this);
      }
      mapping.mappings().add(fileMapping, pageOffset, lastPageIndex());
    }
  }

  /** {@code unlink_file_vma}. */
  void unlinkFile() {
    if (mapping != null && fileMapping != null) {
      mapping.mappings().remove(fileMapping);
    }
  }

  /** For the audit: whether {@code i_mmap} has the area with its bounds. */
  boolean isLinkedToFile() {
    return mapping == null
        || (fileMapping != null
            && fileMapping.isInTree()
            && fileMapping.first() == pageOffset
            && fileMapping.last() == lastPageIndex());
  }

  /** {@code vm_start_gap}: where the area begins if its guard gap is counted in. */
  long startGap() {
    if ((flags & VmFlags.GROWSDOWN) == 0) {
      return start;
    }
    return Math.max(0, start - (long) STACK_GUARD_PAGES * Ram.PAGE_SIZE);
  }

  /** The next area upwards, or null; stays right only while the address space does not change. */
  public @Nullable Vma next() {
    return next;
  }

  /** The next area downwards, or null. */
  public @Nullable Vma previous() {
    return previous;
  }

  /** Rights as maps prints them: {@code rw-p}. */
  public String rights() {
    return (has(VmFlags.READ) ? "r" : "-")
        + (has(VmFlags.WRITE) ? "w" : "-")
        + (has(VmFlags.EXEC) ? "x" : "-")
        + (has(VmFlags.MAYSHARE) ? "s" : "p");
  }

  // ---- What the page cache asks ----

  @Override
  public void unmapPages(long firstIndex, long endIndex) {
    long first = Math.max(firstIndex, pageOffset);
    long last = Math.min(endIndex, pageOffset + pages());
    if (first < last) {
      mm.zap(this, addressOf(first), addressOf(last));
    }
  }

  @Override
  public void unmapPage(long index, int pfn) {
    boolean inside = index >= pageOffset && index < pageOffset + pages();
    if (inside && mm.pages.maps(addressOf(index), pfn)) {
      unmapPages(index, index + 1);
    }
  }

  @Override
  public boolean mayWriteToFile() {
    return has(VmFlags.SHARED) && (has(VmFlags.MAYWRITE) || !mm.layout().mapsSealedFiles());
  }

  @Override
  public boolean cleanPage(long index) {
    // A private area has the page read-only, or a copy of its own.
    return index >= pageOffset
        && index < pageOffset + pages()
        && has(VmFlags.SHARED)
        && mm.pages.clean(addressOf(index));
  }

  private long addressOf(long index) {
    return start + ((index - pageOffset) << Ram.PAGE_SHIFT);
  }

  @Override
  public String toString() {
    return "%08x-%08x %s %08x".formatted(start, end, rights(), pageOffset << Ram.PAGE_SHIFT);
  }

  /** {@code swap_readahead_info}: the last window of readahead from swap; 0 for none yet. */
  public long swapReadahead() {
    return swapReadahead;
  }

  /** Sets {@link #swapReadahead}. */
  public void setSwapReadahead(long info) {
    swapReadahead = info;
  }
}
