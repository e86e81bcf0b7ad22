package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * Areas that the kernel itself makes in a program's address space, as the vdso: they count, but no
 * limit is asked for them (Linux {@code _install_special_mapping}, {@code insert_vm_struct}).
 */
public final class SpecialMappings {
  private SpecialMappings() {}

  /** Room for so many bytes, where mmap would look first; or a negative errno. */
  public static long findRoom(MmStruct mm, long bytes) {
    return mm.unmappedArea.get(0, bytes, 0, Ram.PAGE_SIZE);
  }

  /**
   * Makes an area, where none is.
   *
   * @param prot bits of {@code PROT_} in {@link MmapFlags}
   * @param file what is in it; it says which further flags the area has
   * @return 0 or a negative errno
   */
  public static long install(MmStruct mm, long start, long bytes, int prot, MappedFile file) {
    int rights = VmFlags.MAYREAD | VmFlags.MAYWRITE | VmFlags.MAYEXEC;
    int flags = file.areaFlags(Mmap.protBits(prot) | rights | mm.defaultFlags());
    Vma area = mm.areas.newArea(start, start + bytes, flags, 0);
    if (area == null) {
      return -Errno.ENOMEM;
    }
    area.file = file;
    area.mapping = file.mapping();
    mm.areas.adopt(area);
    mm.accounting.add(flags, bytes >>> Ram.PAGE_SHIFT);
    return 0;
  }
}
