package org.memarium.kernel.ipc;

import java.util.TreeMap;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.HugetlbFile;
import org.memarium.mm.space.HugetlbPages;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.space.NamelessFile;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.space.ShmemFile;
import org.memarium.mm.space.Vma;

/**
 * Shared memory of System V: segments, which live until somebody removes them and nobody has them
 * attached any more; Linux {@code ipc/shm.c}.
 *
 * <p>The pages of a segment are those of a file in memory. Calls return what Linux's return, or a
 * negative errno.
 */
public final class SharedMemory {
  private static final int SHM_RDONLY = 010000;
  private static final int SHM_RND = 020000;
  private static final int SHM_REMAP = 040000;
  private static final int SHM_EXEC = 0100000;
  private static final int SHM_HUGETLB = 04000;
  private static final int SHM_NORESERVE = 010000;

  private static final int HUGE_SHIFT = 26;
  private static final int HUGE_MASK = 0x3f;

  private static final int S_IRUGO = 0444;
  private static final int S_IWUGO = 0222;
  private static final int S_IXUGO = 0111;

  /** {@code sysctl_hugetlb_shm_group}. */
  private static final int HUGETLB_SHM_GROUP = 0;

  private static final int DEFAULT_SEGMENTS = 4096;
  private static final long UNLIMITED_LESS = 1L << 24;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final MemoryManager memory;
  private final SlabAllocator slab;
  private final IntSupplier currentTgid;
  private final LongSupplier realtimeNanos;
  private final int wordBytes;
  private final IpcIds<ShmSegment> ids = new IpcIds<>();

  /** {@code UCOUNT_RLIMIT_MEMLOCK}: pages that SHM_LOCK has locked, by user. */
  private final TreeMap<Integer, Long> lockedPages = new TreeMap<>();

  // ---- Settings in /proc/sys/kernel ----
  private long maxBytes;
  private long maxTotalPages;
  private int maxSegments = DEFAULT_SEGMENTS;
  private boolean rmidForced;

  private long totalPages;

  /** How many {@link ShmFile}s there are. */
  private long files;

  /**
   * No segment.
   *
   * @param currentTgid the number of the process that runs; 0: none
   * @param realtimeNanos nanoseconds since 1970
   * @param wordBytes bytes of the kernel's word: 4 or 8
   */
  SharedMemory(
      MemoryManager memory,
      SlabAllocator slab,
      IntSupplier currentTgid,
      LongSupplier realtimeNanos,
      int wordBytes) {
    this.memory = memory;
    this.slab = slab;
    this.currentTgid = currentTgid;
    this.realtimeNanos = realtimeNanos;
    this.wordBytes = wordBytes;
    maxBytes = (wordBytes == 4 ? 0xffff_ffffL : -1L) - UNLIMITED_LESS;
    maxTotalPages = maxBytes;
  }

  private long nowSeconds() {
    return realtimeNanos.getAsLong() / NANOS_PER_SECOND;
  }

  // ---- shmget ----

  /**
   * {@code shmget}.
   *
   * @param bytes unsigned 32 bits
   * @return the segment's number; a negative errno
   */
  public long shmget(IpcCaller caller, int key, long bytes, int flags) {
    return ids.get(
        caller,
        key,
        flags,
        () -> newSegment(caller, key, bytes, flags),
        found -> found.bytes < bytes ? -Errno.EINVAL : 0);
  }

