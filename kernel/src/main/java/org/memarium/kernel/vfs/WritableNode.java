package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.file.Files;
import org.memarium.mm.Errno;

/** A symbolic link or special file in a writable folder; special files are never opened. */
final class WritableNode extends Inode {

  private final WritableMount mount;
  private Dentry name;
  private long hostBytes;

  /**
   * A link or special file of the host.
   *
   * @param name under which it is looked up
   */
  WritableNode(WritableMount mount, Dentry name, HostAttributes host) {
    super(host.dev(), host.ino(), host.mode());
    this.mount = mount;
    this.name = name;
    update(host);
  }

  @Override
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.HOST;
  }

  @Override
  void inUse() {
    mount.view().removeUnused(this);
  }

  @Override
  boolean keepsUnused() {
    if (nlink == 0) {
      return false;
    }
    mount.view().addUnused(this);
    return true;
  }

  @Override
  void foundAs(Dentry dentry) {
    if (name.isUnlinked() || name.isFreed()) {
      name = dentry;
    }
  }

  @Override
  void refresh() {
    if (!name.isUnlinked()) {
      updateFrom(mount.path(name));
    }
  }

  @Override
  void update(HostAttributes host) {
    super.update(host);
    hostBytes = host.sizeBytes();
  }

  @Override
  void detach() {}

  @Override
  public long sizeBytes() {
    return hostBytes;
  }

  @Override
  long blocks512() {
    return HostBlocks.of(mode, hostBytes);
  }

  @Override
  String readlink() throws ErrnoException {
    if (!isSymlink()) {
      throw new ErrnoException(Errno.EINVAL);
    }
    try {
      return HostNames.fromPath(Files.readSymbolicLink(mount.path(name)));
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    throw new ErrnoException(type() == FileMode.S_IFSOCK ? Errno.ENXIO : Errno.EACCES);
  }

  @Override
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    mount.chmod(name, mode, permissions);
    refresh();
  }

  @Override
  void chown(int newUid, int newGid, long nowNanos) throws ErrnoException {
    mount.chown(name, newUid, newGid);
    refresh();
  }

  @Override
  void utimens(long newAtimeNanos, long newMtimeNanos, long nowNanos) throws ErrnoException {
    mount.utimens(name, newAtimeNanos, newMtimeNanos);
    refresh();
  }

  @Override
  void statfs(Kstatfs out) throws ErrnoException {
    mount.statfs(out);
  }
}
