package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.MAP_DROPPABLE;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED_NOREPLACE;
import static org.memarium.mm.space.MmapFlags.MAP_GROWSDOWN;
import static org.memarium.mm.space.MmapFlags.MAP_HUGETLB;
import static org.memarium.mm.space.MmapFlags.MAP_HUGE_MASK;
import static org.memarium.mm.space.MmapFlags.MAP_HUGE_SHIFT;
import static org.memarium.mm.space.MmapFlags.MAP_LOCKED;
import static org.memarium.mm.space.MmapFlags.MAP_NONBLOCK;
import static org.memarium.mm.space.MmapFlags.MAP_NORESERVE;
import static org.memarium.mm.space.MmapFlags.MAP_POPULATE;
import static org.memarium.mm.space.MmapFlags.MAP_PRIVATE;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED_VALIDATE;
import static org.memarium.mm.space.MmapFlags.MAP_STACK;
import static org.memarium.mm.space.MmapFlags.MAP_SYNC;
import static org.memarium.mm.space.MmapFlags.MAP_TYPE;
import static org.memarium.mm.space.MmapFlags.PROT_EXEC;
import static org.memarium.mm.space.MmapFlags.PROT_READ;
import static org.memarium.mm.space.MmapFlags.PROT_WRITE;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** {@code do_mmap} and {@code mmap_region} (Linux {@code mm/mmap.c}, {@code mm/vma.c}). */
final class Mmap {
  private final MmStruct mm;
  private final VmaTree tree;

