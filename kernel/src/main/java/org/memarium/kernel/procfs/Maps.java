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

  /**
   * What is behind an area.
   *
   * @param offset in the file, in bytes
   * @param device of the file; 0 if there is none
   * @param inode its number; 0 if there is none
   */
  record Backing(long offset, long device, long inode) {
    static Backing of(Vma area) {
      AddressSpace pages = area.mapping();
      long offset = area.pageOffset() << Ram.PAGE_SHIFT;
      if (pages != null) {
        return new Backing(offset, pages.store().device(), pages.store().inode());
      }
      // Private memory of /dev/zero.
      return area.file() instanceof OpenFile open
          ? new Backing(offset, open.inode().dev(), open.inode().ino())
          : new Backing(0, 0, 0);
    }
  }

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
    Backing backing = Backing.of(area);
    header(
        out,
        area.start(),
        area.end(),
        area.rights(),
        backing.offset(),
        backing.device(),
        backing.inode());
    String name = name(mm, area);
    if (!name.isEmpty()) {
      Text.pad(out, lineStart, nameColumn(wordBytes));
      out.append(name);
    }
    out.append('\n');
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
    if (mm.heap().isHeap(area)) {
      return "[heap]";
    }
    return mm.stack().isStack(area) ? "[stack]" : "";
  }
}
