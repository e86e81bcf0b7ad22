package org.memarium.kernel.procfs;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.DeviceNumber;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/** {@code /proc/<pid>/maps}: a line for each area; Linux {@code fs/proc/task_mmu.c}. */
public final class Maps {

  private Maps() {}

  /** All lines. */
  static String of(@Nullable MmStruct mm, int wordBytes) {
    StringBuilder out = new StringBuilder();
    if (mm != null) {
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        line(out, mm, area, wordBytes);
      }
    }
    return out.toString();
  }

  /**
   * One line.
   *
   * @param wordBytes of the kernel: it decides in which column the name stands, 49 or 73
   */
  static void line(StringBuilder out, MmStruct mm, Vma area, int wordBytes) {
    int lineStart = out.length();
    AddressSpace pages = area.mapping();
    long offset = area.pageOffset() << Ram.PAGE_SHIFT;
    if (pages != null) {
      long inode = pages.store().inode();
      header(out, area, offset, pages.store().device(), inode);
    } else if (area.file() instanceof OpenFile open) {
      // Private memory of /dev/zero.
      header(out, area, offset, open.inode().dev(), open.inode().ino());
    } else {
      header(out, area, 0, 0, 0);
    }
    String name = name(mm, area);
    if (!name.isEmpty()) {
      Text.pad(out, lineStart, nameColumn(wordBytes));
      out.append(name);
    }
    out.append('\n');
  }

  private static void header(StringBuilder out, Vma area, long offset, long device, long inode) {
    header(out, area.start(), area.end(), area.rights(), offset, device, inode);
  }

  /** {@code show_vma_header_prefix}: the columns before the name. */
  static void header(
      StringBuilder out,
      long start,
      long end,
      String rights,
      long offset,
      long device,
      long inode) {
    Text.hex(out, start, 8);
    out.append('-');
    Text.hex(out, end, 8);
    out.append(' ').append(rights).append(' ');
    Text.hex(out, offset, 8);
    out.append(' ');
    Text.hex(out, DeviceNumber.major(device), 2);
    out.append(':');
    Text.hex(out, DeviceNumber.minor(device), 2);
    out.append(' ').append(inode).append(' ');
  }

  /** Where the name stands. */
  static int nameColumn(int wordBytes) {
    return 24 + 6 * wordBytes;
  }

  /** The last column: the path of a file, what an area is for, or nothing. */
  public static String name(MmStruct mm, Vma area) {
    MappedFile file = area.file();
    if (file != null) {
      return Text.onOneLine(file.path());
    }
    if (mm.isHeap(area)) {
      return "[heap]";
    }
    return mm.isStack(area) ? "[stack]" : "";
  }
}
