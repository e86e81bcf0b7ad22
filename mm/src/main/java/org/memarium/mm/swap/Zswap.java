package org.memarium.mm.swap;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabFlags;
import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code zswap}: a pool of compressed pages in RAM, in front of the swap areas (Linux 6.1 {@code
 * mm/zswap.c}). A page that goes to swap has its slot as without it, but its bytes stay here if
 * they get small enough and there is room.
 *
 * <pre>
 *   store   the pool is full    no: the page goes to the device; later the oldest page of the pool
 *                               is written there and freed ({@link #shrink})
 *           one word repeated   an entry without memory
 *           compressed          two of them share a page of the pool ({@link Zbud})
 *   load    decompressed        what is stored stays until the slot is free, or is written again
 * </pre>
 *
 * <p>In the pool the slot stands before each object ({@code struct zswap_header}).
 */
public final class Zswap {
  private static final int HEADER_BYTES = Integer.BYTES;
  private static final int GFP = Gfp.NORETRY | Gfp.NOWARN | Gfp.KSWAPD_RECLAIM;

  /** {@code sizeof(struct zswap_entry)}, of a 32-bit kernel and of a 64-bit one. */
  private static final int SHORT_ENTRY_BYTES = 36;

  private static final int LONG_ENTRY_BYTES = 64;

  /** {@code struct zswap_entry}; without a handle it is a word that fills the page. */
  private record Entry(long slabAddress, Zbud.@Nullable Handle handle, int length, int value) {}

  /** What {@code /sys/kernel/debug/zswap} counts. */
  public enum Counter {
    /** Stores that found the pool full. */
    POOL_LIMIT_HIT,
    /** Pages of the pool that could not be freed. */
    REJECT_RECLAIM_FAIL,
    /** Pages that were refused for want of memory for the pool. */
    REJECT_ALLOC_FAIL,
    /** Pages that were refused for want of memory for their entry. */
    REJECT_KMEMCACHE_FAIL,
    /** Pages that did not get small enough. */
    REJECT_COMPRESS_POOR,
    /** Pages that were written to the device from the pool. */
    WRITTEN_BACK_PAGES,
    /** Stores of a slot that was stored already: never, as it is forgotten before. */
    DUPLICATE_ENTRY
  }

  private final ZswapParameters parameters;
  private final PageAllocator allocator;
  private final MemMap memMap;
  private final Ram ram;
  private final Swap swap;
  private final KmemCache entryCache;
  private final Zbud pool;
  private final PageCompressor compressor = new PageCompressor();
  private final byte[] page = new byte[Ram.PAGE_SIZE];
  private final byte[] compressed = new byte[PageCompressor.MAX_BYTES];
  private final long[] counters = new long[Counter.values().length];

  /** By slot. Nothing depends on its order. */
  private final Map<Integer, Entry> entries = new HashMap<>();

  private long sameFilledPages;

  /** {@code zswap_pool_reached_full}. */
  private boolean reachedFull;

  /** {@code queue_work(shrink_wq)}. */
  private boolean shrinkQueued;

  Zswap(ZswapParameters parameters, PageAllocator allocator, SlabAllocator slab, Swap swap) {
    this.parameters = parameters;
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.ram = allocator.ram();
    this.swap = swap;
    this.pool = new Zbud(allocator);
    boolean shortWords = swap.format().entryBytes() == Integer.BYTES;
    int bytes = shortWords ? SHORT_ENTRY_BYTES : LONG_ENTRY_BYTES;
    this.entryCache =
        Objects.requireNonNull(
            slab.kmemCacheCreate("zswap_entry", bytes, 0, SlabFlags.NO_MERGE, null),
            "no memory for zswap");
  }

  /** {@code /sys/module/zswap/parameters}. */
  public ZswapParameters parameters() {
    return parameters;
  }

  // ---- Figures ----

  /** {@code pool_total_size}, in pages. */
  public long poolPages() {
    return pool.pages();
  }

  /** {@code stored_pages}: those of one word, too. */
  public long storedPages() {
    return entries.size();
  }

  /** {@code same_filled_pages}. */
  public long sameFilledPages() {
    return sameFilledPages;
  }

  /** What was counted so far. */
  @SuppressWarnings("EnumOrdinal") // counters, never stored
  public long count(Counter counter) {
    return counters[counter.ordinal()];
  }

  @SuppressWarnings("EnumOrdinal")
  private void increment(Counter counter) {
    counters[counter.ordinal()]++;
  }

  // ---- Room ----

  private long maxPoolPages() {
    return allocator.node().totalRamPages() * parameters.maxPoolPercent() / 100;
  }

  /** {@code zswap_can_accept}. */
  private boolean canAccept() {
    long pages =
        allocator.node().totalRamPages()
            * parameters.acceptThresholdPercent()
            / 100
            * parameters.maxPoolPercent()
            / 100;
    return pages > pool.pages();
  }

  // ---- store, load, invalidate ----

  /**
   * {@code frontswap_store}: takes a page of the swap cache.
   *
   * @return false: it has to go to the device; of an older content of the slot nothing is left
   */
  boolean store(int pfn, int slot) {
    forget(slot);
    if (!hasRoom()) {
      shrinkQueued = true;
      return false;
    }
    long address = entryCache.alloc(Gfp.GFP_KERNEL);
    if (address == 0) {
      increment(Counter.REJECT_KMEMCACHE_FAIL);
      return false;
    }
    ram.read((long) pfn << Ram.PAGE_SHIFT, page, 0, Ram.PAGE_SIZE);
    Entry entry = makeEntry(pfn, slot, address);
    if (entry == null) {
      entryCache.free(address);
      return false;
    }
    entries.put(slot, entry);
    sameFilledPages += entry.handle() == null ? 1 : 0;
    allocator.vmStat().increment(VmStatItem.ZSWPOUT);
    return true;
  }

  private boolean hasRoom() {
    if (pool.pages() > maxPoolPages()) {
      increment(Counter.POOL_LIMIT_HIT);
      reachedFull = true;
      return false;
    }
    reachedFull &= !canAccept();
    return !reachedFull;
  }

  /** The entry of the bytes in {@link #page}; null if zswap does not take them. */
  private @Nullable Entry makeEntry(int pfn, int slot, long address) {
    if (parameters.sameFilledPagesEnabled() && isSameFilled()) {
      return new Entry(address, null, 0, ram.getInt((long) pfn << Ram.PAGE_SHIFT));
    }
    if (!parameters.nonSameFilledPagesEnabled()) {
      return null;
    }
    int length = compressor.compress(page, compressed);
    allocator.trace().time().work(Cost.ZSWAP_STORE, 1);
    if (Zbud.isTooLarge(HEADER_BYTES + length)) {
      increment(Counter.REJECT_COMPRESS_POOR);
      return null;
    }
    Zbud.Handle handle = pool.alloc(HEADER_BYTES + length, GFP);
    if (handle == null) {
      increment(Counter.REJECT_ALLOC_FAIL);
      return null;
    }
    ram.putInt(handle.physicalAddress(), slot);
    ram.write(handle.physicalAddress() + HEADER_BYTES, compressed, 0, length);
    return new Entry(address, handle, length, 0);
  }

  /** {@code zswap_is_page_same_filled}: whether one word of the kernel fills the page. */
  private boolean isSameFilled() {
    int word = swap.format().entryBytes();
    for (int i = word; i < page.length; i++) {
      if (page[i] != page[i - word]) {
        return false;
      }
    }
    return word == Integer.BYTES || isHalvesEqual();
  }

  /** An {@link Entry} keeps 32 bits of a word: pages of longer ones are compressed. */
  private boolean isHalvesEqual() {
    for (int i = 0; i < Integer.BYTES; i++) {
      if (page[i] != page[i + Integer.BYTES]) {
        return false;
      }
    }
    return true;
  }

  /**
   * {@code frontswap_load}: fills a page from what is stored for its slot, which stays.
   *
   * @return false: it is on the device
   */
  boolean load(int pfn, int slot) {
    Entry entry = entries.get(slot);
    if (entry == null) {
      return false;
    }
    fill(pfn, entry);
    allocator.vmStat().increment(VmStatItem.ZSWPIN);
    return true;
  }

  private void fill(int pfn, Entry entry) {
    long address = (long) pfn << Ram.PAGE_SHIFT;
    if (entry.handle() == null) {
      for (int at = 0; at < Ram.PAGE_SIZE; at += Integer.BYTES) {
        ram.putInt(address + at, entry.value());
      }
      return;
    }
    long from = entry.handle().physicalAddress() + HEADER_BYTES;
    ram.read(from, compressed, 0, entry.length());
    compressor.decompress(compressed, entry.length(), page);
    ram.write(address, page, 0, Ram.PAGE_SIZE);
  }

  /** {@code frontswap_invalidate_page}: what is stored for a slot is not needed. */
  void forget(int slot) {
    Entry entry = entries.remove(slot);
    if (entry == null) {
      return;
    }
    if (entry.handle() == null) {
      sameFilledPages--;
    } else {
      pool.free(entry.handle());
    }
    entryCache.free(entry.slabAddress());
  }

  // ---- Writing back ----

  /** {@code shrink_worker}: runs where the kernel would schedule, if a store found no room. */
  void shrink() {
    if (shrinkQueued) {
      shrinkQueued = false;
      if (!pool.reclaimPage(this::writeBack)) {
        increment(Counter.REJECT_RECLAIM_FAIL);
      }
    }
  }

  /** {@code zswap_writeback_entry}: a page goes from the pool to the device, by the swap cache. */
  private boolean writeBack(Zbud.Handle handle) {
    int slot = ram.getInt(handle.physicalAddress());
    int pfn = swap.reader().newPageOf(slot);
    if (pfn < 0) {
      return false;
    }
    // Making room for the page may have freed the slot, but the page has it now.
    Entry entry = entries.get(slot);
    if (entry == null) {
      throw new IllegalStateException("zswap writes slot 0x%x, which it has not".formatted(slot));
    }
    fill(pfn, entry);
    memMap.setPageUptodate(pfn);
    memMap.setFlags(pfn, PageFlags.RECLAIM);
    var _ = swap.io().writeToDevice(pfn, slot);
    allocator.putPage(pfn);
    increment(Counter.WRITTEN_BACK_PAGES);
    forget(slot);
    return true;
  }

  // ---- The end, and the audit ----

  void close() {
    compressor.close();
  }

  void audit(Audit audit) {
    audit.expectEqual(
        "objects in zswap's pool", pool.audit(audit), entries.size() - sameFilledPages);
    audit.expectObjects(entryCache, entries.size());
    for (int slot : entries.keySet()) {
      if (!swap.isUsed(slot)) {
        audit.difference("zswap has slot 0x%x, and nobody else".formatted(slot));
      }
    }
  }
}
