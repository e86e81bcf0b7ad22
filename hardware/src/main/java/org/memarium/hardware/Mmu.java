package org.memarium.hardware;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The memory-management unit: linear addresses in, RAM out.
 *
 * <p><b>The fast path.</b> In front of the {@link Tlb} stands a direct-mapped table, {@code fast*}:
 * for a linear page, a tag for reads, a tag for writes and the distance to physical memory. An
 * access of n bytes at {@code linear} hits when the page of its <em>last</em> byte equals the tag
 * found under the page of its <em>first</em>: one comparison rejects a miss, a missing right and a
 * page crossing alike. Everything else goes the slow way. An entry is there only while the TLB
 * holds the same translation, so hits and misses are exactly the TLB's.
 *
 * <p><b>User mode.</b> The methods without {@code supervisor} in their name act with user
 * privilege: the program's own accesses, and the kernel's on the program's behalf.
 *
 * <p><b>Faults.</b> A failed walk asks the {@link PageFaultHandler}; where that does not help, the
 * access throws {@link ProcessorException} and has changed nothing. A write that crosses a page is
 * translated on both sides before the first byte changes.
 *
 * <p>Linear addresses are unsigned; with 32-bit formats only the low 32 bits count.
 */
public final class Mmu {
  private static final int FAST_ENTRIES = 1024;
  private static final int FAST_MASK = FAST_ENTRIES - 1;
  private static final long PAGE_MASK = -(long) Ram.PAGE_SIZE;
  private static final int OFFSET_MASK = Ram.PAGE_SIZE - 1;

  /** No page has this tag: it is not a multiple of the page size. */
  private static final long NO_TAG = 1;

  /** An access needs two faults at most (absent, then read-only); far more is a broken handler. */
  private static final int MAX_ATTEMPTS = 64;

  private static final int READ = 0;
  private static final int WRITE = PageFaultCode.WRITE;
  private static final int FETCH = PageFaultCode.INSTRUCTION;
  private static final int USER = PageFaultCode.USER;

  private final Ram ram;
  private final PageTableFormat format;
  private final PageWalker walker;
  private final Tlb dataTlb;
  private final Tlb fetchTlb;
  private final long linearMask;

  private final long[] fastReadTag = new long[FAST_ENTRIES];
  private final long[] fastWriteTag = new long[FAST_ENTRIES];
  private final long[] fastDistance = new long[FAST_ENTRIES];

  private @Nullable PageFaultHandler faultHandler;
  private long cr3;

  /** Of CR3, bits 0 to 11, where CR4.PCIDE is set: whose translations count. */
  private int pcid;

  private int fetchGeneration;
  private boolean fastPath = true;
  private @Nullable PageAccessListener accessListener;

  /**
   * Of the last {@link #translateBoth}: physical addresses of the first byte and of the second
   * page.
   */
  private long firstPhysical;

  private long secondPhysical;

  private long dataHits;
  private long dataMisses;
  private long fetchHits;
  private long fetchMisses;
  private long walks;
  private long faults;
  private long flushesByCr3;
  private long flushesOfAll;
  private long invalidations;

  /**
   * An MMU with empty TLBs.
   *
   * @param ram where the tables and everything else live
   * @param format the shape of the tables
   * @param tlbEntries entries of the data TLB and of the instruction TLB; a power of two
   * @param tlbWays entries in a set; a power of two
   */
  public Mmu(Ram ram, PageTableFormat format, int tlbEntries, int tlbWays) {
    this.ram = ram;
    this.format = format;
    this.walker = new PageWalker(ram, format, true);
    this.dataTlb = new Tlb(tlbEntries, tlbWays);
    this.fetchTlb = new Tlb(tlbEntries, tlbWays);
    this.linearMask = format.linearBits() == 32 ? 0xffff_ffffL : -1L;
    clearFast();
  }

  /** Who resolves page faults. */
  public void setFaultHandler(PageFaultHandler handler) {
    faultHandler = handler;
  }

  /**
   * Turns the fast path off or on again; it is on at first. Nothing but speed may depend on it:
   * statistics, faults and memory are the same, and tests run both ways.
   */
  public void setFastPath(boolean on) {
    fastPath = on;
    clearFast();
  }

  /**
   * Tells somebody of every access from now on, which turns the fast path off: an order of
   * magnitude slower. For policies that must know the exact order of use.
   */
  public void setAccessListener(PageAccessListener listener) {
    accessListener = listener;
    setFastPath(false);
  }

