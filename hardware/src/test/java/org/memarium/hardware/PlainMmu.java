package org.memarium.hardware;

import org.jspecify.annotations.Nullable;

/**
 * A second MMU, as plain as can be: {@link PlainWalker} behind {@link PlainTlb}s, no fast path, one
 * byte at a time. What it counts is by definition what {@link Mmu} has to count.
 */
final class PlainMmu implements MmuModelTest.Side {
  private static final PlainWalker.Access READ = new PlainWalker.Access(false, true, false);
  private static final PlainWalker.Access WRITE = new PlainWalker.Access(true, true, false);
  private static final PlainWalker.Access FETCH = new PlainWalker.Access(false, true, true);
  private static final PlainWalker.Access SUPERVISOR_READ =
      new PlainWalker.Access(false, false, false);
  private static final PlainWalker.Access SUPERVISOR_WRITE =
      new PlainWalker.Access(true, false, false);

  private final Ram ram;
  private final PageTableFormat format;
  private final PlainWalker walker;
  private final PlainTlb<PlainWalker.Translation> dataTlb;
  private final PlainTlb<PlainWalker.Translation> fetchTlb;
  private final PageFaultHandler handler;
  private long cr3;
  private long dataHits;
  private long dataMisses;
  private long fetchHits;
  private long fetchMisses;
  private long walks;
  private long faults;
  private long flushesByCr3;
  private long flushesOfAll;
  private long invalidations;

  PlainMmu(Ram ram, PageTableFormat format, int entries, int ways, PageFaultHandler handler) {
    this.ram = ram;
    this.format = format;
    this.walker = new PlainWalker(ram, format.hasNx());
    this.dataTlb = new PlainTlb<>(entries, ways);
    this.fetchTlb = new PlainTlb<>(entries, ways);
    this.handler = handler;
  }

  @Override
  public long cr3() {
    return cr3;
  }

  @Override
  public void loadCr3(long root) {
    cr3 = root;
    flushesByCr3++;
    dataTlb.flush(true);
    fetchTlb.flush(true);
  }

  @Override
  public void flushAll() {
    flushesOfAll++;
    dataTlb.flush(false);
    fetchTlb.flush(false);
  }

  @Override
  public void invlpg(long linear) {
    invalidations++;
    drop(wrap(linear) >>> 12);
  }

  private void drop(long page) {
    dataTlb.remove(page);
    fetchTlb.remove(page);
  }

  @Override
  public long read(long linear, int bytes) {
    long[] pages = pages(linear, bytes, READ);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (ram.getByte(physical(linear, i, pages)) & 0xff);
    }
    return value;
  }

  @Override
  public void write(long linear, int bytes, long value) {
    long[] pages = pages(linear, bytes, WRITE);
    int inFirst = Math.min(bytes, 4096 - (int) (linear & 0xfff));
    ram.noticeCode(physical(linear, 0, pages), inFirst);
    ram.noticeCode(pages[1], bytes - inFirst);
    for (int i = 0; i < bytes; i++) {
      ram.putByte(physical(linear, i, pages), (byte) (value >>> (8 * i)));
    }
  }

  @Override
  public void probeRead(long linear, int bytes) {
    pages(linear, bytes, READ);
  }

  @Override
  public void probeWrite(long linear, int bytes) {
    pages(linear, bytes, WRITE);
  }

  @Override
  public long physicalForRead(long linear) {
    return translate(linear, READ);
  }

  @Override
  public long physicalForWrite(long linear) {
    return translate(linear, WRITE);
  }

  @Override
  public long physicalForFetch(long linear) {
    return translate(linear, FETCH);
  }

  @Override
  public int supervisorReadByte(long linear) {
    return ram.getByte(translate(linear, SUPERVISOR_READ)) & 0xff;
  }

  @Override
  public void supervisorWriteByte(long linear, int value) {
    long physical = translate(linear, SUPERVISOR_WRITE);
    ram.noticeCode(physical, 1);
    ram.putByte(physical, (byte) value);
  }

  @Override
  public void watchCode(long pfn) {
    ram.watchCode(pfn);
  }

  private long physical(long linear, int i, long[] pages) {
    int offset = (int) (linear & 0xfff) + i;
    return offset < 4096 ? pages[0] + i : pages[1] + offset - 4096;
  }

  /** The physical addresses of the first byte and of the second page, or 0 if there is none. */
  private long[] pages(long linear, int bytes, PlainWalker.Access access) {
    boolean crosses = (linear & 0xfff) + bytes > 4096;
    if (!crosses) {
      return new long[] {translate(linear, access), 0};
    }
    while (true) {
      long before = faults;
      long first = translate(linear, access);
      long second = translate(linear + 4096 - (linear & 0xfff), access);
      if (faults == before) {
        return new long[] {first, second};
      }
    }
  }

  private long translate(long linearAddress, PlainWalker.Access access) {
    long linear = wrap(linearAddress);
    if (format == PageTableFormat.FOUR_LEVEL && linear > 0x7fff_ffff_ffffL) {
      throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
    }
    long page = linear >>> 12;
    PlainTlb<PlainWalker.Translation> tlb = access.fetch() ? fetchTlb : dataTlb;
    PlainWalker.Translation cached = tlb.find(page);
    boolean hit = cached != null && cached.allows(access) && (!access.write() || cached.dirty());
    if (access.fetch()) {
      fetchHits += hit ? 1 : 0;
      fetchMisses += hit ? 0 : 1;
    } else {
      dataHits += hit ? 1 : 0;
      dataMisses += hit ? 0 : 1;
    }
    if (hit && cached != null) {
      return cached.physicalPage() + (linear & 0xfff);
    }
    PlainWalker.Translation found = walk(linear, access);
    while (found == null) {
      faults++;
      PlainWalker.Translation executed = access.write() ? fetchTlb.find(page) : null;
      drop(page);
      int errorCode = walker.errorCode;
      if (!handler.pageFault(linear, errorCode)) {
        throw ProcessorException.pageFault(linear, errorCode);
      }
      if (executed != null) {
        ram.noticeCode(executed.physicalPage(), 4096);
      }
      found = walk(linear, access);
    }
    tlb.insert(new PlainTlb.Entry<>(page, found, found.pageBytes() / 4096, found.global()));
    return found.physicalPage() + (linear & 0xfff);
  }

  private PlainWalker.@Nullable Translation walk(long linear, PlainWalker.Access access) {
    walks++;
    return walker.walk(format, cr3, linear, access);
  }

  private long wrap(long linear) {
    return format == PageTableFormat.FOUR_LEVEL ? linear : linear & 0xffff_ffffL;
  }

  @Override
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
}
