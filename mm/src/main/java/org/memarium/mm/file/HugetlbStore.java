package org.memarium.mm.file;

import java.util.function.LongSupplier;
import org.memarium.hardware.Ram;

/** Behind a file of huge pages: nothing, and as the pool is empty, no page ever comes to be. */
final class HugetlbStore implements BackingStore {
  /** The number of the anonymous device that hugetlbfs is mounted on inside the kernel. */
  private static final int HUGETLBFS_MINOR = 17;

  private final LongSupplier inode;

  /**
   * A store.
   *
   * @param inode asked whenever maps prints it
   */
  HugetlbStore(LongSupplier inode) {
    this.inode = inode;
  }

  @Override
  public long device() {
    return HUGETLBFS_MINOR;
  }

  @Override
  public long inode() {
    return inode.getAsLong();
  }

  @Override
  public long bytes() {
    return 0;
  }

  @Override
  public void readPage(long index, Ram ram, int pfn, int count) {
    throw noPages();
  }

  @Override
  public void writePage(long index, Ram ram, int pfn, int count) {
    throw noPages();
  }

  @Override
  public void setBytes(long bytes) {
    throw noPages();
  }

  private static IllegalStateException noPages() {
    return new IllegalStateException("a file of huge pages is used like one of pages");
  }

  @Override
  public boolean isPersistent() {
    return false;
  }
}
