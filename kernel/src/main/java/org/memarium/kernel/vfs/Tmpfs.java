package org.memarium.kernel.vfs;

/**
 * {@code struct shmem_sb_info}: a file system in memory; Linux {@code mm/shmem.c}. The pages of its
 * files are the machine's, and count as shared memory.
 *
 * <p>Its directories are those of the overlay with nothing below them. Without a machine there is
 * no page cache that files could live in, and they are files of the overlay too.
 */
final class Tmpfs {
  private static final long TMPFS_MAGIC = 0x01021994;

  /** {@code BOGO_DIRENT_SIZE}: what an entry is said to take in its directory. */
  static final int ENTRY_BYTES = 20;

  private final HostView view;
  private final long dev;
  private final long mostPages;
  private final long maxBytes;
  private long usedPages;
  private long lastIno;

  /**
   * An empty one.
   *
   * @param dev its device number
   * @param mostPages what its files may hold together; 0: as much as there is
   * @param wordBytes of the kernel
   */
  Tmpfs(HostView view, long dev, long mostPages, int wordBytes) {
    this.view = view;
    this.dev = dev;
    this.mostPages = mostPages;
    this.maxBytes = wordBytes == Long.BYTES ? Long.MAX_VALUE : RegularFile.MAX_BYTES;
  }

  HostView view() {
    return view;
  }

  long dev() {
    return dev;
  }

  /** {@code MAX_LFS_FILESIZE}. */
  long maxBytes() {
    return maxBytes;
  }

  /** {@code get_next_ino}. */
  long newIno() {
    return ++lastIno;
  }

  /** A new, empty file. */
  RegularFile newFile(int mode, Credentials owner) {
    return view.pageCache() == null
        ? new OverlayFile(view, dev, mode, owner)
        : new TmpfsFile(this, mode, owner, new Seals(Fcntl.F_SEAL_SEAL, true));
  }

  boolean chargePage() {
    if (mostPages > 0 && usedPages >= mostPages) {
      return false;
    }
    usedPages++;
    return true;
  }

  void unchargePage() {
    usedPages--;
  }

  /** How many pages there may be. */
  long mostPages() {
    return mostPages == 0 ? Long.MAX_VALUE : mostPages;
  }

  /** How many pages may still come. */
  long freePages() {
    return mostPages == 0 ? Long.MAX_VALUE : mostPages - usedPages;
  }

  void statfs(Kstatfs out) {
    out.type = TMPFS_MAGIC;
    out.blockSizeBytes = 4096;
    out.blocks = mostPages;
    out.blocksFree = mostPages == 0 ? 0 : mostPages - usedPages;
    out.blocksAvailable = out.blocksFree;
  }
}
