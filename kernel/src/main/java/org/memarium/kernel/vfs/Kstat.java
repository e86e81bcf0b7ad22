package org.memarium.kernel.vfs;

/**
 * {@code struct kstat}: what the stat family tells of a file. The caller makes one, a call fills
 * it; reuse is welcome.
 */
public final class Kstat {

  /** Device of the file system, as {@link DeviceNumber} packs it. */
  public long dev;

  /** Number of the inode. */
  public long ino;

  /** Type and permissions, see {@link FileMode}. */
  public int mode;

  /** Number of names. */
  public int nlink;

  /** Owner. */
  public int uid;

  /** Group. */
  public int gid;

  /** Device that a device node stands for, as {@link DeviceNumber} packs it. */
  public long rdev;

  /** Length in bytes. */
  public long sizeBytes;

  /** Best unit of input and output in bytes. */
  public int blockSizeBytes;

  /** Space in units of 512 bytes. */
  public long blocks512;

  /** Last access, nanoseconds since 1970. */
  public long atimeNanos;

  /** Last change of contents, nanoseconds since 1970. */
  public long mtimeNanos;

  /** Last change of the inode, nanoseconds since 1970. */
  public long ctimeNanos;
}
