package org.memarium.mm.space;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.Gfp;

/**
 * The nameless file behind shared anonymous memory ({@code shmem_zero_setup}). It lives as long as
 * an area maps it.
 */
final class ShmemFile implements MappedFile {
  private final MemoryManager memory;
  private final long pages;
  private @Nullable AddressSpace mapping;

  /** Pages that are charged to committed memory while the file lives. */
  private final long charged;

  private int references;

  // ---- Its inode, its nameless entry and the open file: objects of their caches ----
  private long inodeSlot;
  private long dentrySlot;
  private long fileSlot;

  /**
   * A file of zeroes; {@link #setUp} makes it one.
   *
   * @param reserved whether its pages are charged to committed memory
   */
  ShmemFile(MemoryManager memory, long pages, boolean reserved) {
    this.memory = memory;
    this.pages = pages;
    this.charged = reserved ? pages : 0;
  }

  /**
   * {@code __shmem_file_setup}.
   *
   * @return 0; -ENOSPC if there is no memory for the inode, as Linux says; -ENOMEM if there is none
   *     for the rest; of a failure nothing is left
   */
  long setUp() {
    DescriptorCaches caches = memory.descriptors;
    inodeSlot = caches.shmemInode.alloc(Gfp.GFP_KERNEL);
    if (inodeSlot == 0) {
      return -Errno.ENOSPC;
    }
    dentrySlot = caches.dentry.alloc(Gfp.GFP_KERNEL);
    fileSlot = dentrySlot == 0 ? 0 : caches.filp.alloc(Gfp.GFP_KERNEL);
    if (fileSlot == 0) {
      if (dentrySlot != 0) {
        caches.dentry.free(dentrySlot);
      }
      caches.shmemInode.free(inodeSlot);
      return -Errno.ENOMEM;
    }
    mapping = memory.pageCache().openShmem(pages << Ram.PAGE_SHIFT);
    memory.committedMemory().commit(charged);
    return 0;
  }

  /** Pages that it charges to committed memory. */
  long chargedPages() {
    return charged;
  }

  @Override
  public MmapKind mmapKind() {
    return MmapKind.PAGE_CACHE;
  }

  @Override
  public AddressSpace mapping() {
    return Objects.requireNonNull(mapping);
  }

  @Override
  public boolean isReadable() {
    return true;
  }

  @Override
  public boolean isWritable() {
    return true;
  }

  @Override
  public long punchHole(long at, long bytes) {
    mapping().punchHole(at, at + bytes);
    return 0;
  }

  @Override
  public String path() {
    return "/dev/zero (deleted)";
  }

  @Override
  public void get() {
    references++;
  }

  @Override
  public void put() {
    if (--references == 0) {
      mapping().evict();
      memory.committedMemory().uncommit(charged);
      memory.descriptors.filp.free(fileSlot);
      memory.descriptors.dentry.free(dentrySlot);
      memory.descriptors.shmemInode.free(inodeSlot);
    }
  }
}
