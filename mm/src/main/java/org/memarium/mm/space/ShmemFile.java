package org.memarium.mm.space;

import java.util.function.LongSupplier;
import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.slab.KmemCache;

/**
 * A file of the kernel's own mount of tmpfs ({@code shm_mnt}): behind shared anonymous memory
 * ({@code shmem_zero_setup}), where it lives as long as an area maps it, or behind what the kernel
 * itself holds, as a segment of System V's shared memory ({@code shmem_kernel_file_setup}).
 */
public final class ShmemFile extends NamelessFile {
  private final long bytes;
  private final boolean reserved;

  /**
   * A file of zeroes; {@link #setUp} makes it one.
   *
   * @param reserved whether its pages are charged to committed memory
   */
  ShmemFile(MemoryManager memory, long pages, boolean reserved) {
    this(memory, "/dev/zero (deleted)", pages << Ram.PAGE_SHIFT, reserved);
  }

  private ShmemFile(MemoryManager memory, String path, long bytes, boolean reserved) {
    super(memory, path);
    this.bytes = bytes;
    this.reserved = reserved;
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

  @Override
  KmemCache inodes() {
    return memory.descriptors.shmemInode;
  }

  @Override
  AddressSpace open(LongSupplier inodeNumber) {
    return memory.pageCache().openShmem(bytes, reserved, inodeNumber);
  }

  @Override
  long chargedPages() {
    return reserved ? MmStruct.pageAlign(bytes) >>> Ram.PAGE_SHIFT : 0;
  }

  @Override
  public long punchHole(long at, long count) {
    mapping().punchHole(at, at + count);
    return 0;
  }
}
