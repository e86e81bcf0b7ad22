package org.memarium.mm.fault;

import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.FileRa;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.UserPages;
import org.memarium.mm.space.Vma;

/**
 * {@code do_fault_around}: with a page that is read, those around it are mapped that are there
 * (Linux {@code mm/memory.c}, {@code filemap_map_pages}).
 */
public final class FaultAround {
  /** {@code fault_around_bytes}: 64 KiB. */
  private static final int DEFAULT_PAGES = 16;

  /** Of a page that may be mapped: marked ones start readahead when they fault. */
  private static final int READY = PageFlags.UPTODATE | PageFlags.READAHEAD;

  private final PageAllocator allocator;
  private final MemMap memMap;
  private int pages = DEFAULT_PAGES;

  FaultAround(PageAllocator allocator) {
    this.allocator = allocator;
    this.memMap = allocator.memMap();
  }

  /**
   * Sets {@code fault_around_bytes}.
   *
   * @param window in pages, a power of two; 1 turns fault-around off
   */
  public void setPages(int window) {
    if (Integer.bitCount(window) != 1) {
      throw new IllegalArgumentException("fault-around must be a power of two, not " + window);
    }
    pages = window;
  }

  /** {@code should_fault_around}. */
  boolean isWanted(Vma area) {
    MappedFile file = area.file();
    return pages > 1 && (file == null || file.hasMapPages());
  }

  /**
   * Maps what lies in the page cache around a page, within the window, the area, the page table and
   * the file. A host's file counts as cached, so its pages come in, as long as none has to go for
   * them.
   *
   * @param pteAddress where the entry of the page at {@code address} stands
   * @param tableIsNew whether its table was made for this fault
   * @return whether anything was mapped
   */
  boolean map(
      MmStruct mm,
      Vma area,
      AddressSpace mapping,
      long address,
      long pteAddress,
      boolean tableIsNew) {
    PageTables tables = mm.pages().tables();
    long protection = UserPages.protection(area);
    int entryBytes = tables.format().entryBytes();
    int entries = tables.format().entries(1);
    int pteOffset = (int) (address >>> Ram.PAGE_SHIFT) & (entries - 1);
    long areaOffset = (address - area.start()) >>> Ram.PAGE_SHIFT;
    long first = Math.max(pteOffset & -pages, pteOffset - Math.min(pteOffset, areaOffset));
    long end = Math.min(Math.min(first + pages, entries), pteOffset + area.pages() - areaOffset);
    boolean readIn = !mapping.isCold() && mapping.store().isPersistent();
    long filePages = mapping.filePages();
    long firstIndex = area.pageIndex(address) + first - pteOffset;
    if (tableIsNew
        && !mm.layout().mapsLastPageAround()
        && !mapping.store().isShmem()
        && (readIn ? firstIndex : mapping.nextPage(firstIndex)) == filePages - 1) {
      return false;
    }
    int hits = 0;
    for (long offset = first; offset < end; offset++) {
      long at = pteAddress + (offset - pteOffset) * entryBytes;
      long index = area.pageIndex(address) + offset - pteOffset;
      if (index >= filePages || tables.readPte(at) != 0) {
        continue;
      }
      boolean read = readIn && allocator.hasSparePage(Gfp.GFP_HIGHUSER_MOVABLE);
      int frame = read ? mapping.readPage(index) : mapping.findPage(index);
      if (frame >= 0 && (memMap.flags(frame) & READY) == PageFlags.UPTODATE) {
        mm.pages().mapFile(area, at, Pte.of(frame, protection), frame);
        hits++;
      }
    }
    if (!readIn) {
      readahead(area, mapping).hit(hits);
    }
    return hits > 0;
  }

  /** {@code f_ra} of whoever maps the area. */
  static FileRa readahead(Vma area, AddressSpace mapping) {
    MappedFile file = area.file();
    return file == null ? mapping.readahead() : file.readahead();
  }
}
