package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.LEGACY_MAP_MASK;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED_NOREPLACE;
import static org.memarium.mm.space.MmapFlags.MAP_GROWSDOWN;
import static org.memarium.mm.space.MmapFlags.MAP_LOCKED;
import static org.memarium.mm.space.MmapFlags.MAP_NONBLOCK;
import static org.memarium.mm.space.MmapFlags.MAP_NORESERVE;
import static org.memarium.mm.space.MmapFlags.MAP_POPULATE;
import static org.memarium.mm.space.MmapFlags.MAP_PRIVATE;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED_VALIDATE;
import static org.memarium.mm.space.MmapFlags.MAP_STACK;
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
    address = mm.unmappedArea.get(address, bytes, mapFlags);
    if (address < 0) {
      return address;
    }
    if ((mapFlags & MAP_FIXED_NOREPLACE) != 0
        && tree.findIntersection(address, address + bytes) != null) {
      return -Errno.EEXIST;
    }
    if ((mapFlags & MAP_LOCKED) != 0 && !mm.canMlock()) {
      return -Errno.EPERM;
    }
    if (!mm.mlockFutureOk(flags, pages)) {
      return -Errno.EAGAIN;
    }
    long typed =
        file == null ? anonymousFlags(flags, mapFlags) : fileFlags(flags, mapFlags, prot, file);
    if (typed < 0) {
      return typed;
    }
    flags = (int) typed;
    if ((mapFlags & MAP_NORESERVE) != 0 && mm.memory().overcommitIsAllowed()) {
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
    if ((mapFlags & MAP_STACK) != 0 && mm.layout().marksStacks()) {
      flags |= VmFlags.NOHUGEPAGE;
    }
    return flags;
  }

  /** What the type of a mapping without a file adds to the flags, or a negative errno. */
  private static long anonymousFlags(int flags, int mapFlags) {
    return switch (mapFlags & MAP_TYPE) {
      case MAP_SHARED ->
          (flags & VmFlags.GROWSDOWN) != 0
              ? -Errno.EINVAL
              : flags | VmFlags.SHARED | VmFlags.MAYSHARE;
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
      if (type == MAP_SHARED_VALIDATE && (requestedFlags & ~LEGACY_MAP_MASK) != 0) {
        return -Errno.EOPNOTSUPP;
      }
      if ((prot & PROT_WRITE) != 0 && !file.isWritable()) {
        return -Errno.EACCES;
      }
      flags |= VmFlags.SHARED | VmFlags.MAYSHARE;
      if (!file.isWritable()) {
        flags &= ~(VmFlags.MAYWRITE | VmFlags.SHARED);
      } else if (file.isSealedAgainstWriting() || file.isSealedAgainstFutureWriting()) {
        if ((prot & PROT_WRITE) != 0
            || (file.isSealedAgainstWriting() && !mm.layout().mapsSealedFiles())) {
          return -Errno.EPERM;
        }
        flags &= ~VmFlags.MAYWRITE;
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
    return (flags & VmFlags.GROWSDOWN) != 0 ? -Errno.EINVAL : file.areaFlags(flags);
  }

  /** {@code mmap_region}: replaces what is there, merges or makes the area, and accounts for it. */
  private long region(
      @Nullable MappedFile file, long start, long bytes, int requestedFlags, long pageOffset) {
    long end = start + bytes;
    long pages = bytes >>> Ram.PAGE_SHIFT;
    int flags = requestedFlags;
    long replaced = mm.pagesIn(start, end, false);
    if (!mm.munmap.mayUnmap(start, end)) {
      return -Errno.ENOMEM;
    }
    if (!mm.accounting.mayExpand(flags, pages - replaced)) {
      return -Errno.ENOMEM;
    }
    long charged = 0;
    if (VmFlags.isAccountable(flags)) {
      charged = pages - mm.pagesIn(start, end, true);
      if (!mm.memory().committedMemory().isEnoughFor(mm, charged)) {
        return -Errno.ENOMEM;
      }
      flags |= VmFlags.ACCOUNT;
    }
    boolean sharedMemory =
        (flags & VmFlags.SHARED) != 0
            && (file == null || file.mmapKind() == MappedFile.MmapKind.ZERO);
    boolean reserved = sharedMemory && (flags & VmFlags.NORESERVE) == 0;
    if (reserved && !mm.memory().committedMemory().isEnoughFor(mm, pages)) {
      return -Errno.ENOMEM;
    }
    if (replaced > 0 && !mm.munmap.unmapRange(start, end)) {
      return -Errno.ENOMEM;
    }
    if ((flags & VmFlags.ACCOUNT) != 0) {
      // All of it: unmapRange gave back what the replaced areas had.
      mm.memory().committedMemory().commit(pages);
    }
    if (sharedMemory
        || mm.merge.mergeNewRange(start, end, flags, file, pageOffset, null, false) == null) {
      Vma area = mm.newArea(start, end, flags, pageOffset);
      long error = area == null ? -Errno.ENOMEM : attach(area, file, sharedMemory, reserved);
      if (area == null || error != 0) {
        // What was there before is gone, as on Linux 6.1.
        if ((flags & VmFlags.ACCOUNT) != 0) {
          mm.memory().committedMemory().uncommit(pages);
        }
        return error;
      }
      mm.adopt(area);
    }
    mm.accounting.add(flags, pages);
    mm.accounting.addLocked(flags, pages);
    return start;
  }

  /** Gives a new area its file; 0, or a negative errno, and then the area is freed. */
  private long attach(Vma area, @Nullable MappedFile file, boolean sharedMemory, boolean reserved) {
    MappedFile source = file;
    if (sharedMemory) {
      ShmemFile shmem = new ShmemFile(mm.memory(), area.pages(), reserved);
      long error = shmem.setUp();
      if (error != 0) {
        mm.freeArea(area);
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
