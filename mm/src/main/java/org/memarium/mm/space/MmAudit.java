package org.memarium.mm.space;

import java.util.Map;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.pagetable.SwapEntry;
import org.memarium.mm.swap.SwapRecount;

/** The recount of one address space. */
final class MmAudit {
  private final MmStruct mm;
  private final MemMap memMap;
  private final Audit audit;
  private final String who;
  private final Map<Integer, Integer> mlocked;
  private final SwapRecount swapped;

  private long total;
  private long data;
  private long exec;
  private long stack;
  private long locked;
  private long rssFile;
  private long rssAnon;
  private long rssShmem;
  private long swapEntries;

  private MmAudit(MmStruct mm, Audit audit, Map<Integer, Integer> mlocked, SwapRecount swapped) {
    this.mlocked = mlocked;
    this.swapped = swapped;
    this.mm = mm;
    this.memMap = mm.memory().memMap();
    this.audit = audit;
    this.who = "address space " + mm.number();
  }

  /**
   * Recounts.
   *
   * @param mlocked by frame: how many entries of locked areas map it; those of this one are added
   * @param swapped who has which slot of swap; those of this one are added
   */
  static void audit(MmStruct mm, Audit audit, Map<Integer, Integer> mlocked, SwapRecount swapped) {
    new MmAudit(mm, audit, mlocked, swapped).run();
  }

  private void run() {
    try {
      mm.tree().audit();
    } catch (IllegalStateException broken) {
      audit.difference(who + ": " + broken.getMessage());
      return;
    }
    mm.pages.tables().audit(audit, who);
    PteCursor cursor = mm.pages.tables().cursor();
    long behind = 0;
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      countArea(area);
      outside(cursor, behind, area.start());
      inside(cursor, area);
      behind = area.end();
    }
    outside(cursor, behind, mm.layout().taskSize());
    audit.expectEqual("total_vm of " + who, mm.accounting.totalVm(), total);
    audit.expectEqual("data_vm of " + who, mm.accounting.dataVm(), data);
    audit.expectEqual("exec_vm of " + who, mm.accounting.execVm(), exec);
    audit.expectEqual("stack_vm of " + who, mm.accounting.stackVm(), stack);
    audit.expectEqual(
        "locked_vm of " + who, mm.accounting.lockedVm(), locked + mm.accounting.strayLocked());
    audit.expectEqual("file pages of " + who, mm.rss().file(), rssFile);
    audit.expectEqual("anonymous pages of " + who, mm.rss().anon(), rssAnon);
    audit.expectEqual("shared memory pages of " + who, mm.rss().shmem(), rssShmem);
    audit.expectEqual("swap entries of " + who, mm.rss().swapEntries(), swapEntries);
  }

  private void countArea(Vma area) {
    int flags = area.flags();
    long pages = area.pages();
    total += pages;
    if (VmFlags.isExec(flags)) {
      exec += pages;
    } else if (VmFlags.isStack(flags)) {
      stack += pages;
    } else if (VmFlags.isData(flags)) {
      data += pages;
    }
    locked += area.has(VmFlags.LOCKED) ? pages : 0;
    if (((area.start() | area.end()) & (Ram.PAGE_SIZE - 1)) != 0
        || area.end() > mm.layout().taskSize()) {
      audit.difference(who + " has an impossible area: " + area);
    }
  }

  private void outside(PteCursor cursor, long from, long to) {
    cursor.reset(from, to);
    while (cursor.next()) {
      audit.difference(
          "%s has an entry 0x%x for 0x%x, where no area is"
              .formatted(who, cursor.pte(), cursor.linearAddress()));
    }
  }

  private void inside(PteCursor cursor, Vma area) {
    cursor.reset(area.start(), area.end());
    while (cursor.next()) {
      long pte = cursor.pte();
      if (SwapEntry.isGuard(mm.pages.tables().format(), pte)) {
        if (area.anonVma() == null && !area.has(VmFlags.MAYBE_GUARD)) {
          audit.difference(
              "%s: a guard at 0x%x that fork would lose".formatted(who, cursor.linearAddress()));
        }
      } else if (SwapEntry.isSwapped(mm.pages.tables().format(), pte)) {
        swapEntries++;
        swapped.add(pte);
        if (area.anonVma() == null) {
          audit.difference(
              "%s: a page at 0x%x was swapped out of the area %s, which had none"
                  .formatted(who, cursor.linearAddress(), area));
        }
      } else if (!Pte.isPresent(pte)) {
        if (!SwapEntry.isPoisoned(mm.pages.tables().format(), pte)) {
          audit.difference("%s has an entry 0x%x".formatted(who, pte));
        }
      } else {
        checkEntry(area, cursor.linearAddress(), pte);
      }
    }
  }

  private void checkEntry(Vma area, long linearAddress, long pte) {
    int pfn = Pte.pfn(pte);
    boolean anon = memMap.isPageAnon(pfn);
    if (Pte.isSpecial(pte)) {
      if (pfn != mm.memory().allocator().zeroPfn() || Pte.isWritable(pte)) {
        audit.difference(
            "%s: 0x%x is special, and no read-only zero page".formatted(who, linearAddress));
      }
      return;
    }
    if (Pte.isProtnone(pte) == area.isAccessible()
        || (Pte.isWritable(pte) && !Pte.isProtnone(pte) && !area.has(VmFlags.WRITE))) {
      audit.difference(
          "%s: 0x%x has the entry 0x%x in an area %s"
              .formatted(who, linearAddress, pte, area.rights()));
    }
    if (area.has(VmFlags.LOCKED)) {
      mlocked.merge(pfn, 1, Integer::sum);
    }
    boolean exclusive = memMap.testFlags(pfn, PageFlags.ANON_EXCLUSIVE);
    if (exclusive ? !anon || memMap.pageMapcount(pfn) != 1 : anon && Pte.isWritable(pte)) {
      audit.difference(
          "%s: 0x%x maps %s with 0x%x".formatted(who, linearAddress, memMap.describe(pfn), pte));
    }
    if (anon) {
      rssAnon++;
      if (area.anonVma() == null || memMap.index(pfn) != (int) area.pageIndex(linearAddress)) {
        audit.difference(
            "%s: anonymous page at 0x%x of area %s is %s"
                .formatted(who, linearAddress, area, memMap.describe(pfn)));
      }
      return;
    }
    if (memMap.testFlags(pfn, PageFlags.SWAP_BACKED)) {
      rssShmem++;
    } else {
      rssFile++;
    }
    var mapping = area.mapping();
    if (mapping == null
        || mapping.findPage(area.pageIndex(linearAddress)) != pfn
        || (Pte.isWritable(pte) && !area.has(VmFlags.SHARED))) {
      audit.difference(
          "%s: 0x%x of area %s maps %s with 0x%x"
              .formatted(who, linearAddress, area, memMap.describe(pfn), pte));
    }
  }
}
