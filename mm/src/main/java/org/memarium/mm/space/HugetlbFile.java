package org.memarium.mm.space;

import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;

/**
 * The nameless file behind {@code MAP_HUGETLB | MAP_ANONYMOUS} ({@code hugetlb_file_setup}). As the
 * pool of huge pages is empty, no mapping of it ever comes to be.
 */
final class HugetlbFile implements MappedFile {
  private final long pageBytes;

  /** A file of pages of so many bytes. */
  HugetlbFile(long pageBytes) {
    this.pageBytes = pageBytes;
  }

  /** {@code hugetlbfs_file_mmap}: -EINVAL in the midst of a page, else -ENOMEM. */
  @Override
  public long mmapRefusal(long pageOffset) {
    long pages = pageBytes >>> Ram.PAGE_SHIFT;
    return (pageOffset & (pages - 1)) != 0 ? -Errno.EINVAL : -Errno.ENOMEM;
  }

  /** Any but {@code NONE}: it can be mapped, would there be pages. */
  @Override
  public MmapKind mmapKind() {
    return MmapKind.PAGE_CACHE;
  }

  @Override
  public AddressSpace mapping() {
    throw new IllegalStateException("huge pages are mapped, and there are none");
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
    return "/anon_hugepage (deleted)";
  }

  @Override
  public void get() {}

  @Override
  public void put() {}
}
