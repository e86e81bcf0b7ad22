package org.memarium.kernel.vfs;

/**
 * How much space a file of the host takes: {@code st_blocks}, which {@code java.nio} does not tell.
 *
 * <p>What the usual file systems do with files that have no holes: contents take whole blocks of 4
 * KiB; a short symbolic link lies in its inode; a directory whose size is no multiple of a block
 * (tmpfs, xfs, btrfs) takes none.
 */
final class HostBlocks {

  private HostBlocks() {}

  /** Space in units of 512 bytes. */
  static long of(int mode, long sizeBytes) {
    long blocks = (sizeBytes + 4095) / 4096 * 8;
    return switch (mode & FileMode.S_IFMT) {
      case FileMode.S_IFREG -> blocks;
      case FileMode.S_IFDIR -> sizeBytes % 4096 == 0 ? blocks : 0;
      case FileMode.S_IFLNK -> sizeBytes < 60 ? 0 : blocks;
      default -> 0;
    };
  }
}