  /** The RAM behind. */
  public Ram ram() {
    return ram;
  }

  /** The shape of the tables. */
  public PageTableFormat format() {
    return format;
  }

  // ---- Control registers and flushes ----

  /** Physical address of the top table in use. */
  public long cr3() {
    return cr3;
  }

  /** Loads CR3 with PCID 0, and drops all translations of it but global ones. */
  public void loadCr3(long topTable) {
    loadCr3(topTable, 0, false);
  }

  /**
   * Loads CR3 as a processor does whose CR4.PCIDE is set (SDM vol. 3A, 4.10.4.1).
   *
   * @param number the PCID, 0 to 4093
   * @param keep bit 63: translations of the PCID stay; otherwise all but global ones go
   */
  public void loadCr3(long topTable, int number, boolean keep) {
    cr3 = topTable;
    pcid = number;
    dataTlb.setSpace(number);
    fetchTlb.setSpace(number);
    if (!keep) {
      flushesByCr3++;
      dataTlb.flushSpace();
      fetchTlb.flushSpace();
    }
    clearFast();
    fetchGeneration++;
  }

  /** Loads CR3 with what it holds: drops the translations that count now, but for global ones. */
  public void reloadCr3() {
    loadCr3(cr3, pcid, false);
  }

  /** Drops all translations, global ones too (as a change of CR4.PGE does). */
  public void flushAll() {
    flushesOfAll++;
    flush();
  }

  /**
   * Drops the translation of one page, global or not; of a large page, all its pieces (SDM vol. 3A,
   * 4.10.4.1).
   */
  public void invlpg(long linearAddress) {
    invalidations++;
    drop((linearAddress & linearMask) >>> Ram.PAGE_SHIFT);
  }

  private void drop(long page) {
    if (dataTlb.remove(page)) {
      if (dataTlb.mayHoldLarge()) {
        clearFast();
      } else {
        dropFast(page);
      }
    }
    if (fetchTlb.remove(page)) {
      fetchGeneration++;
    }
  }

  private void flush() {
    dataTlb.flush(false);
    fetchTlb.flush(false);
    clearFast();
    fetchGeneration++;
  }

  private void clearFast() {
    Arrays.fill(fastReadTag, NO_TAG);
    Arrays.fill(fastWriteTag, NO_TAG);
  }

  private void dropFast(long page) {
    int slot = (int) page & FAST_MASK;
    if (fastReadTag[slot] >>> Ram.PAGE_SHIFT == page) {
      fastReadTag[slot] = NO_TAG;
      fastWriteTag[slot] = NO_TAG;
    }
  }

  /**
   * Tells the MMU that the frame's bytes were just decoded ({@link Ram#watchCode}): later writes to
   * it must take the slow path, where the watch is looked at.
   */
  public void watchCode(long pfn) {
    ram.watchCode(pfn);
    Arrays.fill(fastWriteTag, NO_TAG);
  }

  /** What the TLBs did so far. */
  public TlbStatistics statistics() {
    return new TlbStatistics(
        dataHits,
        dataMisses,
        fetchHits,
        fetchMisses,
        walks,
        faults,
        flushesByCr3,
        flushesOfAll,
        invalidations);
  }

  // ---- Data, user mode: the fast path ----

