package org.memarium.mm.file;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code shmem_swaplist}: files of memory that have, or had, pages in swap; the one that came last
 * is first (Linux 6.1 {@code mm/shmem.c}).
 */
final class ShmemFiles {
  private final List<Shmem> files = new ArrayList<>();

  /** A page of the file is in swap. */
  void add(Shmem file) {
    if (!files.contains(file)) {
      files.addFirst(file);
    }
  }

  /** {@code shmem_evict_inode}. */
  void remove(Shmem file) {
    files.remove(file);
  }

  boolean contains(Shmem file) {
    return files.contains(file);
  }

  /**
   * {@code shmem_unuse}: brings everything in that files have on an area.
   *
   * @return 0 or -ENOMEM
   */
  int unuse(int type) {
    for (Shmem file : List.copyOf(files)) {
      int error = file.unuse(type);
      if (file.swappedPages() == 0) {
        files.remove(file);
      }
      if (error != 0) {
        return error;
      }
    }
    return 0;
  }
}