  Mmap(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** {@code do_mmap}; the checks are in Linux's order, because the first one that fails answers. */
  long mmap(
      long hint,
      long requestedBytes,
      int requestedProt,
      int requestedFlags,
      @Nullable MappedFile file,
      long requestedPageOffset) {
    HugetlbPages huge = file == null ? null : file.hugePages();
    if ((requestedFlags & MAP_HUGETLB) != 0 && huge == null) {
      return file == null
          ? mmapHuge(hint, requestedBytes, requestedProt, requestedFlags, requestedPageOffset)
          : -Errno.EINVAL;
    }
    if (requestedBytes == 0) {
      return -Errno.EINVAL;
    }
    int prot = requestedProt;
    if (mm.readImpliesExec() && (prot & PROT_READ) != 0 && (file == null || !file.isNoExec())) {
      prot |= PROT_EXEC;
    }
    int mapFlags = requestedFlags;
    if ((mapFlags & MAP_FIXED_NOREPLACE) != 0) {
      mapFlags |= MAP_FIXED;
    }
    long address = (mapFlags & MAP_FIXED) != 0 ? hint : mm.unmappedArea.roundHintToMin(hint);
    long bytes = MmStruct.pageAlign(requestedBytes);
    if (bytes >>> 32 != 0) {
      return -Errno.ENOMEM;
    }
    long pages = bytes >>> Ram.PAGE_SHIFT;
    if (requestedPageOffset + pages > mm.layout().maxPageOffset()) {
      return -Errno.EOVERFLOW;
    }
    if (tree.size() > mm.maxMapCount()) {
      return -Errno.ENOMEM;
    }
    int flags =
        protBits(prot)
            | flagBits(mapFlags)
            | mm.defaultFlags()
            | VmFlags.MAYREAD
            | VmFlags.MAYWRITE
            | VmFlags.MAYEXEC;
    address =
        mm.unmappedArea.get(
            address, bytes, mapFlags, huge == null ? Ram.PAGE_SIZE : huge.pageBytes());
    if (address < 0) {
      return address;
    }
    if ((mapFlags & MAP_FIXED_NOREPLACE) != 0
        && tree.findIntersection(address, address + bytes) != null) {
      return -Errno.EEXIST;
    }
    if ((mapFlags & MAP_LOCKED) != 0 && !mm.mlock.canLock()) {
      return -Errno.EPERM;
    }
    if (!mm.mlock.futureOk(flags, pages)) {
      return -Errno.EAGAIN;
    }
    long typed =
        file == null ? anonymousFlags(flags, mapFlags) : fileFlags(flags, mapFlags, prot, file);
    if (typed < 0) {
      return typed;
    }
    flags = (int) typed;
    if ((mapFlags & MAP_NORESERVE) != 0 && (huge != null || mm.memory().overcommitIsAllowed())) {
      flags |= VmFlags.NORESERVE;
    }
    boolean shared = (flags & VmFlags.MAYSHARE) != 0;
    long pageOffset = requestedPageOffset;
    if (file == null) {
      pageOffset = shared ? 0 : address >>> Ram.PAGE_SHIFT;
    }
    long result = region(file, address, bytes, flags, pageOffset);
    if (result >= 0
        && ((flags & VmFlags.LOCKED) != 0
            || (mapFlags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)) {
      mm.memory().populate(mm, result, result + bytes);
    }
    return result;
  }

  /** {@code ksys_mmap_pgoff} for huge pages, which are those of a file that nobody named. */
  private long mmapHuge(long hint, long requestedBytes, int prot, int mapFlags, long pageOffset) {
    int sizeLog = mapFlags >>> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
    long size = mm.hugePageBytes(sizeLog);
    if (size == 0) {
      return -Errno.EINVAL;
    }
    long bytes = mm.layout().word((requestedBytes + size - 1) & -size);
    HugetlbFile file = HugetlbFile.anonymous(mm.memory(), size, bytes);
    long error = file.setUp();
    if (error != 0) {
      return error;
    }
    // What holds the file beside the call is the area, if there comes to be one.
    file.get();
    long result = mmap(hint, bytes, prot, mapFlags, file, pageOffset);
    file.put();
    return result;
  }

  /** {@code calc_vm_prot_bits}: the values are the same. */
  static int protBits(int prot) {
    return prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
  }

  /** {@code calc_vm_flag_bits}. */
  private int flagBits(int mapFlags) {
    int flags = 0;
    if ((mapFlags & MAP_GROWSDOWN) != 0) {
      flags |= VmFlags.GROWSDOWN;
    }
    if ((mapFlags & MAP_LOCKED) != 0) {
      flags |= VmFlags.LOCKED;
    }
    if ((mapFlags & MAP_SYNC) != 0) {
      flags |= VmFlags.SYNC;
    }
    if ((mapFlags & MAP_STACK) != 0 && mm.layout().marksStacks()) {
      flags |= VmFlags.NOHUGEPAGE;
    }
    return flags;
  }

  /** What the type of a mapping without a file adds to the flags, or a negative errno. */
  private long anonymousFlags(int flags, int mapFlags) {
    boolean growsDown = (flags & VmFlags.GROWSDOWN) != 0;
    return switch (mapFlags & MAP_TYPE) {
      case MAP_SHARED -> growsDown ? -Errno.EINVAL : flags | VmFlags.SHARED | VmFlags.MAYSHARE;
      case MAP_DROPPABLE ->
          growsDown || (mapFlags & MAP_LOCKED) != 0 || !mm.layout().hasDroppableMemory()
              ? -Errno.EINVAL
              : flags
                  | VmFlags.DROPPABLE
                  | VmFlags.NORESERVE
                  | VmFlags.WIPEONFORK
                  | VmFlags.DONTDUMP;
      case MAP_PRIVATE -> flags;
      default -> -Errno.EINVAL;
    };
  }

  /** What the type of a mapping of a file changes in the flags, or a negative errno. */
  private long fileFlags(int initialFlags, int requestedFlags, int prot, MappedFile file) {
    int flags = initialFlags;
    int type = requestedFlags & MAP_TYPE;
    if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE) {
      // MAP_SHARED ignores unknown flags; MAP_SHARED_VALIDATE is there to refuse them.
      int known = mm.layout().legacyMapMask() | (isOnDisk(file) ? MAP_SYNC : 0);
      if (type == MAP_SHARED_VALIDATE && (requestedFlags & ~known) != 0) {
        return -Errno.EOPNOTSUPP;
      }
      if ((prot & PROT_WRITE) != 0 && !file.isWritable()) {
        return -Errno.EACCES;
      }
      flags |= VmFlags.SHARED | VmFlags.MAYSHARE;
      if (!file.isWritable()) {
        flags &= ~(VmFlags.MAYWRITE | VmFlags.SHARED);
      }
    } else if (type != MAP_PRIVATE) {
      return -Errno.EINVAL;
    }
    if (!file.isReadable()) {
      return -Errno.EACCES;
    }
    if (file.isNoExec()) {
      if ((flags & VmFlags.EXEC) != 0) {
        return -Errno.EPERM;
      }
      flags &= ~VmFlags.MAYEXEC;
    }
    if (file.mmapKind() == MappedFile.MmapKind.NONE) {
      return -Errno.ENODEV;
    }
    long allowed = (flags & VmFlags.GROWSDOWN) != 0 ? -Errno.EINVAL : sealedFlags(flags, file);
    if (allowed >= 0 && file.hugePages() != null) {
      allowed |= VmFlags.HUGETLB | VmFlags.DONTEXPAND;
    }
    return allowed < 0 ? allowed : file.areaFlags((int) allowed);
  }

  /** {@code memfd_check_seals_mmap}: what the seals of a file forbid now, and later. */
  private long sealedFlags(int flags, MappedFile file) {
    if ((flags & VmFlags.SHARED) == 0) {
      return flags;
    }
    if (file.isSealedAgainstWriting() && !mm.layout().mapsSealedFiles()) {
      return -Errno.EPERM;
    }
    if (file.isSealedAgainstWriting() || file.isSealedAgainstFutureWriting()) {
      return (flags & VmFlags.WRITE) != 0 ? -Errno.EPERM : flags & ~VmFlags.MAYWRITE;
    }
    return flags;
  }

  /** {@code mmap_region}: replaces what is there, merges or makes the area, and accounts for it. */
  private long region(
      @Nullable MappedFile file, long start, long bytes, int requestedFlags, long pageOffset) {
    long end = start + bytes;
    long pages = bytes >>> Ram.PAGE_SHIFT;
    int flags = requestedFlags;
    Vma above = tree.find(start);
    Vma replaced = above != null && above.start < end ? above : null;
    boolean chargesFirst = mm.layout().chargesBeforeUnmapping();
    if (replaced != null && chargesFirst) {
      long error = mm.munmap.gather(replaced, start, end);
      if (error != 0) {
        return error;
      }
    }
    long replacedPages =
        replaced == null
            ? 0
            : chargesFirst ? mm.munmap.gatheredPages() : mm.areas.pagesIn(start, end);
    if (!mm.accounting.mayExpand(flags, pages - replacedPages)) {
      return -Errno.ENOMEM;
    }
    if (replaced != null && !chargesFirst) {
      long error = mm.munmap.unmapRange(start, end);
      if (error != 0) {
        return error;
      }
    }
    if (VmFlags.isAccountable(flags) && (flags & VmFlags.HUGETLB) == 0) {
      long given = replaced != null && chargesFirst ? mm.munmap.gatheredAccounted() : 0;
      if (pages != given && !mm.memory().committedMemory().isEnoughFor(mm, pages - given)) {
        return -Errno.ENOMEM;
      }
      flags |= VmFlags.ACCOUNT;
    }
    if (replaced != null) {
      if (chargesFirst) {
        mm.munmap.remove(replaced.start < start ? replaced.next : replaced, start, end);
      }
      above = tree.find(start);
    }
    if ((flags & VmFlags.ACCOUNT) != 0) {
      // All of it: what was replaced gave back what it had.
      mm.memory().committedMemory().commit(pages);
    }
    // What may be dropped is never locked, nor are huge pages, but as if it were it has been looked
    // for neighbours, and is brought in.
    int neverLocked = VmFlags.DROPPABLE | VmFlags.HUGETLB;
    int kept = (flags & neverLocked) != 0 ? flags & ~VmFlags.LOCKED_MASK : flags;
    if (!isMerged(file, start, end, flags, pageOffset, above)) {
      long error = newRegion(file, start, end, kept, pageOffset);
      if (error != 0) {
        // What was there before is gone, as on Linux.
        if ((flags & VmFlags.ACCOUNT) != 0) {
          mm.memory().committedMemory().uncommit(pages);
        }
        return error;
      }
    }
    mm.accounting.add(flags, pages);
    mm.accounting.addLocked(kept, pages);
    return start;
  }

  /** Whether a neighbour takes the range in; {@code above} is the area behind it. */
  private boolean isMerged(
      @Nullable MappedFile file,
      long start,
      long end,
      int flags,
      long pageOffset,
      @Nullable Vma above) {
    boolean ownFile = isSharedMemory(file, flags);
    return !ownFile
        && (flags & VmFlags.HUGETLB) == 0
        && refusal(file, flags, pageOffset) == 0
        && mm.merge.mergeNewRange(
                above, start, end, flags, file, pageOffset, null, VmaMerge.Range.FRESH)
            != null;
  }

  /** Whether the mapping gets a nameless file of its own, which no neighbour has. */
  private static boolean isSharedMemory(@Nullable MappedFile file, int flags) {
    return (flags & VmFlags.SHARED) != 0
        && (file == null || file.mmapKind() == MappedFile.MmapKind.ZERO);
  }

  /** What {@code f_op->mmap} says, when it is too late for the old areas: 0 or a negative errno. */
  private static long refusal(@Nullable MappedFile file, int flags, long pageOffset) {
    if (file == null) {
      return 0;
    }
    long refusal = file.mmapRefusal(pageOffset);
    HugetlbPages huge = file.hugePages();
    if (huge != null) {
      return refusal != 0 ? refusal : huge.refusal(flags, pageOffset);
    }
    // A file system of a disk knows MAP_SYNC, and has no memory that could be mapped so.
    boolean sync = refusal == 0 && (flags & VmFlags.SYNC) != 0 && isOnDisk(file);
    return sync ? -Errno.EOPNOTSUPP : refusal;
  }

  private static boolean isOnDisk(MappedFile file) {
    return file.hugePages() == null
        && file.mmapKind() == MappedFile.MmapKind.PAGE_CACHE
        && file.mapping().store().isPersistent();
  }

  /** {@code __mmap_new_vma}; 0 or a negative errno. */
  private long newRegion(
      @Nullable MappedFile file, long start, long end, int flags, long pageOffset) {
    long refusal = refusal(file, flags, pageOffset);
    if (refusal != 0) {
      return refusal;
    }
    Vma area = mm.areas.newArea(start, end, flags, pageOffset);
    if (area == null) {
      return -Errno.ENOMEM;
    }
    long error = attach(area, file);
    if (error != 0) {
      mm.areas.freeArea(area);
      return error;
    }
    mm.areas.adopt(area);
    if (area.has(VmFlags.HUGETLB)) {
      area.hugePages().mapped(area);
    }
    return 0;
  }

  /** Gives a new area its file; 0 or a negative errno. */
  private long attach(Vma area, @Nullable MappedFile file) {
    MappedFile source = file;
    if (isSharedMemory(file, area.flags)) {
      boolean reserved = (area.flags & VmFlags.NORESERVE) == 0;
      if (reserved && !mm.memory().committedMemory().isEnoughFor(mm, area.pages())) {
        return -Errno.ENOMEM;
      }
      ShmemFile shmem = new ShmemFile(mm.memory(), area.pages(), reserved);
      long error = shmem.setUp();
      if (error != 0) {
        return error;
      }
      source = shmem;
    }
    area.file = source;
    if (source != null && source.mmapKind() == MappedFile.MmapKind.PAGE_CACHE) {
      area.mapping = source.mapping();
    }
    return 0;
  }
}
