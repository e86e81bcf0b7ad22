package org.memarium.kernel.vfs;

/**
 * The one inode behind all files that are nothing but what they do: eventfd, epoll, timerfd,
 * signalfd (Linux {@code fs/anon_inodes.c}).
 */
final class AnonInode extends Inode {
  private static final long ANON_INODE_FS_MAGIC = 0x09041934;

  AnonInode(long dev, long ino, long nowNanos) {
    super(dev, ino, 0600);
    born(Credentials.of(0, 0), nowNanos);
  }

  @Override
  void detach() {}

  @Override
  void statfs(Kstatfs out) {
    out.type = ANON_INODE_FS_MAGIC;
    out.blockSizeBytes = 4096;
  }
}
