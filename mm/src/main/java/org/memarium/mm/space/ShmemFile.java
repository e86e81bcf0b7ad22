package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.file.AddressSpace;

/**
 * The nameless file behind shared anonymous memory ({@code shmem_zero_setup}). It lives as long as
 * an area maps it.
 */
final class ShmemFile implements MappedFile {
  private final MemoryManager memory;
  private final AddressSpace mapping;

  /** Pages that are charged to committed memory while the file lives. */
  private final long charged;

  private int references;

  /**
   * A file of zeroes.
   *
   * @param reserved whether its pages are charged to committed memory
   */
  ShmemFile(MemoryManager memory, long pages, boolean reserved) {
    this.memory = memory;
    this.mapping = memory.pageCache().openShmem(pages << Ram.PAGE_SHIFT);
    this.charged = reserved ? pages : 0;
    memory.committedMemory().commit(charged);
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
    return mapping;
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
      mapping.evict();
      memory.committedMemory().uncommit(charged);
    }
  }
}
