package org.memarium.mm.space;

import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.slab.KmemCache;

/**
 * The nameless file of huge pages behind {@code MAP_HUGETLB | MAP_ANONYMOUS}, or behind shared
 * memory of System V ({@code hugetlb_file_setup}).
 */
public final class HugetlbFile extends NamelessFile {
  private final long pageBytes;
  private final long bytes;
  private final boolean reserved;
  private @Nullable HugetlbPages pages;

  private HugetlbFile(
      MemoryManager memory, String path, long pageBytes, long bytes, boolean reserved) {
    super(memory, path);
    this.pageBytes = pageBytes;
    this.bytes = bytes;
    this.reserved = reserved;
  }

  /** {@code HUGETLB_ANONHUGE_INODE}: a file of so many bytes, which are whole pages. */
  static HugetlbFile anonymous(MemoryManager memory, long pageBytes, long bytes) {
    return new HugetlbFile(memory, "/anon_hugepage (deleted)", pageBytes, bytes, false);
  }

  /**
   * {@code HUGETLB_SHMFS_INODE}: the file of a segment, {@link #hold held} by the kernel once it is
   * set up. What it would put aside is not to be had, so it is one that puts nothing aside.
   *
   * @param path as maps shows it
   * @param bytes its size, which need not be whole pages
   */
  public static HugetlbFile ofKernel(
      MemoryManager memory, String path, long pageBytes, long bytes) {
    long whole = (bytes + pageBytes - 1) & -pageBytes;
    return new HugetlbFile(memory, path, pageBytes, whole, true);
  }

  @Override
  KmemCache inodes() {
    return memory.descriptors.hugetlbInode;
  }

  @Override
  AddressSpace open(LongSupplier inodeNumber) {
    HugetlbPages made =
        new HugetlbPages(memory.pageCache(), pageBytes, bytes, reserved, inodeNumber);
    pages = made;
    return made.mapping();
  }

  @Override
  public HugetlbPages hugePages() {
    return Objects.requireNonNull(pages);
  }

  /** There is no page that could go. */
  @Override
  public long punchHole(long at, long count) {
    return 0;
  }
}
