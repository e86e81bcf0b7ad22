package org.memarium.kernel.procfs;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.Inode;
import org.memarium.kernel.vfs.MagicLink;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/**
 * {@code /proc/<pid>/map_files}: a link for each area with a file, named by its bounds; Linux
 * {@code fs/proc/base.c}, {@code proc_map_files_lookup}.
 */
final class MapFilesDirectory extends PseudoDirectory {

  private static final int HEXADECIMAL = 16;
  private static final int READ = 0400;
  private static final int WRITE = 0200;

  private final ProcessView process;
  private final SystemView system;

  MapFilesDirectory(PseudoFileSystem fileSystem, ProcessView process, SystemView system) {
    super(fileSystem, 0500);
    this.process = process;
    this.system = system;
  }

  private static String name(Vma area) {
    return Long.toHexString(area.start()) + "-" + Long.toHexString(area.end());
  }

  /** The file that an area maps, as a program sees it; null for what the kernel itself maps. */
  private static @Nullable MappedFile file(Vma area) {
    MappedFile file = area.file();
    return file == null || file.isSpecialMapping() ? null : file;
  }

  @Override
  protected @Nullable Inode dynamicChild(String name) {
    MmStruct mm = process.mm();
    int dash = name.indexOf('-');
    if (mm == null || dash <= 0 || dash > Long.BYTES || !PtraceAccess.isAllowed(system, process)) {
      return null;
    }
    Vma area;
    try {
      area = mm.findVma(Long.parseLong(name.substring(0, dash), HEXADECIMAL));
    } catch (NumberFormatException e) {
      return null;
    }
    MappedFile file = area == null || !name.equals(name(area)) ? null : file(area);
    return file == null ? null : link(file);
  }

  private MagicLink link(MappedFile file) {
    int permissions = (file.isReadable() ? READ : 0) | (file.isWritable() ? WRITE : 0);
    MagicLink link =
        file instanceof OpenFile open
            ? MagicLink.toDentry(fileSystem(), permissions, open::dentry)
            : MagicLink.toPath(fileSystem(), file::path);
    link.setOwner(uid(), gid());
    return link;
  }

  @Override
  protected List<String> dynamicNames() {
    List<String> names = new ArrayList<>();
    MmStruct mm = process.mm();
    if (mm != null && PtraceAccess.isAllowed(system, process)) {
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        if (file(area) != null) {
          names.add(name(area));
        }
      }
    }
    return names;
  }
}
