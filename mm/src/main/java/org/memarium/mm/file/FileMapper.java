package org.memarium.mm.file;

/**
 * One mapping of a file into an address space, as the page cache sees it: an entry of {@code
 * i_mmap}. The page cache calls it when pages must leave the page tables.
 */
public interface FileMapper {
  /**
   * {@code unmap_mapping_range}: removes every page table entry that maps a page of the file in
   * [firstIndex, endIndex), private copies of such pages too.
   */
  void unmapPages(long firstIndex, long endIndex);

  /**
   * {@code unmap_mapping_folio}: removes the page table entry of one page of the file, if it maps
   * the frame of the page cache; a private copy stays.
   */
  void unmapPage(long index, int pfn);

  /** {@code vma_is_shared_maywrite}: whether it may come that the file is written through it. */
  boolean mayWriteToFile();

  /**
   * {@code page_mkclean}: takes the right to write from a page, so that the next write is noticed.
   *
   * @return whether the processor had marked it dirty
   */
  boolean cleanPage(long index);
}
