package org.memarium.mm.vmalloc;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.slab.Kmalloc;

/**
 * {@code vm_map_ram} and its {@code struct vmap_block} (Linux 6.1 {@code mm/vmalloc.c}): mappings
 * of a few frames for a short time. They are cut, one after the other, from larger areas, and an
 * address is not used twice before its whole block is freed; so there is one search and one flush
 * of the TLB for many.
 *
 * <pre>
 *   va_start                                                          va_end
 *   +-----------------+--------------------+-----------------------------+
 *   | dirty: unmapped | mapped             | free: never used so far     |
 *   +-----------------+--------------------+-----------------------------+
 * </pre>
 *
 * <p>A block whose pages are all dirty is freed. One that has neither a free nor a mapped page left
 * among its dirty ones is freed by the next purge.
 */
final class VmapBlocks {
  /** {@code CONFIG_NR_CPUS} of Debian's kernels: the more processors, the smaller the blocks. */
  private static final int NR_CPUS_32 = 32;

  private static final int NR_CPUS_64 = 8192;
  private static final int BBMAP_BITS_MAX = 1024;

  /** {@code sizeof(struct vmap_block)}: twelve words. */
  private static final int BLOCK_WORDS = 12;

  private final KernelMapper mapper;
  private final KernelLayout layout;
  private final VmapSpace space;
  private final Kmalloc kmalloc;
  private final int wordBytes;

  /** {@code VMAP_MAX_ALLOC}: a mapping of more pages has an area of its own. */
  private final int maxAlloc;

  /** {@code VMAP_BBMAP_BITS}: pages in a block. */
  private final int blockPages;

  /** {@code vmap_block_queue}: blocks with free pages, oldest first. */
  private final List<Block> withFree = new ArrayList<>();

  /** {@code vmap_blocks}: all, by their number among the aligned blocks of the address space. */
  private final Map<Long, Block> byNumber = new HashMap<>();

  private static final class Block {
    final int area;
    final long slot;
    int freePages;
    int dirtyPages;
    int dirtyMin;
    int dirtyMax;

    Block(int area, long slot, int pages) {
      this.area = area;
      this.slot = slot;
      this.freePages = pages;
      this.dirtyMin = pages;
    }
  }

  VmapBlocks(KernelMapper mapper, VmapSpace space, Kmalloc kmalloc) {
    this.mapper = mapper;
    this.layout = mapper.layout();
    this.space = space;
    this.kmalloc = kmalloc;
    boolean wide = layout.vmallocStart() < 0;
    this.wordBytes = wide ? Long.BYTES : Integer.BYTES;
    this.maxAlloc = wordBytes * Byte.SIZE;
    // VMALLOC_SPACE is what an architecture of this width is sure to have.
    long space64 = 128L << 30;
    long space32 = 128L << 20;
    long pages = (wide ? space64 : space32) >>> Ram.PAGE_SHIFT;
    long share = pages / (wide ? NR_CPUS_64 : NR_CPUS_32) / 16;
    this.blockPages = (int) Math.min(BBMAP_BITS_MAX, Math.max(2L * maxAlloc, share));
    space.setBlocks(this);
  }

  /** {@code VMAP_BLOCK_SIZE}. */
  private long blockBytes() {
    return (long) blockPages << Ram.PAGE_SHIFT;
  }

  /** {@code get_order}: what one mapping takes of a block is a power of two of pages. */
  private static int rounded(int pages) {
    return pages <= 1 ? 1 : Integer.highestOneBit(pages - 1) << 1;
  }

  // ---- vm_map_ram ----

  long map(int[] pfns) {
    if (pfns.length == 0) {
      throw new IllegalArgumentException("vm_map_ram of no pages");
    }
    long bytes = (long) pfns.length << Ram.PAGE_SHIFT;
    long address = pfns.length <= maxAlloc ? allocate(pfns.length) : allocateArea(bytes);
    if (address == 0) {
      return 0;
    }
    if (!mapper.populate(address, address + bytes)) {
      unmap(address, pfns.length);
      return 0;
    }
    mapper.map(address, pfns, 0, pfns.length, KernelPageTable.PAGE_KERNEL);
    return address;
  }

  private long allocateArea(long bytes) {
    int area =
        space.allocate(
            bytes, Ram.PAGE_SIZE, layout.vmallocStart(), layout.vmallocEnd(), Gfp.GFP_KERNEL);
    return area == VmapAreas.NONE ? 0 : space.areas.start[area];
  }

  /** {@code vb_alloc}: from the oldest block that has room, or from a new one. */
  private long allocate(int pages) {
    int taken = rounded(pages);
    for (int i = 0; i < withFree.size(); i++) {
      Block block = withFree.get(i);
      if (block.freePages >= taken) {
        return cut(block, taken);
      }
    }
    Block block = newBlock();
    return block == null ? 0 : cut(block, taken);
  }

