package org.memarium.mm.space;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.frame.Gfp;

/**
 * A file of the kernel's own mount of tmpfs ({@code shm_mnt}): behind shared anonymous memory
 * ({@code shmem_zero_setup}), where it lives as long as an area maps it, or behind what the kernel
 * itself holds, as a segment of System V's shared memory ({@code shmem_kernel_file_setup}).
 */
public final class ShmemFile implements MappedFile {
  private final MemoryManager memory;
  private final String path;
  private final long bytes;
  private final boolean reserved;
  private @Nullable AddressSpace mapping;

  /** Pages that are charged to committed memory while the file lives. */
  private final long charged;

  private int references;
  private long inode;

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
    this(memory, "/dev/zero (deleted)", pages << Ram.PAGE_SHIFT, reserved);
  }

  private ShmemFile(MemoryManager memory, String path, long bytes, boolean reserved) {
    this.memory = memory;
    this.path = path;
    this.bytes = bytes;
    this.reserved = reserved;
    this.charged = reserved ? MmStruct.pageAlign(bytes) >>> Ram.PAGE_SHIFT : 0;
  }

  /**
   * {@code shmem_kernel_file_setup}: a file that is {@link #hold held} by the kernel once it is set
   * up.
   *
   * @param path as maps shows it
   * @param bytes its size, which need not be whole pages
   * @param reserved whether its pages are charged to committed memory
   */
  public static ShmemFile ofKernel(
      MemoryManager memory, String path, long bytes, boolean reserved) {
    return new ShmemFile(memory, path, bytes, reserved);
  }

  /**
   * Makes the file for whoever runs in an address space.
   *
   * @return 0; -ENOMEM if so much may not be committed; otherwise as {@link #setUp}
   */
  public long hold(MmStruct mm) {
    if (!memory.committedMemory().isEnoughFor(mm, charged)) {
      return -Errno.ENOMEM;
    }
    long error = setUp();
    if (error == 0) {
      memory.holdShmem(this);
      get();
    }
    return error;
  }

  /** {@code fput}: the kernel does not hold the file any more. */
  public void release() {
    memory.releaseShmem(this);
    put();
  }

  /** Sets {@code i_ino}, which maps shows. */
  public void setInode(long number) {
    inode = number;
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
    mapping = memory.pageCache().openShmem(bytes, reserved, () -> inode);
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
    return path;
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
