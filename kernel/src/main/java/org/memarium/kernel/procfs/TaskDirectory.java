package org.memarium.kernel.procfs;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.Inode;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;

/** {@code /proc/<pid>/task}: a directory for each thread; Linux {@code fs/proc/base.c}. */
final class TaskDirectory extends PseudoDirectory {
  private final ProcessView process;
  private final SystemView system;
  private final MountTable mounts;
  private final TreeMap<Integer, ProcessDirectory> directories = new TreeMap<>();

  TaskDirectory(
      PseudoFileSystem fileSystem, ProcessView process, SystemView system, MountTable mounts) {
    super(fileSystem, 0555);
    this.process = process;
    this.system = system;
    this.mounts = mounts;
  }

  @Override
  protected @Nullable Inode dynamicChild(String name) {
    int tid = ProcFs.number(name);
    for (ProcessView thread : process.threadViews()) {
      if (thread.pid() == tid) {
        ProcessDirectory directory = directories.get(tid);
        if (directory == null || !directory.isOf(thread)) {
          directory = new ProcessDirectory(fileSystem(), thread, system, mounts, false);
          directories.put(tid, directory);
        }
        directory.revalidate();
        return directory;
      }
    }
    directories.remove(tid);
    return null;
  }

  @Override
  protected List<String> dynamicNames() {
    List<String> names = new ArrayList<>();
    for (ProcessView thread : process.threadViews()) {
      names.add(Integer.toString(thread.pid()));
    }
    return names;
  }
}
