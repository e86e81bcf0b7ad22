package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;

/**
 * Pages of the machine's RAM that hold bytes on their way: of pipes and sockets. A page may have
 * more than one holder.
 *
 * <p>Without a machine the pages are arrays on the Java heap, and never run out.
 */
final class BufferPages {
  /** No page. */
  static final int NONE = -1;

  private static final int GFP = Gfp.GFP_HIGHUSER | Gfp.ACCOUNT;

  private final @Nullable PageAllocator allocator;

  // ---- Without a machine: page numbers are indexes into these ----
  private final List<byte @Nullable []> heap = new ArrayList<>();
  private final List<Integer> heapReferences = new ArrayList<>();

  BufferPages(@Nullable PageAllocator allocator) {
    this.allocator = allocator;
  }

  /** {@code alloc_page}: one page with one holder, or {@link #NONE}. */
  int allocate() {
    if (allocator != null) {
      return allocator.allocPage(GFP);
    }
    heap.add(new byte[Ram.PAGE_SIZE]);
    heapReferences.add(1);
    return heap.size() - 1;
  }

  /** {@code get_page}: one more holder. */
  void get(int page) {
    if (allocator != null) {
      allocator.memMap().getPage(page);
    } else {
      heapReferences.set(page, heapReferences.get(page) + 1);
    }
  }

  /** {@code put_page}: one holder less; the last one frees it. */
  void put(int page) {
    if (allocator != null) {
      allocator.putPage(page);
      return;
    }
    int left = heapReferences.get(page) - 1;
    heapReferences.set(page, left);
    if (left == 0) {
      heap.set(page, null);
    }
  }

  /** {@code page_count}: how many holders it has. */
  int count(int page) {
    return allocator != null ? allocator.memMap().pageCount(page) : heapReferences.get(page);
  }

  void read(int page, int at, byte[] to, int offset, int count) {
    if (allocator != null) {
      allocator.ram().read(((long) page << Ram.PAGE_SHIFT) + at, to, offset, count);
    } else {
      System.arraycopy(onHeap(page), at, to, offset, count);
    }
  }

  void write(int page, int at, byte[] from, int offset, int count) {
    if (allocator != null) {
      allocator.ram().write(((long) page << Ram.PAGE_SHIFT) + at, from, offset, count);
    } else {
      System.arraycopy(from, offset, onHeap(page), at, count);
    }
  }

  private byte[] onHeap(int page) {
    return Objects.requireNonNull(heap.get(page), "a page that was freed");
  }
}
