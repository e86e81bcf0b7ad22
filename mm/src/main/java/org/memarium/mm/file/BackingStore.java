package org.memarium.mm.file;

import java.io.IOException;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * What is behind the page cache of one file: a file of the host, memory of an overlay, nothing.
 *
 * <p>Positions and sizes are in bytes, page indexes in pages of {@link Ram#PAGE_SIZE}. The size is
 * the size as last written back; the {@link AddressSpace} knows the current one.
 */
public interface BackingStore {
  /** {@code s_dev}: the device number as maps prints it, major in the bits above the low 8. */
  long device();

  /** {@code i_ino}. */
  long inode();

  /**
   * The size in bytes, asked once, when the {@link AddressSpace} is made.
   *
   * @throws IOException if the store cannot say
   */
  long bytes() throws IOException;

  /**
   * Fills bytes 0 to {@code count} - 1 of the frame {@code pfn} with the page's content; the rest
   * of the frame is zeroed by the caller.
   *
   * @param index of the page in the file
   * @param count bytes of the page that lie inside the file, 1 to 4096
   * @throws IOException if they cannot be read: the reader sees EIO or SIGBUS
   */
  void readPage(long index, Ram ram, int pfn, int count) throws IOException;

  /**
   * Stores bytes 0 to {@code count} - 1 of the frame {@code pfn} as the page's content; a page
   * behind the end makes the store longer.
   *
   * @throws IOException if they cannot be written: {@code fsync} sees EIO
   */
  void writePage(long index, Ram ram, int pfn, int count) throws IOException;

  /**
   * {@code buffer_mapped}: whether there is a block for a page, and something was written there.
   */
  default boolean hasBlock(long index) {
    return true;
  }

  /** Whether nothing was ever written to a page: it reads as zeroes, without the device. */
  default boolean isHole(long index) {
    return false;
  }

  /** A page is on its way to the disk, and has a block there from now on. */
  default void wroteBack(long index) {}

  /**
   * Changes the size; a longer file reads as zeroes behind its old end.
   *
   * @throws IOException if that cannot be
   */
  void setBytes(long bytes) throws IOException;

  /**
   * Whether pages can be dropped and read again. A store of memory only (shmem, ramfs) says no: its
   * pages live in the page cache alone, never written back, until they are truncated.
   */
  default boolean isPersistent() {
    return true;
  }

  /** Whether its pages count as shared memory ({@code Shmem}, {@code RssShmem}): tmpfs. */
  default boolean isShmem() {
    return false;
  }

  /**
   * {@code shmem_inode_acct_block}: the cache takes one more page.
   *
   * @return false if the file system has no room for it: the writer sees ENOSPC, a fault is SIGBUS
   */
  default boolean chargePage() {
    return true;
  }

  /** {@code shmem_inode_unacct_blocks}: a page has left the cache. */
  default void unchargePage() {}

  /**
   * {@code VM_NORESERVE} of a file in memory: each of its pages is charged to committed memory when
   * it comes, and not the file as a whole.
   */
  default boolean isCommittedByPage() {
    return false;
  }

  /** The number of an error that this store has thrown: EIO, ENOSPC... */
  default int errno(IOException failure) {
    return Errno.EIO;
  }

  /** Whether first reads count as major faults: the page was not in the host's page cache. */
  default boolean isCold() {
    return false;
  }
}
