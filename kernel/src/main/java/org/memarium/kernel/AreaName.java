package org.memarium.kernel;

import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/** The last column of {@code /proc/PID/maps}. */
final class AreaName {
  private AreaName() {}

  /** The name of an area; empty if it has none. */
  static String of(MmStruct mm, Vma area) {
    MappedFile file = area.file();
    if (file != null) {
      return file.path();
    }
    if (mm.heap().isHeap(area)) {
      return "[heap]";
    }
    return mm.stack().isStack(area) ? "[stack]" : "";
  }
}
