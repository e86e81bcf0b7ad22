package org.memarium.mm.file;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.frame.FaultAttr;
import org.memarium.mm.frame.Lru;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PageFlags;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.trace.IoWait;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * The page cache of a machine: all its {@link AddressSpace}s.
 *
 * <p>A frame of the cache has its file's number in {@code mapping} and its page's number in {@code
 * index}, and stands on the LRU lists. The cache holds one reference to it, each page-table entry
 * another.
 */
public final class PageCache {
  /** Who counts committed memory ({@code shmem_acct_blocks}). */
  public interface Commitment {
    /** Charges a page; false if no more may be committed. */
    boolean commitPage();

    /** Gives a page back. */
    void uncommitPage();
  }

  final PageAllocator allocator;
  final MemMap memMap;
  final Ram ram;
  final VmStat vmStat;
  final Lru lru;
  final Trace trace;

  /** {@code radix_tree_node_cachep}: nodes of the files' trees of pages. */
  final KmemCache nodes;

  /** Those of them that hold nothing but shadows. */
  final ShadowNodes shadowNodes;

  /** By number; number 0 is none. */
  private final DirtyLimits dirtyLimits = new DirtyLimits();

  final FileDevice device;
  final Flusher flusher;
  final Readahead readahead;

  private boolean unmapsBehindHoles;

  private boolean coldFiles;
  private boolean cutsToGrow;

  private BackingDev backingDev = BackingDev.DEFAULT;

  private long cancelledWrites;

  private Commitment commitment = Uncommitted.INSTANCE;
  private ShmemSwap shmemSwap = ShmemSwap.None.INSTANCE;
  private final ShmemFiles shmemFiles = new ShmemFiles();

  private final List<@Nullable AddressSpace> spaces = new ArrayList<>();

  /** Numbers below the size of {@link #spaces} that no file has; the lowest first. */
  private final PriorityQueue<Integer> freeNumbers = new PriorityQueue<>();