  /** {@code newseg}. */
  private long newSegment(IpcCaller caller, int key, long bytes, int flags) {
    if (bytes < 1 || Long.compareUnsigned(bytes, maxBytes) > 0) {
      return -Errno.EINVAL;
    }
    long pages = (bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    if (wordBytes == 4 && pages >>> (Integer.SIZE - Ram.PAGE_SHIFT) != 0) {
      return -Errno.ENOSPC;
    }
    if (Long.compareUnsigned(totalPages + pages, maxTotalPages) > 0) {
      return -Errno.ENOSPC;
    }
    long slot = slab.kmalloc().kmalloc(wordBytes == 4 ? 128 : 256, Gfp.GFP_KERNEL_ACCOUNT);
    if (slot == 0) {
      return -Errno.ENOMEM;
    }
    long result = newSegment(caller, key, bytes, flags, slot);
    if (result < 0) {
      slab.kmalloc().kfree(slot);
    }
    return result;
  }

  private long newSegment(IpcCaller caller, int key, long bytes, int flags, long slot) {
    String path = "/SYSV%08x (deleted)".formatted(key);
    boolean free = (flags & SHM_NORESERVE) != 0;
    NamelessFile file;
    if ((flags & SHM_HUGETLB) != 0) {
      long pageBytes = caller.mm().hugePageBytes(flags >>> HUGE_SHIFT & HUGE_MASK);
      long error = checkHugePages(caller, pageBytes, free);
      if (error != 0) {
        return error;
      }
      file = HugetlbFile.ofKernel(memory, path, pageBytes, bytes);
    } else {
      free &= memory.committedMemory().mode() != MemoryManager.Overcommit.NEVER;
      file = ShmemFile.ofKernel(memory, path, bytes, !free);
    }
    long error = file.hold(caller.mm());
    if (error != 0) {
      return error;
    }
    ShmSegment segment = new ShmSegment(caller, key, flags, bytes, file, slot);
    segment.changeSeconds = nowSeconds();
    long id = ids.add(segment, maxSegments);
    if (id < 0) {
      file.release();
      return id;
    }
    file.setInode(id);
    totalPages += segment.pages();
    return id;
  }

  /**
   * {@code hugetlb_file_setup}, of a kernel whose pool is empty.
   *
   * @param pageBytes 0: a size that there is not
   * @param free whether no pages are to be put aside
   */
  private static long checkHugePages(IpcCaller caller, long pageBytes, boolean free) {
    if (pageBytes == 0) {
      return -Errno.EINVAL;
    }
    // can_do_hugetlb_shm
    if (!caller.isPrivileged() && !caller.isInGroup(HUGETLB_SHM_GROUP)) {
      return -Errno.EPERM;
    }
    return free ? 0 : -Errno.ENOMEM;
  }

  // ---- shmat and shmdt ----

  /**
   * {@code do_shmat}.
   *
   * @param hint where; 0: anywhere
   * @return the address, or a negative errno
   */
  public long shmat(IpcCaller caller, int id, long hint, int flags) {
    if (id < 0) {
      return -Errno.EINVAL;
    }
    long address = hint;
    if (address != 0) {
      if ((address & (Ram.PAGE_SIZE - 1)) != 0) {
        if ((flags & SHM_RND) == 0) {
          return -Errno.EINVAL;
        }
        address &= -(long) Ram.PAGE_SIZE;
        if (address == 0 && (flags & SHM_REMAP) != 0) {
          return -Errno.EINVAL;
        }
      }
    } else if ((flags & SHM_REMAP) != 0) {
      return -Errno.EINVAL;
    }
    ShmSegment segment = ids.find(id);
    if (segment == null) {
      return -Errno.EINVAL;
    }
    boolean readOnly = (flags & SHM_RDONLY) != 0;
    boolean executable = (flags & SHM_EXEC) != 0;
    int wanted = S_IRUGO | (readOnly ? 0 : S_IWUGO) | (executable ? S_IXUGO : 0);
    if (!segment.permits(caller, wanted)) {
      return -Errno.EACCES;
    }
    ShmFile file = open(segment, !readOnly);
    if (file == null) {
      return -Errno.ENOMEM;
    }
    // With SHM_REMAP the attachment that goes may have been the last.
    segment.attached++;
    long result = map(caller.mm(), file, address, hint != 0, (flags & SHM_REMAP) != 0, executable);
    segment.attached--;
    if (!file.isMapped()) {
      free(file);
      destroyIfUnused(segment);
    }
    return result;
  }

  private static long map(
      MmStruct mm, ShmFile file, long address, boolean fixed, boolean remap, boolean executable) {
    HugetlbPages huge = file.hugePages();
    long bytes = huge == null ? file.segment().bytes : huge.bytes();
    if (address != 0 && !remap) {
      if (mm.layout().word(address + bytes) < address) {
        return -Errno.EINVAL;
      }
      Vma area = mm.findVma(address);
      if (area != null && area.start() < address + bytes) {
        return -Errno.EINVAL;
      }
    }
    int prot =
        MmapFlags.PROT_READ
            | (file.isWritable() ? MmapFlags.PROT_WRITE : 0)
            | (executable ? MmapFlags.PROT_EXEC : 0);
    int flags = MmapFlags.MAP_SHARED | (fixed ? MmapFlags.MAP_FIXED : 0);
    return mm.mmap(address, bytes, prot, flags, file, 0);
  }

  private @Nullable ShmFile open(ShmSegment segment, boolean writable) {
    long data = slab.kmalloc().kzalloc(wordBytes == 4 ? 16 : 32, Gfp.GFP_KERNEL);
    if (data == 0) {
      return null;
    }
    long file = slab.kernelCaches().filp().alloc(Gfp.GFP_KERNEL);
    if (file == 0) {
      slab.kmalloc().kfree(data);
      return null;
    }
    files++;
    return new ShmFile(this, segment, writable, file, data);
  }

  /** {@code shm_release}. */
  void free(ShmFile file) {
    slab.kernelCaches().filp().free(file.fileSlot);
    slab.kmalloc().kfree(file.dataSlot);
    files--;
  }

  /** {@code __shm_open}: one area more maps a segment. */
  void attached(ShmSegment segment) {
    segment.attached++;
    segment.attachSeconds = nowSeconds();
    segment.lastPid = currentTgid.getAsInt();
  }

  /** {@code __shm_close}: one area less does. */
  void detached(ShmSegment segment) {
    segment.attached--;
    segment.detachSeconds = nowSeconds();
    segment.lastPid = currentTgid.getAsInt();
    destroyIfUnused(segment);
  }

  /**
   * {@code ksys_shmdt}: unmaps what is left of the first attachment whose beginning is, or was, at
   * an address.
   *
   * @return 0 or a negative errno
   */
  public long shmdt(IpcCaller caller, long address) {
    if ((address & (Ram.PAGE_SIZE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    MmStruct mm = caller.mm();
    ShmFile file = null;
    long end = Long.MAX_VALUE;
    Vma area = mm.findVma(address);
    while (area != null && area.end() <= end) {
      Vma next = area.next();
      boolean continues =
          area.file() instanceof ShmFile its
              && (file == null || its.equals(file))
              && (area.start() - address) >> Ram.PAGE_SHIFT == area.pageOffset();
      if (continues && area.file() instanceof ShmFile its) {
        if (file == null) {
          file = its;
          end = address + (its.segment().pages() << Ram.PAGE_SHIFT);
        }
        // Where that cannot be, as for a sealed area, Linux says nothing.
        var _ = mm.munmap(area.start(), area.end() - area.start());
      }
      area = next;
    }
    return file == null ? -Errno.EINVAL : 0;
  }

  // ---- shmctl ----

  /** IPC_STAT: the segment of a number that the caller may read; or a negative errno. */
  public IpcResult<ShmSegment> stat(IpcCaller caller, int id) {
    return IpcResult.ifPermitted(caller, ids.find(id), S_IRUGO);
  }

  /**
   * SHM_STAT and SHM_STAT_ANY: the segment at an index.
   *
   * @param any whoever the caller is
   */
  public IpcResult<ShmSegment> statAt(IpcCaller caller, int index, boolean any) {
    return IpcResult.ifPermitted(caller, ids.atIndexOf(index), any ? 0 : S_IRUGO);
  }

  /** IPC_SET: 0 or a negative errno. */
  public long set(IpcCaller caller, int id, int uid, int gid, int mode) {
    ShmSegment segment = ids.find(id);
    long result = IpcObject.update(segment, caller, uid, gid, mode);
    if (segment != null && result == 0) {
      segment.changeSeconds = nowSeconds();
    }
    return result;
  }

  /** IPC_RMID: 0 or a negative errno. Who has it attached keeps it. */
  public long remove(IpcCaller caller, int id) {
    ShmSegment segment = ids.find(id);
    if (segment == null || !segment.isControlledBy(caller)) {
      return segment == null ? -Errno.EINVAL : -Errno.EPERM;
    }
    if (segment.attached > 0) {
      segment.mode |= ShmSegment.DEST;
      ids.forgetKey(segment);
    } else {
      destroy(segment);
    }
    return 0;
  }

  /**
   * {@code shmctl_do_lock}: SHM_LOCK, SHM_UNLOCK.
   *
   * @return 0 or a negative errno
   */
  public long lock(IpcCaller caller, int id, boolean lock) {
    ShmSegment segment = ids.find(id);
    if (segment == null) {
      return -Errno.EINVAL;
    }
    long limit = caller.mm().limits().soft(RLimits.MEMLOCK);
    if (!caller.isPrivileged() && (!segment.isOwnedBy(caller) || (lock && limit == 0))) {
      return -Errno.EPERM;
    }
    if (segment.file.hugePages() != null) {
      return 0;
    }
    if (!lock) {
      unlock(segment);
      return 0;
    }
    if (segment.isLocked()) {
      return 0;
    }
    // user_shm_lock
    long locked = lockedPages(caller.uid()) + segment.pages();
    if (!caller.isPrivileged() && locked > limit >>> Ram.PAGE_SHIFT) {
      return -Errno.ENOMEM;
    }
    lockedPages.put(caller.uid(), locked);
    segment.mode |= ShmSegment.LOCKED;
    segment.lockUser = caller.uid();
    segment.file.mapping().setUnevictable(true);
    return 0;
  }

  private void unlock(ShmSegment segment) {
    if (segment.isLocked()) {
      segment.mode &= ~ShmSegment.LOCKED;
      segment.file.mapping().setUnevictable(false);
      lockedPages.merge(segment.lockUser, -segment.pages(), Long::sum);
    }
  }

  private long lockedPages(int uid) {
    return lockedPages.getOrDefault(uid, 0L);
  }

  // ---- The end of a segment ----

  /** {@code shm_may_destroy}, {@code shm_destroy}. */
  private void destroyIfUnused(ShmSegment segment) {
    if (segment.attached == 0 && (rmidForced || segment.isDestined()) && !segment.isRemoved()) {
      destroy(segment);
    }
  }

  private void destroy(ShmSegment segment) {
    ids.remove(segment);
    totalPages -= segment.pages();
    unlock(segment);
    segment.file.release();
    slab.kmalloc().kfree(segment.slot);
  }

  /** {@code exit_shm}: a thread has ended. */
  void exit(Object thread) {
    for (ShmSegment segment : ids.all()) {
      if (thread.equals(segment.creator)) {
        segment.creator = null;
        if (rmidForced) {
          destroyIfUnused(segment);
        }
      }
    }
  }

  // ---- What can be asked and set ----

  /** The segments. */
  public IpcIds<ShmSegment> ids() {
    return ids;
  }

  /** {@code shm_tot}: pages of all segments together. */
  public long totalPages() {
    return totalPages;
  }

  /** {@code shmmax}: the largest segment, in bytes; unsigned. */
  public long maxBytes() {
    return maxBytes;
  }

  /** Sets {@code shmmax}. */
  public void setMaxBytes(long bytes) {
    maxBytes = bytes;
  }

  /** {@code shmall}: how many pages all segments may have together; unsigned. */
  public long maxTotalPages() {
    return maxTotalPages;
  }

  /** Sets {@code shmall}. */
  public void setMaxTotalPages(long pages) {
    maxTotalPages = pages;
  }

  /** {@code shmmni}: how many segments there may be. */
  public int maxSegments() {
    return maxSegments;
  }

  /** Sets {@code shmmni}. */
  public void setMaxSegments(int segments) {
    maxSegments = segments;
  }

  /** {@code shm_rmid_forced}: a segment goes with the last who has it attached, in any case. */
  public boolean isRmidForced() {
    return rmidForced;
  }

  /** Sets {@code shm_rmid_forced}; segments whose makers are gone, and that nobody has, go. */
  public void setRmidForced(boolean forced) {
    rmidForced = forced;
    if (forced) {
      for (ShmSegment segment : ids.all()) {
        if (segment.creator == null) {
          destroyIfUnused(segment);
        }
      }
    }
  }

  /** Recounts. */
  void audit(Audit audit) {
    long pages = 0;
    long attached = 0;
    TreeMap<Integer, Long> locked = new TreeMap<>();
    for (ShmSegment segment : ids.all()) {
      pages += segment.pages();
      attached += segment.attached;
      if (segment.isLocked()) {
        locked.merge(segment.lockUser, segment.pages(), Long::sum);
      }
    }
    long areas = 0;
    for (MmStruct mm : memory.addressSpaces()) {
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        areas += area.file() instanceof ShmFile ? 1 : 0;
      }
    }
    audit.expectEqual("pages of System V's shared memory", totalPages, pages);
    audit.expectEqual("attachments of System V's shared memory", attached, areas);
    lockedPages.forEach((uid, count) ->
        audit.expectEqual(
            "pages that user " + uid + " locked", count, locked.getOrDefault(uid, 0L)));
    audit.expectObjects(slab.kernelCaches().filp(), files);
  }
}
