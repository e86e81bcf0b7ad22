package org.memarium.mm.file;

import org.memarium.hardware.Ram;

/**
 * What is behind shared anonymous memory: nothing. Pages begin as zeroes and live in the page cache
 * alone.
 */
final class ShmemStore implements BackingStore {
  private long bytes;

  ShmemStore(long bytes) {
    this.bytes = bytes;
  }

  @Override
  public long device() {
    return 1;
  }

  @Override
  public long inode() {
    return 0;
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
}
