package org.memarium.kernel.vfs;

/** {@code struct kstatfs}: what statfs tells of a file system. The caller makes one. */
public final class Kstatfs {

  /** Magic number of the kind of file system. */
  public long type;

  /** Size of a block in bytes. */
  public long blockSizeBytes;

  /** Blocks in all. */
  public long blocks;

  /** Blocks free. */
  public long blocksFree;

  /** Blocks that a user without privilege can have. */
  public long blocksAvailable;

  /** Inodes in all; 0 where that has no meaning. */
  public long files;

  /** Inodes free. */
  public long filesFree;

  /** Longest name in bytes. */
  public int nameBytes = Fcntl.NAME_MAX;
}
