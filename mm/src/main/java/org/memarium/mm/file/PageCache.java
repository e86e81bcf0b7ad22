package org.memarium.mm.file;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;

/**
 * The page cache of a machine: all its {@link AddressSpace}s, and the order in which their pages
 * came, which is the order in which clean unmapped pages go when the page allocator runs dry.
 *
 * <p>A frame of the cache has its file's number in {@code mapping}, its page's number in {@code
 * index}, and its place in the order in {@code private}. The cache holds one reference to it, each
 * page-table entry another.
 */
public final class PageCache {
  /** {@code SWAP_CLUSTER_MAX}: how many pages one shortage gives back. */
  private static final int CLUSTER_PAGES = 32;

  private static final int GONE = -1;

  final PageAllocator allocator;
  final MemMap memMap;
  final Ram ram;
  final VmStat vmStat;
  final Trace trace;

  /** By number; number 0 is none. */
  private final List<@Nullable AddressSpace> spaces = new ArrayList<>();

  /** Frames in the order in which they came, in [head, tail); {@link #GONE} where one left. */
  private int[] queue = new int[1024];

  private int head;
  private int tail;
  private int queued;

  /** An empty cache that takes its frames from an allocator, and gives back when asked. */
  public PageCache(PageAllocator allocator) {
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.ram = allocator.ram();
    this.vmStat = allocator.vmStat();
    this.trace = allocator.trace();
    spaces.add(null);
    allocator.setReclaimer((gfpFlags, order) -> shrink());
  }

  /**
   * The page cache of one file; the caller makes one a file, and {@linkplain AddressSpace#evict
   * evicts} it when the file is gone.
   *
   * @throws IOException if the store cannot say its size
   */
  public AddressSpace open(BackingStore store) throws IOException {
    AddressSpace space = new AddressSpace(this, freeNumber(), store);
    spaces.set(space.number(), space);
    return space;
  }

  /**
   * The nameless file behind shared anonymous memory ({@code shmem_kernel_file_setup}).
   *
   * @param bytes its size
   */
  public AddressSpace openShmem(long bytes) {
    try {
      return open(new ShmemStore(bytes));
    } catch (IOException impossible) {
      throw new IllegalStateException("memory has no size", impossible);
    }
  }

  private int freeNumber() {
    for (int number = 1; number < spaces.size(); number++) {
      if (spaces.get(number) == null) {
        return number;
      }
    }
    spaces.add(null);
    return spaces.size() - 1;
  }

  /** The file whose page the frame is, or null if it is none's. */
  public @Nullable AddressSpace spaceOf(int pfn) {
    return memMap.isPageAnon(pfn) ? null : spaces.get(memMap.mapping(pfn));
  }

  /** All files that have a page cache, by number. */
  public List<AddressSpace> spaces() {
    List<AddressSpace> all = new ArrayList<>();
    for (AddressSpace space : spaces) {
      if (space != null) {
        all.add(space);
      }
    }
    return all;
  }

  void forget(AddressSpace space) {
    spaces.set(space.number(), null);
  }

  // ---- The order of arrival ----

  void enqueue(int pfn) {
    if (tail == queue.length) {
      makeRoom();
    }
    memMap.setPagePrivate(pfn, tail);
    queue[tail++] = pfn;
    queued++;
  }

  void dequeue(int pfn) {
    queue[memMap.pagePrivate(pfn)] = GONE;
    queued--;
  }

  private void makeRoom() {
    int[] from = queue;
    if (queued > from.length / 2) {
      queue = new int[from.length * 2];
    }
    int to = 0;
    for (int at = head; at < tail; at++) {
      int pfn = from[at];
      if (pfn != GONE) {
        memMap.setPagePrivate(pfn, to);
        queue[to++] = pfn;
      }
    }
    Arrays.fill(queue, to, queue.length, GONE);
    head = 0;
    tail = to;
  }

  /**
   * {@code try_to_free_pages}: gives back the pages that came first and that nobody maps; dirty
   * ones are written back before.
   *
   * @return how many went, 0 if there are no more
   */
  public int shrink() {
    int freed = 0;
    int end = tail;
    for (int at = head; at < end && freed < CLUSTER_PAGES; at++) {
      int pfn = queue[at];
      if (pfn == GONE) {
        if (at == head) {
          head++;
        }
        continue;
      }
      AddressSpace space = spaceOf(pfn);
      if (space != null && space.dropIfUnused(pfn)) {
        freed++;
      }
    }
    return freed;
  }

  // ---- Audit ----

  /** Claims the frames of the cache, and recounts. */
  public void audit(Audit audit) {
    long pages = 0;
    for (AddressSpace space : spaces) {
      if (space != null) {
        pages += space.audit(audit);
      }
    }
    audit.expectEqual("the page cache's order of pages", queued, pages);
    for (int at = head; at < tail; at++) {
      if (queue[at] != GONE && memMap.pagePrivate(queue[at]) != at) {
        audit.difference("the page cache lost the place of " + memMap.describe(queue[at]));
      }
    }
  }
}
