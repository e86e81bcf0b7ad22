package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * {@code struct inode}: a file, whatever names it has.
 *
 * <p>The attributes are plain fields; an inode that the host backs brings them up to date in {@link
 * #refresh}.
 */
public abstract class Inode {

  final long dev;
  final long ino;
  int mode;
  int nlink = 1;
  int uid;
  int gid;
  long rdev;
  long atimeNanos;
  long mtimeNanos;
  long ctimeNanos;

  /**
   * An inode.
   *
   * @param dev device number, as {@link DeviceNumber} packs it
   * @param ino number on that device
   * @param mode type and permissions
   */
  Inode(long dev, long ino, int mode) {
    this.dev = dev;
    this.ino = ino;
    this.mode = mode;
  }

  /** The device, as {@link DeviceNumber} packs it. */
  public final long dev() {
    return dev;
  }

  /** The number on the device. */
  public final long ino() {
    return ino;
  }

  /** Type and permissions as of the last look. */
  public final int mode() {
    return mode;
  }

  /** The owner as of the last look. */
  public final int uid() {
    return uid;
  }

  /** The group as of the last look. */
  public final int gid() {
    return gid;
  }

  final int type() {
    return mode & FileMode.S_IFMT;
  }

  /** Whether it is a directory. */
  public final boolean isDirectory() {
    return type() == FileMode.S_IFDIR;
  }

  /** Whether it is a regular file. */
  public final boolean isRegular() {
    return type() == FileMode.S_IFREG;
  }

  /** Whether it is a symbolic link. */
  public final boolean isSymlink() {
    return type() == FileMode.S_IFLNK;
  }

  /** Length in bytes as of the last look. */
  public long sizeBytes() {
    return 0;
  }

  /** Space in units of 512 bytes. */
  long blocks512() {
    return (sizeBytes() + 511) / 512;
  }

  /** Brings the attributes up to date with what backs the inode. */
  void refresh() {}

  /** Fills in what the stat family tells. */
  public void getattr(Kstat out) {
    refresh();
    out.dev = dev;
    out.ino = ino;
    out.mode = mode;
    out.nlink = nlink;
    out.uid = uid;
    out.gid = gid;
    out.rdev = rdev;
    out.sizeBytes = sizeBytes();
    out.blockSizeBytes = 4096;
    out.blocks512 = blocks512();
    out.atimeNanos = atimeNanos;
    out.mtimeNanos = mtimeNanos;
    out.ctimeNanos = ctimeNanos;
  }

  /**
   * Opens it; the walk has checked type and permissions.
   *
   * @param dentry the name under which it was found
   * @param flags of open(2)
   * @throws ErrnoException such as ENXIO for a socket
   */
  OpenFile open(Dentry dentry, int flags) throws ErrnoException {
    throw new ErrnoException(Errno.ENXIO);
  }

  /** Sets permission bits; the caller has checked that it may. */
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /** Sets owner and group, -1 for none; the caller has checked that it may. */
  void chown(int newUid, int newGid, long nowNanos) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /** Sets times; the caller has checked that it may. */
  void utimens(long newAtimeNanos, long newMtimeNanos, long nowNanos) throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  /** Sets the length of a regular file. */
  void truncate(long sizeBytes, long nowNanos) throws ErrnoException {
    throw new ErrnoException(isDirectory() ? Errno.EISDIR : Errno.EINVAL);
  }

  /** Where a symbolic link points to; each char is one byte. */
  String readlink() throws ErrnoException {
    throw new ErrnoException(Errno.EINVAL);
  }

  /** Tells of the file system. */
  void statfs(Kstatfs out) throws ErrnoException {
    throw new ErrnoException(Errno.ENOSYS);
  }
}
