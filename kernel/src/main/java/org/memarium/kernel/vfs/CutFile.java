package org.memarium.kernel.vfs;

import org.memarium.mm.file.AddressSpace;

/**
 * {@code EXT4_STATE_DA_ALLOC_CLOSE}: a file of a disk that was cut to nothing, up to the next time
 * that somebody closes it. Whatever it got meanwhile is on its way to the disk from then on, so
 * that who replaces a file by cutting and writing it does not end with neither contents.
 *
 * <p>As ext4 decides by whether any page waits for its block ({@code i_reserved_data_blocks}), this
 * keeps which blocks the file has: none at first.
 */
final class CutFile {
  private final BlockRanges blocks = new BlockRanges();

  /** Blocks that hold a range of bytes were taken for the file. */
  void allocate(long at, long count) {
    blocks.addBytes(at, count);
  }

  /** The blocks that lie wholly in a range of bytes were given back. */
  void free(long at, long count) {
    blocks.removeBytes(at, count);
  }

  /** Whether a dirty page of the file has no block yet. */
  boolean isDelayed(AddressSpace pages) {
    long index = pages.dirtyPages().next(0);
    while (index >= 0 && blocks.contains(index)) {
      index = pages.dirtyPages().next(index + 1);
    }
    return index >= 0;
  }
}