  /**
   * An empty cache that takes its frames from an allocator.
   *
   * @param slab where the nodes of the files' trees come from
   */
  public PageCache(PageAllocator allocator, SlabAllocator slab) {
    this.nodes = slab.kernelCaches().get("radix_tree_node");
    this.allocator = allocator;
    this.memMap = allocator.memMap();
    this.ram = allocator.ram();
    this.vmStat = allocator.vmStat();
    this.lru = allocator.lru();
    this.shadowNodes = new ShadowNodes(vmStat);
    this.trace = allocator.trace();
    this.device = new FileDevice(allocator.pendingIo(), trace.time(), vmStat);
    this.flusher = new Flusher(this, dirtyLimits);
    this.readahead = new Readahead(this);
    allocator.pendingIo().setWriteEnd(this::written);
    spaces.add(null);
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
   * @param reserved whether all of it is charged to committed memory already
   * @param inode {@code i_ino}, which may be given to it later
   */
  public AddressSpace openShmem(long bytes, boolean reserved, LongSupplier inode) {
    try {
      return open(new ShmemStore(bytes, reserved, inode));
    } catch (IOException impossible) {
      throw new IllegalStateException("memory has no size", impossible);
    }
  }

  /**
   * A file of huge pages, of which there are none.
   *
   * @param inode {@code i_ino}, which may be given to it later
   */
  public AddressSpace openHugetlb(LongSupplier inode) {
    try {
      return open(new HugetlbStore(inode));
    } catch (IOException impossible) {
      throw new IllegalStateException("nothing has no size", impossible);
    }
  }

  private int freeNumber() {
    Integer lowest = freeNumbers.poll();
    if (lowest != null) {
      return lowest;
    }
    spaces.add(null);
    return spaces.size() - 1;
  }

  /**
   * Whether a hole that ends in the first page of a file on a disk unmaps all pages that begin in
   * it or behind it, as ext4 of today does: it takes the end of what it unmaps for -1.
   */
  boolean unmapsBehindHoles() {
    return unmapsBehindHoles;
  }

  /** Says so; not until then. */
  public void setUnmapsBehindHoles(boolean unmaps) {
    unmapsBehindHoles = unmaps;
  }

  /** {@code totalram_pages}: pages that the allocator manages. */
  public long totalRamPages() {
    return allocator.node().totalRamPages();
  }

  Commitment commitment() {
    return commitment;
  }

  /** Says who counts committed memory; nobody does until then. */
  public void setCommitment(Commitment counter) {
    commitment = counter;
  }

  ShmemSwap shmemSwap() {
    return shmemSwap;
  }

  /** Says where pages of files of memory go when RAM is short; nowhere until then. */
  public void setShmemSwap(ShmemSwap swap) {
    shmemSwap = swap;
  }

  ShmemFiles shmemFiles() {
    return shmemFiles;
  }

  /**
   * {@code shmem_unuse}: brings everything in that files of memory have on a swap area.
   *
   * @return 0, or -ENOMEM
   */
  public int unuseShmem(int type) {
    return shmemFiles.unuse(type);
  }

  /** For the audit: tells every slot of swap that a file of memory has. */
  public void forEachShmemSlot(IntConsumer slots) {
    for (AddressSpace space : spaces()) {
      Shmem shmem = space.shmem();
      if (shmem != null) {
        shmem.forEachSlot(slots);
      }
    }
  }

  /** Whether nothing of any file is in the host's cache at first: {@code --cold-files}. */
  public boolean hasColdFiles() {
    return coldFiles;
  }

  /** Says so; before the first file is read. */
  public void setColdFiles(boolean cold) {
    coldFiles = cold;
  }

  /** {@code ext4_setattr}: whether a longer file has its block at the old end dirty: since 6.8. */
  boolean cutsToGrow() {
    return cutsToGrow;
  }

  /** Says so. */
  public void setCutsToGrow(boolean cuts) {
    cutsToGrow = cuts;
  }

  /** Says that readahead is that of Linux 6.18, with windows for large folios, and not of 6.1. */
  public void setOrderedWindows() {
    readahead.setWindows(new OrderedWindows(this));
  }

  /** The device that files are on, for readahead. */
  public BackingDev backingDev() {
    return backingDev;
  }

  /** Says which; before the first file is opened. */
  public void setBackingDev(BackingDev device) {
    backingDev = device;
  }

  /** How much of memory may be dirty. */
  public DirtyLimits dirtyLimits() {
    return dirtyLimits;
  }

  /** The file whose page the frame is, or null if it is none's. */
  public @Nullable AddressSpace spaceOf(int pfn) {
    boolean other = memMap.testFlags(pfn, PageFlags.ANON | PageFlags.MOVABLE);
    return other ? null : spaces.get(memMap.mapping(pfn));
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

  /** {@code radix_tree_node_cachep}: what a {@link PageTree} takes its nodes from. */
  public KmemCache treeNodes() {
    return nodes;
  }

  /** The nodes of trees that hold nothing but shadows, for their shrinker. */
  public ShadowNodes shadowNodes() {
    return shadowNodes;
  }

  void forget(AddressSpace space) {
    spaces.set(space.number(), null);
    freeNumbers.add(space.number());
  }

  /**
   * {@code wakeup_flusher_threads}: reclaim meets nothing but dirty pages that nobody writes. All
   * are given to the device; nobody waits.
   */
  public void wakeupFlushers() {
    flusher.writeAll();
  }

  /**
   * Ends transfers whose time has come, and lets the flusher work if it is due. Called where the
   * kernel would schedule; nobody may rely there on a frame that he holds no reference to.
   */
  public void atSafePoint() {
    flusher.atSafePoint();
  }

  /** {@code ksys_sync}: writes everything back, and waits for the device. */
  public void sync() {
    flusher.writeAll();
    allocator.pendingIo().waitForAll(IoWait.FILE_WRITE);
  }

  /**
   * {@code fail_make_request}: pages that the device of the files cannot move. Only those count
   * that come from it, or go there: nothing that the host is taken to have in its cache.
   */
  public FaultAttr failMakeRequest() {
    return device.failMakeRequest();
  }

  /**
   * {@code task_io_account_cancelled_write}: how many dirty pages went with their files, or with
   * the end of one, before they were written.
   */
  public long cancelledWrites() {
    return cancelledWrites;
  }

  void countCancelledWrite() {
    cancelledWrites++;
  }

  private void written(int pfn) {
    AddressSpace space = spaceOf(pfn);
    if (space != null) {
      space.dirtyPages().written(pfn);
    }
  }

  long nanos() {
    return trace.time().nanos();
  }

  // ---- Giving back ----

  /**
   * {@code drop_pagecache}: drops all pages that are clean and that nobody but the cache holds.
   *
   * @return how many went
   */
  public long dropClean() {
    long dropped = 0;
    for (AddressSpace space : spaces()) {
      dropped += space.invalidate(0, Long.MAX_VALUE);
    }
    return dropped;
  }

  /** Nobody counts. */
  private enum Uncommitted implements Commitment {
    INSTANCE;

    @Override
    public boolean commitPage() {
      return true;
    }

    @Override
    public void uncommitPage() {}
  }

  // ---- Audit ----

  /** Claims the frames of the cache, and recounts. */
  public void audit(Audit audit) {
    long pages = 0;
    long treeNodes = 0;
    long[] writePending = new long[allocator.zones().size()];
    for (AddressSpace space : spaces) {
      if (space != null) {
        pages += space.audit(audit, writePending);
        treeNodes += space.auditTree();
      }
    }
    allocator.pendingIo().audit(audit, writePending);
    for (Zone zone : allocator.zones()) {
      audit.expectEqual(
          "nr_zone_write_pending of zone " + zone.name(),
          zone.stat().get(VmStatItem.NR_ZONE_WRITE_PENDING),
          writePending[zone.index()]);
    }
    shadowNodes.audit(audit);
    audit.expectObjects(nodes, treeNodes);
    // Pages in the swap cache count, too.
    long swapCached = vmStat.get(VmStatItem.NR_SWAPCACHED);
    audit.expectEqual("nr_file_pages", vmStat.get(VmStatItem.NR_FILE_PAGES) - swapCached, pages);
  }
}
