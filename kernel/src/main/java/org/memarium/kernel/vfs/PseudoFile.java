package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/** An inode of a {@link PseudoFileSystem} that is no directory; it belongs to root at first. */
abstract class PseudoFile extends Inode {

  private final PseudoFileSystem fileSystem;

  PseudoFile(PseudoFileSystem fileSystem, int mode) {
    super(fileSystem.dev, fileSystem.newIno(), mode);
    this.fileSystem = fileSystem;
    born(Credentials.of(0, 0), fileSystem.nowNanos());
  }

  @Override
  final VfsCaches.InodeKind kind() {
    return fileSystem.inodes();
  }

  /** Sets whose file it is. */
  public final void setOwner(int ownerUid, int ownerGid) {
    uid = ownerUid;
    gid = ownerGid;
  }

  @Override
  final void detach() throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  @Override
  final void statfs(Kstatfs out) {
    fileSystem.statfs(out);
  }
}
