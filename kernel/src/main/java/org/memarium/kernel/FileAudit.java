package org.memarium.kernel;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskTable;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.mm.Audit;
import org.memarium.mm.slab.KernelCaches;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/** Recounts what the tasks of a machine hold: their own objects, and the files that are open. */
final class FileAudit {
  private FileAudit() {}

  /**
   * Recounts.
   *
   * @param machinesPlace where the paths of the machine itself start
   */
  static void recount(
      Audit audit,
      TaskTable tasks,
      KernelCaches caches,
      MemoryManager memory,
      Vfs vfs,
      FsStruct machinesPlace) {
    Set<OpenFile> open = new LinkedHashSet<>();
    Set<FsStruct> places = new LinkedHashSet<>(List.of(machinesPlace));
    Set<FdTable> tables = new LinkedHashSet<>();
    for (Task task : tasks.all()) {
      task.audit(audit);
      if (!task.isReleased()) {
        places.add(task.fs());
        tables.add(task.files());
      }
      OpenFile executable = task.executableFile();
      if (executable != null) {
        open.add(executable);
      }
    }
    tables.forEach(table -> open.addAll(table.openFiles()));
    audit.expectObjects(caches.fsCache(), places.size() - 1);
    audit.expectObjects(caches.filesCache(), tables.size());
    for (MmStruct mm : memory.addressSpaces()) {
      for (Vma area = mm.firstArea(); area != null; area = area.next()) {
        if (area.file() instanceof OpenFile file) {
          open.add(file);
        }
      }
    }
    vfs.audit(audit, open, List.copyOf(places));
  }
}
