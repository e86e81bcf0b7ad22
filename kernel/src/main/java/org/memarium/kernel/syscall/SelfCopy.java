package org.memarium.kernel.syscall;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/**
 * A copy between a file and memory that maps the same file. Linux copies upwards, byte by byte as
 * far as one can see, so what was copied may be copied on; here whole buffers are moved, and pieces
 * have to be so small that it makes no difference.
 */
final class SelfCopy {
  private SelfCopy() {}

  /** Whether some piece of memory that is left may be pages of the file. */
  static boolean isPossible(MmStruct mm, UserBuffer memory, OpenFile file) {
    AddressSpace pages = pagesOf(file);
    if (pages == null || pages.mappings().isEmpty()) {
      return false;
    }
    for (int i = 0; i < memory.pieces(); i++) {
      long end = memory.address(i) + memory.length(i);
      for (Vma area = mm.findVma(memory.address(i));
          area != null && area.start() < end;
          area = area.next()) {
        if (pages.equals(area.mapping())) {
          return true;
        }
      }
    }
    return false;
  }

  /**
   * How many of {@code bytes} are one piece: no page boundary within, and none of it is target and
   * later source.
   *
   * @param at the position in the file
   * @param toFile whether the bytes go from memory to the file
   */
  static int piece(
      MmStruct mm, UserBuffer memory, OpenFile file, long at, boolean toFile, int bytes) {
    long address = memory.address();
    int piece = Math.min(bytes, Math.min(toPageEnd(address), toPageEnd(at)));
    Vma area = mm.findVma(address);
    AddressSpace pages = pagesOf(file);
    if (pages != null && area != null && area.start() <= address && pages.equals(area.mapping())) {
      long inFile = address - area.start() + (area.pageOffset() << Ram.PAGE_SHIFT);
      long distance = toFile ? at - inFile : inFile - at;
      if (distance > 0 && distance < piece) {
        return (int) distance;
      }
    }
    return piece;
  }

  private static @Nullable AddressSpace pagesOf(OpenFile file) {
    return file.mmapKind() == MappedFile.MmapKind.PAGE_CACHE ? file.mapping() : null;
  }

  private static int toPageEnd(long address) {
    return Ram.PAGE_SIZE - (int) (address & (Ram.PAGE_SIZE - 1));
  }
}
