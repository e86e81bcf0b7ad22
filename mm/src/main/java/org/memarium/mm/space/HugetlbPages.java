package org.memarium.mm.space;

import java.util.function.LongSupplier;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.file.PageCache;

/**
 * {@code struct hugetlbfs_inode_info}: what a file of huge pages is, whoever has opened it (Linux
 * {@code fs/hugetlbfs/inode.c}).
 *
 * <p>The pool of huge pages is empty, and nobody can fill it. So a mapping that wants pages put
 * aside for it is refused; one that does not (MAP_NORESERVE, SHM_NORESERVE) comes to be, and every
 * access to it is SIGBUS.
 */
public final class HugetlbPages {
  /** {@code PGOFF_LOFFT_MAX}: offsets in pages from here on do not fit a signed number of bytes. */
  private static final int MAX_OFFSET_BITS = Long.SIZE - 1 - Ram.PAGE_SHIFT;

  private final long pageBytes;
  private final AddressSpace mapping;

  /** {@code S_PRIVATE}: of shared memory of System V, which has its pages before it is mapped. */
  private final boolean reserved;

  private long bytes;

  /**
   * A file.
   *
   * @param pageBytes the size of its pages
   * @param bytes its own size, a multiple of that
   * @param reserved whether mappings need nothing put aside
   * @param inode {@code i_ino}, asked when it is shown
   */
  public HugetlbPages(
      PageCache cache, long pageBytes, long bytes, boolean reserved, LongSupplier inode) {
    this.pageBytes = pageBytes;
    this.bytes = bytes;
    this.reserved = reserved;
    this.mapping = cache.openHugetlb(inode);
  }

  /** {@code huge_page_size}. */
  public long pageBytes() {
    return pageBytes;
  }

  /** {@code i_size}. */
  public long bytes() {
    return bytes;
  }

  /** Sets {@code i_size}; there is no page that would go. */
  public void setBytes(long newBytes) {
    bytes = newBytes;
  }

  /** The page cache of the file, which stays empty. */
  public AddressSpace mapping() {
    return mapping;
  }

  /** {@code ALIGN(len, huge_page_size(h))}. */
  public long align(long length) {
    return (length + pageBytes - 1) & -pageBytes;
  }

  /** Whether an address, a length or an offset in bytes is that of whole huge pages. */
  boolean isAligned(long value) {
    return (value & (pageBytes - 1)) == 0;
  }

  /**
   * {@code hugetlbfs_file_mmap}: what it has against an area.
   *
   * @param flags of the area
   * @param pageOffset where in the file it begins, in pages of 4 KiB
   * @return 0 or a negative errno
   */
  long refusal(int flags, long pageOffset) {
    if (pageOffset >>> MAX_OFFSET_BITS != 0 || !isAligned(pageOffset << Ram.PAGE_SHIFT)) {
      return -Errno.EINVAL;
    }
    // hugetlb_reserve_pages
    return reserved || (flags & VmFlags.NORESERVE) != 0 ? 0 : -Errno.ENOMEM;
  }

  /** An area that is there now: one that may be written makes the file long enough. */
  void mapped(Vma area) {
    if (area.has(VmFlags.WRITE)) {
      long end = (area.pageOffset() << Ram.PAGE_SHIFT) + area.end() - area.start();
      bytes = Math.max(bytes, end);
    }
  }

  /** Whether the page that an address of an area stands for lies inside the file. */
  public boolean contains(Vma area, long address) {
    return (area.pageIndex(address) << Ram.PAGE_SHIFT & -pageBytes) < (bytes & -pageBytes);
  }
}
