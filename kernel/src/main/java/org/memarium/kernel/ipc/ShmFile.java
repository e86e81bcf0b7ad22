package org.memarium.kernel.ipc;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.space.HugetlbPages;
import org.memarium.mm.space.MappedFile;

/**
 * {@code struct shm_file_data}, with the open file that it belongs to: one {@code shmat}. The areas
 * that come of it by splitting, moving and forking share it; each counts as attached.
 */
final class ShmFile implements MappedFile {
  private final SharedMemory owner;
  private final ShmSegment segment;
  private final boolean writable;

  /** Its objects: the open file, and what hangs on that. */
  final long fileSlot;

  final long dataSlot;

  private int references;

  ShmFile(SharedMemory owner, ShmSegment segment, boolean writable, long fileSlot, long dataSlot) {
    this.owner = owner;
    this.segment = segment;
    this.writable = writable;
    this.fileSlot = fileSlot;
    this.dataSlot = dataSlot;
  }

  ShmSegment segment() {
    return segment;
  }

  /** Whether an area still has it. */
  boolean isMapped() {
    return references > 0;
  }

  @Override
  public MmapKind mmapKind() {
    return MmapKind.PAGE_CACHE;
  }

  @Override
  public AddressSpace mapping() {
    return segment.file.mapping();
  }

  @Override
  public boolean isReadable() {
    return true;
  }

  @Override
  public boolean isWritable() {
    return writable;
  }

  /** {@code shm_vm_ops} has none. */
  @Override
  public boolean hasMapPages() {
    return false;
  }

  @Override
  public @Nullable HugetlbPages hugePages() {
    return segment.file.hugePages();
  }

  @Override
  public boolean countsAreas() {
    return true;
  }

  @Override
  public long punchHole(long at, long bytes) {
    return segment.file.punchHole(at, bytes);
  }

  @Override
  public String path() {
    return segment.file.path();
  }

  /** {@code shm_mmap}: over its own last area, it may have lost the segment. */
  @Override
  public long mmapRefusal(long pageOffset) {
    return segment.isRemoved() ? -Errno.EINVAL : 0;
  }

  @Override
  public void getFile() {
    references++;
  }

  @Override
  public void putFile() {
    if (--references == 0) {
      owner.free(this);
    }
  }

  /** {@code shm_open}. */
  @Override
  public void get() {
    getFile();
    owner.attached(segment);
  }

  /** {@code shm_close}. */
  @Override
  public void put() {
    putFile();
    owner.detached(segment);
  }
}
