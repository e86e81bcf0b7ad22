package org.memarium.kernel.vfs;

import java.util.Arrays;
import org.memarium.mm.Errno;

/**
 * A symbolic link or special file in a writable folder; of special files only named pipes that
 * programs made are opened, and nobody but programs is at their other end.
 */
final class WritableNode extends Inode {

  private final WritableName name;

  /** Whether a program of this machine made it: a named pipe is a pipe between its programs. */
  private boolean madeHere;

  /**
   * A link or special file of the host.
   *
   * @param dentry under which it is looked up
   */
  WritableNode(WritableMount mount, Dentry dentry, HostAttributes host) {
    super(host.dev(), host.ino(), host.mode());
    this.name = new WritableName(mount, dentry);
    update(host);
  }

  @Override
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.HOST;
  }

  void madeHere() {
    madeHere = true;
  }

  @Override
  boolean isPipeOfMachine() {
    return madeHere;
  }

  @Override
  void inUse() {
    name.mount().view().removeUnused(this);
  }

  @Override
  boolean keepsUnused() {
    return name.mount().view().keepsUnused(this);
  }

  @Override
  void foundAs(Dentry dentry) {
    name.foundAs(dentry);
  }

  @Override
  void refresh() {
    name.refresh(this);
  }

  @Override
  void detach() {}

  @Override
  String readlink() throws ErrnoException {
    if (!isSymlink()) {
      throw new ErrnoException(Errno.EINVAL);
    }
    byte[] target = new byte[Fcntl.PATH_MAX];
    byte[] last = WritableMount.bytes(name.last());
    long length = name.in(dirfd -> name.mount().host().readlinkat(dirfd, last, target));
    return HostNames.fromBytes(Arrays.copyOf(target, (int) length), 0, (int) length);
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    throw new ErrnoException(type() == FileMode.S_IFSOCK ? Errno.ENXIO : Errno.EACCES);
  }

  @Override
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    name.chmod(this, permissions);
    refresh();
  }

  @Override
  void chown(int newUid, int newGid, long nowNanos) throws ErrnoException {
    name.chown(newUid, newGid);
    refresh();
  }

  @Override
  void utimens(long newAtimeNanos, long newMtimeNanos, long nowNanos) throws ErrnoException {
    name.utimens(newAtimeNanos, newMtimeNanos);
    refresh();
  }

  /** Gives it another name in a directory of the same mount. */
  void link(int dirfd, byte[] newName) throws ErrnoException {
    byte[] last = WritableMount.bytes(name.last());
    name.in(olddirfd -> name.mount().host().linkat(olddirfd, last, dirfd, newName, 0));
  }

  @Override
  void statfs(Kstatfs out) throws ErrnoException {
    name.mount().statfs(out);
  }
}
