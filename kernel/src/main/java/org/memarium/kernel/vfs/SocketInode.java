package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/** {@code struct socket}: the inode of a socket, in {@code sockfs}. */
final class SocketInode extends Inode {
  private static final long SOCKFS_MAGIC = 0x534f434b;

  private SocketInode(long dev, long ino, Credentials owner, long nowNanos) {
    super(dev, ino, FileMode.S_IFSOCK | 0777);
    born(owner, nowNanos);
  }

  /**
   * {@code sock_alloc}: a socket without an end, by its nameless entry.
   *
   * @throws ErrnoException ENFILE if there is no memory for the inode, as Linux says; ENOMEM if
   *     there is none for the entry
   */
  static Dentry create(Dcache dcache, long dev, long ino, Credentials owner, long nowNanos)
      throws ErrnoException {
    SocketInode inode = new SocketInode(dev, ino, owner, nowNanos);
    inode.hold(dcache.caches(), Errno.ENFILE);
    try {
      return Dentry.allocatePseudo(dcache, "socket:[" + ino + "]", inode);
    } catch (ErrnoException e) {
      inode.release(dcache.caches());
      throw e;
    }
  }

  @Override
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.SOCKET;
  }

  @Override
  void detach() {}

  @Override
  void statfs(Kstatfs out) {
    out.type = SOCKFS_MAGIC;
    out.blockSizeBytes = 4096;
  }
}
