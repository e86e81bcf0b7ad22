package org.memarium.mm.rmap;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.PageTableFormat;
import org.memarium.mm.Audit;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.FileMapping;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.space.AnonVma;
import org.memarium.mm.space.AnonVmaChain;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.Vma;

/**
 * Reverse mapping: from a page to the page-table entries that map it (Linux {@code mm/rmap.c},
 * {@code mm/page_vma_mapped.c}).
 *
 * <pre>
 *   anonymous page   mapping -> anon_vma -> areas that cover index \   entry of the address in the
 *   page of a file   mapping -> i_mmap   -> areas that cover index /   area's page tables, if it is
 *                                                                      for this very frame
 * </pre>
 */
public final class Rmap {
  private final MemoryManager memory;
  private final MemMap memMap;
  private final PageTableFormat format;

  /** For the memory of a machine. */
  public Rmap(MemoryManager memory) {
    this.memory = memory;
    this.memMap = memory.memMap();
    this.format = memory.kernelPageTable().format();
  }

  /** Looks at an area that may map a page ({@code rmap_one}). */
  @FunctionalInterface
  public interface Visitor {
    /**
     * The page would be at this address of the area.
     *
     * @return whether to visit the next area too
     */
    boolean visit(Vma area, long linearAddress);
  }

  /** {@code rmap_walk}: visits every area that may map the page. */
  public void walk(int pfn, Visitor visitor) {
    long index = Integer.toUnsignedLong(memMap.index(pfn));
    if (memMap.isPageAnon(pfn)) {
      walkAnon(pfn, index, visitor);
    } else {
      walkFile(pfn, index, visitor);
    }
  }

  private void walkAnon(int pfn, long index, Visitor visitor) {
    AnonVma anonVma = memory.anonVmas().get(memMap.mapping(pfn));
    if (anonVma == null) {
      return;
    }
    AnonVmaChain at = anonVma.firstArea(index);
    while (at != null && visitor.visit(at.area(), at.area().addressOfPage(index))) {
      at = anonVma.nextArea(at, index);
    }
  }

  private void walkFile(int pfn, long index, Visitor visitor) {
    AddressSpace file = memory.pageCache().spaceOf(pfn);
    if (file == null) {
      return;
    }
    @Nullable FileMapping at = file.mappings().first(index, index);
    for (; at != null; at = file.mappings().next(at, index, index)) {
      if (at.mapper() instanceof Vma area && !visitor.visit(area, area.addressOfPage(index))) {
        return;
      }
    }
  }

  /** How many entries map a page: what {@code page_mapcount} should be. */
  public int countMappings(int pfn) {
    int[] count = new int[1];
    walk(
        pfn,
        (area, linearAddress) -> {
          long pte = area.mm().pages().tables().pte(linearAddress);
          count[0] += maps(pte, pfn) ? 1 : 0;
          return true;
        });
    return count[0];
  }

  /** Whether an entry maps a frame. */
  public static boolean maps(long pte, int pfn) {
    return Pte.isPresent(pte) && !Pte.isSpecial(pte) && Pte.pfn(pte) == pfn;
  }

  // ---- Migration ----

  /**
   * {@code try_to_migrate}: puts a migration entry in the place of every entry that maps the page,
   * which so loses the references and the map count of all of them.
   */
  public void tryToMigrate(int pfn) {
    walk(pfn, (area, linearAddress) -> tryToMigrateOne(pfn, area, linearAddress));
  }

  private boolean tryToMigrateOne(int pfn, Vma area, long linearAddress) {
    PageTables tables = area.mm().pages().tables();
    long pteAddress = tables.pteAddress(linearAddress);
    long pte = pteAddress < 0 ? 0 : tables.readPte(pteAddress);
    if (maps(pte, pfn)) {
      area.mm().pages().replaced().replaceByMigrationEntry(area, linearAddress, pteAddress, pte);
    }
    return true;
  }

  /**
   * {@code remove_migration_ptes}: maps a page again wherever a migration entry stands for it.
   *
   * @param oldPfn the frame that the entries name
   * @param newPfn where the page is now; the same one if it could not be moved
   */
  public void removeMigrationPtes(int oldPfn, int newPfn) {
    walk(
        newPfn,
        (area, linearAddress) -> {
          PageTables tables = area.mm().pages().tables();
          long pteAddress = tables.pteAddress(linearAddress);
          long pte = pteAddress < 0 ? 0 : tables.readPte(pteAddress);
          if (SwapEntry.isMigration(format, pte) && SwapEntry.migrationPfn(format, pte) == oldPfn) {
            area.mm().pages().replaced().restoreMigrationEntry(area, pteAddress, pte, newPfn);
          }
          return true;
        });
  }

  // ---- Audit ----

  /** Finds the mappings of every mapped page from its side, and compares with its map count. */
  public void audit(Audit audit) {
    for (int pfn = 0; pfn < memMap.frames(); pfn++) {
      int mapcount = memMap.pageMapcount(pfn);
      if (mapcount > 0) {
        int found = countMappings(pfn);
        if (found != mapcount) {
          audit.difference("rmap finds %d mappings of %s".formatted(found, memMap.describe(pfn)));
        }
      }
    }
  }
}
