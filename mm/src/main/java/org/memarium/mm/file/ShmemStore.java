package org.memarium.mm.file;

import java.util.function.LongSupplier;
import org.memarium.hardware.Ram;

/**
 * What is behind shared anonymous memory: nothing. Pages begin as zeroes and live in the page cache
 * alone.
 */
final class ShmemStore implements BackingStore {
  private final LongSupplier inode;
  private final boolean reserved;
  private long bytes;

  /**
   * A store.
   *
   * @param reserved whether all of it is charged to committed memory already
   * @param inode asked whenever maps prints it: who makes the file may name it later
   */
  ShmemStore(long bytes, boolean reserved, LongSupplier inode) {
    this.bytes = bytes;
    this.reserved = reserved;
    this.inode = inode;
  }

  @Override
  public long device() {
    return 1;
  }

  @Override
  public long inode() {
    return inode.getAsLong();
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void readPage(long index, Ram ram, int pfn, int count) {
    ram.fill((long) pfn << Ram.PAGE_SHIFT, count, (byte) 0);
  }

  @Override
  public void writePage(long index, Ram ram, int pfn, int count) {
    throw new IllegalStateException("shared memory is not written back");
  }

  @Override
  public void setBytes(long newBytes) {
    bytes = newBytes;
  }

  @Override
  public boolean isPersistent() {
    return false;
  }

  @Override
  public boolean isShmem() {
    return true;
  }

  @Override
  public boolean isCommittedByPage() {
    return !reserved;
  }
}
