package org.memarium.mm.vmalloc;

import org.memarium.mm.Audit;
import org.memarium.mm.pagetable.KernelMapper;

/**
 * {@code kmap}: kernel addresses for frames of high memory (Linux 6.1 {@code mm/highmem.c}). One a
 * machine. For frames of low memory every function gives the address in the direct map.
 */
public final class Kmap {
  private final KernelMapper mapper;

  /** Nothing mapped yet. */
  public Kmap(KernelMapper mapper) {
    this.mapper = mapper;
  }

  /** {@code kmap}: the address of a frame until {@link #kunmap}. */
  public long kmap(int pfn) {
    return mapper.allocator().pageAddress(pfn);
  }

  /** {@code kunmap}. */
  public void kunmap(int pfn) {
    if (pfn >= mapper.allocator().memblock().maxLowPfn()) {
      throw new UnsupportedOperationException("kmap is not built yet: frame " + pfn);
    }
  }

  /**
   * {@code kmap_local_page}: the address of a frame until {@link #kunmapLocal}; last in, first out.
   */
  public long kmapLocalPage(int pfn) {
    return mapper.allocator().pageAddress(pfn);
  }

  /** {@code kunmap_local}. */
  public void kunmapLocal(long address) {
    if (address >= mapper.layout().highMemory()) {
      throw new UnsupportedOperationException("kmap is not built yet: address " + address);
    }
  }

  /** {@code page_address}: where the kernel has a frame; 0 if it has none. */
  public long pageAddress(int pfn) {
    return mapper.allocator().pageAddress(pfn);
  }

  /** Recounts the mappings. */
  public void audit(Audit audit) {}
}