  /** Reads one byte, zero-extended. */
  public int readByte(long linear) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastReadTag[slot] == (linear & PAGE_MASK)) {
      dataHits++;
      return ram.getByte(linear + fastDistance[slot]) & 0xff;
    }
    return ram.getByte(translate(linear, READ | USER)) & 0xff;
  }

  /** Reads two bytes, zero-extended. */
  public int readShort(long linear) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastReadTag[slot] == ((linear + 1) & PAGE_MASK)) {
      dataHits++;
      return ram.getShort(linear + fastDistance[slot]) & 0xffff;
    }
    return (int) readSlow(linear, 2);
  }

  /** Reads four bytes. */
  public int readInt(long linear) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastReadTag[slot] == ((linear + 3) & PAGE_MASK)) {
      dataHits++;
      return ram.getInt(linear + fastDistance[slot]);
    }
    return (int) readSlow(linear, 4);
  }

  /** Reads eight bytes. */
  public long readLong(long linear) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastReadTag[slot] == ((linear + 7) & PAGE_MASK)) {
      dataHits++;
      return ram.getLong(linear + fastDistance[slot]);
    }
    return readSlow(linear, 8);
  }

  /** Writes one byte. */
  public void writeByte(long linear, int value) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastWriteTag[slot] == (linear & PAGE_MASK)) {
      dataHits++;
      ram.putByte(linear + fastDistance[slot], (byte) value);
    } else {
      long physical = translate(linear, WRITE | USER);
      ram.noticeCode(physical, 1);
      ram.putByte(physical, (byte) value);
    }
  }

  /** Writes two bytes. */
  public void writeShort(long linear, int value) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastWriteTag[slot] == ((linear + 1) & PAGE_MASK)) {
      dataHits++;
      ram.putShort(linear + fastDistance[slot], (short) value);
    } else {
      writeSlow(linear, 2, value);
    }
  }

  /** Writes four bytes. */
  public void writeInt(long linear, int value) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastWriteTag[slot] == ((linear + 3) & PAGE_MASK)) {
      dataHits++;
      ram.putInt(linear + fastDistance[slot], value);
    } else {
      writeSlow(linear, 4, value);
    }
  }

  /** Writes eight bytes. */
  public void writeLong(long linear, long value) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastWriteTag[slot] == ((linear + 7) & PAGE_MASK)) {
      dataHits++;
      ram.putLong(linear + fastDistance[slot], value);
    } else {
      writeSlow(linear, 8, value);
    }
  }

  /**
   * Makes {@code bytes} bytes writable, or throws: for an instruction that reads, computes and
   * writes back, or that writes several values. Afterwards neither a read nor a write of them
   * faults.
   *
   * @param bytes 1 to 4096
   */
  public void probeWrite(long linear, int bytes) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastWriteTag[slot] == ((linear + bytes - 1) & PAGE_MASK)) {
      dataHits++;
    } else {
      probe(linear, bytes, WRITE | USER);
    }
  }

  /** Makes {@code bytes} bytes readable, or throws. */
  public void probeRead(long linear, int bytes) {
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    if (fastReadTag[slot] == ((linear + bytes - 1) & PAGE_MASK)) {
      dataHits++;
    } else {
      probe(linear, bytes, READ | USER);
    }
  }

  // ---- Data: whole ranges within one page, for string instructions and the kernel ----

  /**
   * Physical address of one readable byte; the bytes up to the end of its page follow it.
   *
   * @throws ProcessorException #PF
   */
  public long physicalForRead(long linear) {
    return translate(linear, READ | USER);
  }

  /**
   * Physical address of one writable byte; the bytes up to the end of its page follow it. A caller
   * that writes with {@link Ram}'s single-value methods first calls {@link #noticeWrite}.
   *
   * @throws ProcessorException #PF
   */
  public long physicalForWrite(long linear) {
    return translate(linear, WRITE | USER);
  }

  /** Reports a coming write of {@code bytes} bytes at a physical address to the code watch. */
  public void noticeWrite(long physicalAddress, long bytes) {
    ram.noticeCode(physicalAddress, bytes);
  }

  // ---- Instruction fetch ----

  /**
   * Physical address of an instruction byte.
   *
   * @throws ProcessorException #PF, with I set where NX is enabled
   */
  public long physicalForFetch(long linear) {
    return translate(linear, FETCH | USER);
  }

  /**
   * Counts instruction fetches that needed no translation, because the last one for the same page
   * still holds ({@link #fetchGeneration} has not changed).
   */
  public void countFetchHits(long hits) {
    fetchHits += hits;
  }

  /** Changes whenever any instruction translation may have become invalid. */
  public int fetchGeneration() {
    return fetchGeneration;
  }

  // ---- Supervisor ----

  /** Reads four bytes with supervisor privilege: the kernel's own memory. */
  public int supervisorReadInt(long linear) {
    if ((linear & OFFSET_MASK) > Ram.PAGE_SIZE - 4) {
      int value = 0;
      for (int i = 3; i >= 0; i--) {
        value = value << 8 | (ram.getByte(translate(linear + i, READ)) & 0xff);
      }
      return value;
    }
    return ram.getInt(translate(linear, READ));
  }

  /** Reads one byte with supervisor privilege, zero-extended. */
  public int supervisorReadByte(long linear) {
    return ram.getByte(translate(linear, READ)) & 0xff;
  }

  /** Writes one byte with supervisor privilege. */
  public void supervisorWriteByte(long linear, int value) {
    long physical = translate(linear, WRITE);
    ram.noticeCode(physical, 1);
    ram.putByte(physical, (byte) value);
  }

  /**
   * Physical address of one byte that the kernel may read; the bytes up to the end of its page
   * follow it.
   *
   * @throws ProcessorException #PF
   */
  public long supervisorPhysicalForRead(long linear) {
    return translate(linear, READ);
  }

  /**
   * Physical address of one byte that the kernel may write; the bytes up to the end of its page
   * follow it. As with {@link #physicalForWrite}, the caller sees to the code watch.
   *
   * @throws ProcessorException #PF
   */
  public long supervisorPhysicalForWrite(long linear) {
    return translate(linear, WRITE);
  }

  /**
   * Looks a translation up with supervisor privilege as the tables stand: no TLB, no fault handler,
   * no exception, no statistics, and no accessed bit set.
   *
   * @return the physical address, or -1 where there is none
   */
  public long peek(long topTable, long linearAddress) {
    long linear = linearAddress & linearMask;
    return walker.walk(topTable, linear, READ, false)
        ? walker.physicalPage | (linear & OFFSET_MASK)
        : -1;
  }

  /**
   * What a TLB holds for a page; nothing is counted, and nothing changes.
   *
   * @param fetch the instruction TLB, else the data TLB
   * @return physical page and rights, bits as in a page-table entry without P and A; -1: nothing
   */
  public long tlbEntry(long linearAddress, boolean fetch) {
    Tlb tlb = fetch ? fetchTlb : dataTlb;
    int slot = tlb.find((linearAddress & linearMask) >>> Ram.PAGE_SHIFT);
    return slot < 0 ? -1 : tlb.data(slot);
  }

  // ---- The slow way ----

  private long readSlow(long linear, int bytes) {
    if ((linear & OFFSET_MASK) + bytes <= Ram.PAGE_SIZE) {
      long physical = translate(linear, READ | USER);
      return switch (bytes) {
        case 2 -> ram.getShort(physical) & 0xffff;
        case 4 -> ram.getInt(physical);
        default -> ram.getLong(physical);
      };
    }
    translateBoth(linear, bytes, READ | USER);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (ram.getByte(physicalOfByte(linear, i)) & 0xff);
    }
    return value;
  }

  private void writeSlow(long linear, int bytes, long value) {
    if ((linear & OFFSET_MASK) + bytes <= Ram.PAGE_SIZE) {
      long physical = translate(linear, WRITE | USER);
      ram.noticeCode(physical, bytes);
      switch (bytes) {
        case 2 -> ram.putShort(physical, (short) value);
        case 4 -> ram.putInt(physical, (int) value);
        default -> ram.putLong(physical, value);
      }
      return;
    }
    translateBoth(linear, bytes, WRITE | USER);
    int inFirst = Ram.PAGE_SIZE - (int) (linear & OFFSET_MASK);
    ram.noticeCode(firstPhysical, inFirst);
    ram.noticeCode(secondPhysical, bytes - inFirst);
    for (int i = 0; i < bytes; i++) {
      ram.putByte(physicalOfByte(linear, i), (byte) (value >>> (8 * i)));
    }
  }

  private long physicalOfByte(long linear, int i) {
    int offset = (int) (linear & OFFSET_MASK) + i;
    return offset < Ram.PAGE_SIZE ? firstPhysical + i : secondPhysical + offset - Ram.PAGE_SIZE;
  }

  private void probe(long linear, int bytes, int access) {
    if ((linear & OFFSET_MASK) + bytes <= Ram.PAGE_SIZE) {
      translate(linear, access);
    } else {
      translateBoth(linear, bytes, access);
    }
  }

  /**
   * Translates both pages of an access that crosses a boundary, in the order of addresses, again
   * and again until neither faulted: to resolve the fault of one, the handler may have taken the
   * other. A fault in the second page is at its first byte.
   */
  private void translateBoth(long linear, int bytes, int access) {
    long secondPage = (linear + bytes - 1) & PAGE_MASK;
    long before;
    do {
      before = faults;
      firstPhysical = translate(linear, access);
      secondPhysical = translate(secondPage, access);
    } while (faults != before);
  }

  /**
   * The TLB, then the walk, then the fault handler, until there is a physical address.
   *
   * @param access W, U and I of {@link PageFaultCode}
   * @throws ProcessorException #PF, or #GP for an address that is not canonical
   */
  private long translate(long linearAddress, int access) {
    long linear = linearAddress & linearMask;
    if (linearMask == -1L && linear << 16 >> 16 != linear) {
      throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
    }
    boolean fetch = (access & FETCH) != 0;
    Tlb tlb = fetch ? fetchTlb : dataTlb;
    long page = linear >>> Ram.PAGE_SHIFT;
    boolean counted = false;
    for (int attempts = 0; ; attempts++) {
      int slot = tlb.find(page);
      if (slot >= 0 && allows(tlb.data(slot), access)) {
        long entry = tlb.data(slot);
        if (!counted) {
          countHit(fetch);
        }
        if (!fetch) {
          fillFast(linear, entry);
        }
        if (accessListener != null) {
          accessListener.accessed((int) (physical(entry, linear) >>> Ram.PAGE_SHIFT), fetch);
        }
        return physical(entry, linear);
      }
      if (!counted) {
        countMiss(fetch);
        counted = true;
      }
      walks++;
      if (walker.walk(cr3, linear, access, true)) {
        enter(tlb, page, walker.physicalPage | walker.permissions, walker.pageLevel, fetch);
      } else {
        faults++;
        long executedPage = (access & WRITE) != 0 ? executedPage(page) : -1;
        // A stale translation must not outlive the fault that it caused (SDM vol. 3A, 4.10.4.1).
        drop(page);
        int errorCode = walker.errorCode;
        if (attempts == MAX_ATTEMPTS) {
          throw new IllegalStateException(
              "the fault handler claims to have resolved 0x%x (error code 0x%x) %d times"
                  .formatted(linear, errorCode, attempts));
        }
        if (faultHandler == null || !faultHandler.pageFault(linear, errorCode)) {
          throw ProcessorException.pageFault(linear, errorCode);
        }
        if (executedPage >= 0) {
          // Copy-on-write of the page that runs: its old frame no longer shows what is executed.
          ram.noticeCode(executedPage, Ram.PAGE_SIZE);
        }
      }
    }
  }

  /** Physical address of the frame that instructions of a linear page come from, or -1. */
  private long executedPage(long page) {
    int slot = fetchTlb.find(page);
    return slot < 0 ? -1 : physical(fetchTlb.data(slot), 0);
  }

  private static boolean allows(long entry, int access) {
    return ((access & USER) == 0 || (entry & PageTableEntry.USER) != 0)
        && ((access & WRITE) == 0
            || (entry & (PageTableEntry.WRITABLE | PageTableEntry.DIRTY))
                == (PageTableEntry.WRITABLE | PageTableEntry.DIRTY))
        && ((access & FETCH) == 0 || (entry & PageTableEntry.NX) == 0);
  }

  private static long physical(long entry, long linear) {
    return (entry & ~PageTableEntry.NX & PAGE_MASK) | (linear & OFFSET_MASK);
  }

  private void enter(Tlb tlb, long page, long entry, int pageLevel, boolean fetch) {
    int sizeShift = format.shift(pageLevel) - Ram.PAGE_SHIFT;
    long victim = tlb.insert(page, entry, sizeShift);
    if (fetch) {
      fetchGeneration += victim == -1 ? 0 : 1;
      return;
    }
    // The page's own older translation may stand in the fast table, with rights it has no more.
    dropFast(page);
    if (victim != -1) {
      dropFast(victim);
    }
  }

  private void fillFast(long linear, long entry) {
    if (!fastPath || (entry & PageTableEntry.USER) == 0) {
      return;
    }
    long tag = linear & PAGE_MASK;
    int slot = (int) (linear >>> Ram.PAGE_SHIFT) & FAST_MASK;
    long physicalPage = physical(entry, 0);
    fastReadTag[slot] = tag;
    fastDistance[slot] = physicalPage - tag;
    fastWriteTag[slot] =
        allows(entry, WRITE | USER) && !ram.isCodeWatched(physicalPage >>> Ram.PAGE_SHIFT)
            ? tag
            : NO_TAG;
  }

  private void countHit(boolean fetch) {
    if (fetch) {
      fetchHits++;
    } else {
      dataHits++;
    }
  }

  private void countMiss(boolean fetch) {
    if (fetch) {
      fetchMisses++;
    } else {
      dataMisses++;
    }
  }
}
