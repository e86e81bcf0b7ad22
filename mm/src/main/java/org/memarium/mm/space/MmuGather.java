package org.memarium.mm.space;

import org.memarium.hardware.Mmu;
import org.memarium.hardware.Ram;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code struct mmu_gather}, and {@code flush_tlb_mm_range}: what the TLB has to forget of an
 * address space, at once or gathered into one range; Linux {@code arch/x86/mm/tlb.c}.
 */
public final class MmuGather {
  /** {@code tlb_single_page_flush_ceiling}: for more pages than this all are flushed. */
  private static final int FLUSH_CEILING_PAGES = 33;

  private final MemoryManager memory;
  private final Mmu mmu;
  private final long pgd;

  // What has been taken out since the last flush.
  private long start = Long.MAX_VALUE;
  private long end;

  /** {@code tlb_gen}. */
  private long generation;

  MmuGather(MemoryManager memory, PageTables tables) {
    this.memory = memory;
    this.mmu = memory.mmu();
    this.pgd = tables.pgd();
  }

  /** {@code tlb_remove_tlb_entry}: an entry lost something; {@link #finish} follows. */
  void gather(long linearAddress) {
    gather(linearAddress, linearAddress + Ram.PAGE_SIZE);
  }

  /** The same of a range. */
  void gather(long from, long to) {
    start = Math.min(start, from);
    end = Math.max(end, to);
  }

  /** {@code tlb_finish_mmu}: flushes what was gathered. */
  void finish() {
    if (start < end) {
      flush(start, end);
    }
    start = Long.MAX_VALUE;
    end = 0;
  }

  /** {@code flush_tlb_mm}. */
  void flushAll() {
    flush(0, Long.MAX_VALUE);
  }

  /** Whether the processor uses these tables now. */
  boolean isCurrent() {
    return mmu.cr3() == pgd;
  }

  /** {@code flush_tlb_page}. */
  public void flushPage(long linearAddress) {
    flush(linearAddress, linearAddress + Ram.PAGE_SIZE);
  }

  /** {@code context.tlb_gen}: how many flushes there were. */
  long generation() {
    return generation;
  }

  /** {@code flush_tlb_mm_range}. */
  private void flush(long from, long to) {
    generation++;
    if (!isCurrent()) {
      return;
    }
    memory.addressSpaceIds.flushed(generation);
    long pages = (to - from) >>> Ram.PAGE_SHIFT;
    boolean all = pages > FLUSH_CEILING_PAGES;
    if (all) {
      mmu.reloadCr3();
    } else {
      for (long at = from; at < to; at += Ram.PAGE_SIZE) {
        mmu.invlpg(at);
      }
    }
    if (memory.trace().isOn()) {
      memory.trace().emit(new TraceEvent.TlbFlush("local mm shootdown", all ? -1 : pages));
    }
  }
}
