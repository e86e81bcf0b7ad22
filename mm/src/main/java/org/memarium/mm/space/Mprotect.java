package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.PROT_EXEC;
import static org.memarium.mm.space.MmapFlags.PROT_GROWSDOWN;
import static org.memarium.mm.space.MmapFlags.PROT_GROWSUP;
import static org.memarium.mm.space.MmapFlags.PROT_READ;
import static org.memarium.mm.space.MmapFlags.PROT_SEM;
import static org.memarium.mm.space.MmapFlags.PROT_WRITE;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** {@code mprotect} (Linux {@code mm/mprotect.c}). */
final class Mprotect {
  private static final int PROT_BITS = PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM;

  private final MmStruct mm;
  private final VmaTree tree;

  Mprotect(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /**
   * {@code do_mprotect_pkey}. What comes before a hole or a refusal has been changed when the error
   * is returned.
   */
  long mprotect(long address, long requestedBytes, int requestedProt) {
    int grows = requestedProt & (PROT_GROWSDOWN | PROT_GROWSUP);
    int prot = requestedProt & ~(PROT_GROWSDOWN | PROT_GROWSUP);
    if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || (address & (Ram.PAGE_SIZE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    if (requestedBytes == 0) {
      return 0;
    }
    long bytes = mm.layout().word(MmStruct.pageAlign(requestedBytes));
    long end = mm.layout().word(address + bytes);
    if (end <= address) {
      return -Errno.ENOMEM;
    }
    if ((prot & ~PROT_BITS) != 0) {
      return -Errno.EINVAL;
    }
    Vma area = tree.findIntersection(address, end);
    if (area == null) {
      return -Errno.ENOMEM;
    }
    long start = address;
    if ((grows & PROT_GROWSDOWN) != 0) {
      start = area.start;
      if ((area.flags & VmFlags.GROWSDOWN) == 0) {
        return -Errno.EINVAL;
      }
    } else {
      if (area.start > start) {
        return -Errno.ENOMEM;
      }
      if ((grows & PROT_GROWSUP) != 0) {
        return -Errno.EINVAL;
      }
    }
    return change(area, start, end, prot);
  }

  private long change(Vma first, long start, long end, int prot) {
    boolean impliesExec = mm.readImpliesExec() && (prot & PROT_READ) != 0;
    Vma area = first;
    long at = start;
    while (at < end) {
      if (area == null || area.start > at) {
        return -Errno.ENOMEM;
      }
      int flags = (area.flags & ~VmFlags.ACCESS) | Mmap.protBits(prot);
      if (impliesExec && (area.flags & VmFlags.MAYEXEC) != 0) {
        flags |= VmFlags.EXEC;
      }
      if ((flags & ~(flags >> 4) & VmFlags.ACCESS) != 0) {
        return -Errno.EACCES;
      }
      long partEnd = Math.min(area.end, end);
      long error = fixUp(area, at, partEnd, flags);
      if (error != 0) {
        return error;
      }
      at = partEnd;
      area = at < end ? tree.find(at) : null;
    }
    return 0;
  }

  /** {@code mprotect_fixup}: gives [start, end), which lies in one area, new flags. */
  private long fixUp(Vma area, long start, long end, int requestedFlags) {
    int oldFlags = area.flags;
    int flags = requestedFlags;
    if ((oldFlags & VmFlags.SEALED) != 0) {
      return -Errno.EPERM;
    }
    if (flags == oldFlags) {
      return 0;
    }
    long pages = (end - start) >>> Ram.PAGE_SHIFT;
    long charged = 0;
    if ((flags & VmFlags.WRITE) != 0) {
      if (!mm.accounting.mayExpand(flags, pages) && mm.accounting.mayExpand(oldFlags, pages)) {
        return -Errno.ENOMEM;
      }
      int charging =
          VmFlags.ACCOUNT | VmFlags.WRITE | VmFlags.HUGETLB | VmFlags.SHARED | VmFlags.NORESERVE;
      if ((oldFlags & charging) == 0) {
        if (!mm.memory().committedMemory().isEnoughFor(mm, pages)) {
          return -Errno.ENOMEM;
        }
        charged = pages;
        flags |= VmFlags.ACCOUNT;
      }
    } else if ((oldFlags & VmFlags.ACCOUNT) != 0
        && area.isAnonymous()
        && area.anonVma == null
        && mm.layout().uncommitsUntouched()) {
      flags &= ~VmFlags.ACCOUNT;
    }
    Vma changed = mm.merge.modifyFlags(area, start, end, flags);
    if (changed == null) {
      return mm.merge.refusal(area, start, end);
    }
    mm.memory().committedMemory().commit(charged);
    if ((oldFlags & VmFlags.ACCOUNT) != 0 && (flags & VmFlags.ACCOUNT) == 0) {
      mm.memory().committedMemory().uncommit(pages);
    }
    mm.pages.protect(changed, start, end);
    mm.accounting.add(oldFlags, -pages);
    mm.accounting.add(flags, pages);
    int locked = VmFlags.WRITE | VmFlags.SHARED | VmFlags.LOCKED;
    if ((oldFlags & locked) == VmFlags.LOCKED && (flags & VmFlags.WRITE) != 0) {
      mm.memory().populate(mm, start, end);
    }
    return 0;
  }
}
