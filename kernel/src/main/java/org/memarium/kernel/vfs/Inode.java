package org.memarium.kernel.vfs;

import org.jspecify.annotations.Nullable;
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

  /** {@code i_pipe}: of a pipe or a named one that somebody has open. */
  @Nullable Pipe pipe;

  /** Length in bytes that what is behind it has; the page cache may know better. */
  long storedBytes;

  /** Space in units of 512 bytes that what is behind it takes. */
  long storedBlocks512;

  /** {@code i_count}: dentries that name it. */
  private int count;

  /** The object of its file system's inode cache; 0 while no dentry names it, or without any. */
  private long slot;

  /** Whether it has its object. */
  private boolean inCore;

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

  /**
   * {@code I_LINKABLE}: it has no name because O_TMPFILE made it so, and linkat may give it one.
   */
  private boolean linkable;

  /** {@code i_flctx}: the locks on it, from the first one on. */
  private @Nullable FileLocks locks;

  // ---- In the kernel's memory ----

  /** Which cache it comes from. */
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.GENERIC;
  }

  /**
   * {@code iget}, {@code ihold}: one more dentry names it.
   *
   * @throws ErrnoException ENOMEM
   */
  final void hold(VfsCaches caches) throws ErrnoException {
    hold(caches, Errno.ENOMEM);
  }

  /** The same, with the error that a call has instead of ENOMEM. */
  final void hold(VfsCaches caches, int errno) throws ErrnoException {
    if (!inCore) {
      slot = VfsCaches.alloc(caches.inodes(kind()), errno);
      inCore = true;
    }
    if (count++ == 0) {
      inUse();
    }
  }

  /** {@code iput}: one dentry less; without any it goes, unless its file system keeps it. */
  final void release(VfsCaches caches) {
    if (--count == 0 && !keepsUnused()) {
      destroy(caches);
    }
  }

  /** {@code destroy_inode}: gives its object back. */
  final void destroy(VfsCaches caches) {
    if (count > 0) {
      throw new IllegalStateException("inode %d is destroyed, and has names".formatted(ino));
    }
    if (inCore) {
      VfsCaches.free(caches.inodes(kind()), slot);
      slot = 0;
      inCore = false;
      destroyed(caches);
    }
  }

  /** Whether it has an object of its cache. */
  final boolean isInCore() {
    return inCore;
  }

  int count() {
    return count;
  }

  /** Whether no dentry names it. */
  final boolean isUnused() {
    return count == 0;
  }

  /** A dentry names it again. */
  void inUse() {}

  /**
   * {@code iput_final}: its last dentry is gone.
   *
   * @return whether it stays: because looking at it again costs something, or because it has what
   *     is nowhere else
   */
  boolean keepsUnused() {
    return false;
  }

  /**
   * {@code prune_icache_sb}: drops what is cached of a file that no dentry names.
   *
   * @return false if it must stay, because it has what is nowhere else
   */
  boolean evict() {
    return true;
  }

  /** It is gone: the place to free what hangs on it. */
  void destroyed(VfsCaches caches) {}

  /** A name of it was found, made or moved: the place to remember where it is. */
  void foundAs(Dentry dentry) {}

  // ---- Locks ----

  /** {@code locks_get_lock_context}. */
  final FileLocks locks(VfsCaches caches) {
    FileLocks context = locks;
    if (context == null) {
      context = new FileLocks(caches);
      locks = context;
    }
    return context;
  }

  /** How many locks are held on it. */
  final int lockCount() {
    return locks == null ? 0 : locks.size();
  }

  /** An owner of locks is no longer there, or has closed the file. */
  final void unlockAllOf(Object owner) {
    if (locks != null) {
      locks.removeAllOf(owner);
    }
  }

  // ---- Seals ----

  /** {@code memfd_file_seals_ptr}: null for a file that knows of none. */
  @Nullable Seals seals() {
    return null;
  }

  /**
   * Adds seals; asked only of a file that knows of them.
   *
   * @throws ErrnoException as {@link Seals#add} does
   */
  void addSeals(int wanted) throws ErrnoException {
    throw new ErrnoException(Errno.EINVAL);
  }

  // ---- Attributes ----

  /** Becomes the owner's, and as old as now. */
  final void born(Credentials owner, long nowNanos) {
    uid = owner.fsuid();
    gid = owner.fsgid();
    atimeNanos = nowNanos;
    mtimeNanos = nowNanos;
    ctimeNanos = nowNanos;
  }

  /** Takes over what the host says; contents are the subclass's business. */
  void update(HostAttributes host) {
    mode = host.mode();
    nlink = host.nlink();
    uid = host.uid();
    gid = host.gid();
    rdev = host.rdev();
    storedBytes = host.sizeBytes();
    storedBlocks512 = host.blocks512();
    atimeNanos = host.atimeNanos();
    mtimeNanos = host.mtimeNanos();
    ctimeNanos = host.ctimeNanos();
  }

  /** Whether an inode made from what the host says now would be this one. */
  final boolean isSame(HostAttributes host) {
    return ino == host.ino() && dev == host.dev() && type() == (host.mode() & FileMode.S_IFMT);
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

  /** Whether it has no name yet, and may get one. */
  final boolean isLinkable() {
    return linkable;
  }

  /** {@code d_tmpfile}: it begins without a name. */
  final void beginNameless(boolean mayBeLinked) {
    nlink = 0;
    linkable = mayBeLinked;
  }

  /** Whether it is a directory. */
  public final boolean isDirectory() {
    return type() == FileMode.S_IFDIR;
  }

  /** Whether it is a regular file. */
  public final boolean isRegular() {
    return type() == FileMode.S_IFREG;
  }

  /** Whether a named pipe is the machine's; those of the host stay closed. */
  boolean isPipeOfMachine() {
    return kind() != VfsCaches.InodeKind.HOST;
  }

  /** Whether it is a symbolic link. */
  public final boolean isSymlink() {
    return type() == FileMode.S_IFLNK;
  }

  /** Length in bytes as of the last look. */
  public long sizeBytes() {
    return storedBytes;
  }

  /** Space in units of 512 bytes. */
  long blocks512() {
    return storedBlocks512;
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
   * @param credentials of the opener
   * @throws ErrnoException such as ENXIO for a socket
   */
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    throw new ErrnoException(Errno.ENXIO);
  }

  /**
   * Called before an attribute changes: the place for copy-up.
   *
   * @throws ErrnoException EPERM or EROFS where attributes cannot change
   */
  abstract void detach() throws ErrnoException;

  /** Sets permission bits; the caller has checked that it may. */
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    detach();
    mode = type() | permissions;
    ctimeNanos = nowNanos;
  }

  /** Sets owner and group, -1 for none; the caller has checked that it may. */
  void chown(int newUid, int newGid, long nowNanos) throws ErrnoException {
    detach();
    uid = newUid == -1 ? uid : newUid;
    gid = newGid == -1 ? gid : newGid;
    ctimeNanos = nowNanos;
  }

  /** Sets times; the caller has checked that it may. */
  void utimens(long newAtimeNanos, long newMtimeNanos, long nowNanos) throws ErrnoException {
    detach();
    atimeNanos = newAtimeNanos;
    mtimeNanos = newMtimeNanos;
    ctimeNanos = nowNanos;
  }

  /** Sets the length of a regular file. */
  void truncate(long sizeBytes, long nowNanos) throws ErrnoException {
    throw new ErrnoException(isDirectory() ? Errno.EISDIR : Errno.EINVAL);
  }

  /** Where a link of /proc leads without a path; null for any other. */
  @Nullable Dentry jump() throws ErrnoException {
    return null;
  }

  /** Where a symbolic link points to; each char is one byte. */
  String readlink() throws ErrnoException {
    throw new ErrnoException(Errno.EINVAL);
  }

  /** Another name came or went, or the name changed. */
  void changeLinks(int change, long nowNanos) throws ErrnoException {
    detach();
    nlink += change;
    linkable &= nlink == 0;
    ctimeNanos = nowNanos;
  }

  /** Tells of the file system. */
  abstract void statfs(Kstatfs out) throws ErrnoException;
}