  private long cut(Block block, int pages) {
    int offset = blockPages - block.freePages;
    block.freePages -= pages;
    if (block.freePages == 0) {
      withFree.remove(block);
    }
    return space.areas.start[block.area] + ((long) offset << Ram.PAGE_SHIFT);
  }

  /** {@code new_vmap_block}; null if there is no room or no memory. */
  private @Nullable Block newBlock() {
    long slot = kmalloc.kmalloc((long) BLOCK_WORDS * wordBytes, Gfp.GFP_KERNEL);
    if (slot == 0) {
      return null;
    }
    long size = blockBytes();
    int area =
        space.allocate(size, size, layout.vmallocStart(), layout.vmallocEnd(), Gfp.GFP_KERNEL);
    if (area == VmapAreas.NONE) {
      kmalloc.kfree(slot);
      return null;
    }
    Block block = new Block(area, slot, blockPages);
    byNumber.put(number(space.areas.start[area]), block);
    withFree.add(block);
    return block;
  }

  /** {@code addr_to_vb_idx}. */
  private long number(long address) {
    return Math.floorDiv(address, blockBytes());
  }

  // ---- vm_unmap_ram ----

  void unmap(long address, int pages) {
    int area = space.find(address);
    boolean inBlock = pages <= maxAlloc;
    Block block = byNumber.get(number(address));
    boolean known =
        (address & (Ram.PAGE_SIZE - 1)) == 0
            && pages > 0
            && area != VmapAreas.NONE
            && space.areas.vm[area] == null
            && (inBlock
                ? block != null && block.area == area
                : space.areas.start[area] == address
                    && space.areas.size(area) == (long) pages << Ram.PAGE_SHIFT);
    if (!known) {
      throw new IllegalArgumentException(
          "trying to vm_unmap_ram %d pages at 0x%08x, which vm_map_ram did not map"
              .formatted(pages, address));
    }
    if (block == null || !inBlock) {
      space.freeUnmap(area);
    } else {
      free(block, address, pages);
    }
  }

  /** {@code vb_free}. */
  private void free(Block block, long address, int pages) {
    int given = rounded(pages);
    int offset = (int) ((address - space.areas.start[block.area]) >>> Ram.PAGE_SHIFT);
    mapper.unmap(address, address + ((long) pages << Ram.PAGE_SHIFT));
    block.dirtyMin = Math.min(block.dirtyMin, offset);
    block.dirtyMax = Math.max(block.dirtyMax, offset + given);
    block.dirtyPages += given;
    if (block.dirtyPages + block.freePages > blockPages) {
      throw new IllegalStateException(
          "vm_unmap_ram of %d pages at 0x%08x: more than are mapped there"
              .formatted(pages, address));
    }
    if (block.dirtyPages == blockPages) {
      freeBlock(block);
    }
  }

  /** {@code free_vmap_block}. */
  private void freeBlock(Block block) {
    byNumber.remove(number(space.areas.start[block.area]));
    space.freeLazily(block.area);
    kmalloc.kfree(block.slot);
  }

  // ---- Purging ----

  /** {@code purge_fragmented_blocks}: frees blocks in which nothing is mapped any more. */
  void purgeFragmented() {
    for (int i = withFree.size() - 1; i >= 0; i--) {
      Block block = withFree.get(i);
      if (block.freePages + block.dirtyPages == blockPages && block.dirtyPages > 0) {
        withFree.remove(i);
        freeBlock(block);
      }
    }
  }

  /** {@code _vm_unmap_aliases}: flushes what is dirty in blocks, together with the purge. */
  void unmapAliases() {
    long start = Long.MAX_VALUE;
    long end = Long.MIN_VALUE;
    for (Block block : withFree) {
      if (block.dirtyPages > 0) {
        long base = space.areas.start[block.area];
        start = Math.min(start, base + ((long) block.dirtyMin << Ram.PAGE_SHIFT));
        end = Math.max(end, base + ((long) block.dirtyMax << Ram.PAGE_SHIFT));
      }
    }
    purgeFragmented();
    if (!space.purgeAll(start, end) && start < end) {
      mapper.flush(start, end);
    }
  }

  // ---- Audit ----

  /** Whether an area is a block. */
  boolean isBlock(int area) {
    Block block = byNumber.get(number(space.areas.start[area]));
    return block != null && block.area == area;
  }

  /** Checks that blocks lie in areas of their own, and their counts. */
  void audit(Audit audit) {
    int listed = 0;
    for (Block block : byNumber.values()) {
      listed += block.freePages > 0 ? 1 : 0;
      long start = space.areas.start[block.area];
      if (space.find(start) != block.area
          || space.areas.size(block.area) != blockBytes()
          || block.freePages + block.dirtyPages > blockPages
          || (block.freePages > 0) != withFree.contains(block)) {
        audit.difference("the vmap block at 0x%08x is wrong".formatted(start));
      }
    }
    audit.expectEqual("vmap blocks with free pages", withFree.size(), listed);
  }
}
