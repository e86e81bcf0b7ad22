package org.memarium.mm.space;

import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_LOCKED;
import static org.memarium.mm.space.MmapFlags.MAP_NONBLOCK;
import static org.memarium.mm.space.MmapFlags.MAP_POPULATE;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * {@code remap_file_pages}, as Linux has emulated it since 4.0: another mapping of the same file
 * over a part of a shared one (Linux {@code mm/mmap.c}).
 */
final class RemapFilePages {
  private final MmStruct mm;
  private final VmaTree tree;

  RemapFilePages(MmStruct mm, VmaTree tree) {
    this.mm = mm;
    this.tree = tree;
  }

  /** The system call: 0 or a negative errno. */
  long remap(long address, long requestedBytes, int prot, long pageOffset, int mapFlags) {
    long start = address & -(long) Ram.PAGE_SIZE;
    long bytes = requestedBytes & -(long) Ram.PAGE_SIZE;
    long end = mm.layout().word(start + bytes);
    long endOffset = mm.layout().word(pageOffset + (bytes >>> Ram.PAGE_SHIFT));
    if (prot != 0 || end <= start || endOffset < pageOffset) {
      return -Errno.EINVAL;
    }
    Vma area = tree.find(start);
    if (area == null || area.start > start || !area.has(VmFlags.SHARED)) {
      return -Errno.EINVAL;
    }
    MappedFile file = area.file;
    if (file == null || !isCovered(area, end)) {
      return -Errno.EINVAL;
    }
    int flags = (mapFlags & MAP_NONBLOCK) | MAP_SHARED | MAP_FIXED | MAP_POPULATE;
    flags |= area.has(VmFlags.LOCKED) ? MAP_LOCKED : 0;
    // The rights of an area are its PROT_ bits.
    int rights = area.flags & VmFlags.ACCESS;
    file.getFile();
    try {
      long result = mm.mmap(start, bytes, rights, flags, file, pageOffset);
      return result < 0 ? result : 0;
    } finally {
      file.putFile();
    }
  }

  /** Whether the area, and those behind it that are like it, reach to the end without a hole. */
  @SuppressWarnings("ReferenceEquality") // the same struct file, as Linux compares it
  private static boolean isCovered(Vma first, long end) {
    Vma area = first;
    while (area.end < end) {
      @Nullable Vma next = area.next;
      if (next == null
          || next.start != area.end
          || next.file != first.file
          || next.flags != first.flags) {
        return false;
      }
      area = next;
    }
    return true;
  }
}
