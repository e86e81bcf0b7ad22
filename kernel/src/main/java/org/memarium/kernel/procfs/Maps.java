package org.memarium.kernel.procfs;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.DeviceNumber;
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
    Text.hex(out, area.start(), 8);
    out.append('-');
    Text.hex(out, area.end(), 8);
    out.append(' ').append(area.rights()).append(' ');
    AddressSpace pages = area.mapping();
    Text.hex(out, pages == null ? 0 : area.pageOffset() << Ram.PAGE_SHIFT, 8);
    long dev = pages == null ? 0 : pages.store().device();
    out.append(' ');
    Text.hex(out, DeviceNumber.major(dev), 2);
    out.append(':');
    Text.hex(out, DeviceNumber.minor(dev), 2);
    out.append(' ').append(pages == null ? 0 : pages.store().inode()).append(' ');
    String name = name(mm, area);
    if (!name.isEmpty()) {
      Text.pad(out, lineStart, 24 + 6 * wordBytes);
      out.append(name);
    }
    out.append('\n');
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
