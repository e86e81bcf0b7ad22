package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * A socket of the UNIX domain, never connected ({@code struct socket}): no other process is there
 * to listen. Reads and writes answer as Linux does before {@code connect}.
 */
public final class UnixSocket extends OpenFile {
  /** {@code SOCK_STREAM}. */
  public static final int STREAM = 1;

  /** {@code SOCK_DGRAM}. */
  public static final int DATAGRAM = 2;

  /** {@code SOCK_SEQPACKET}. */
  public static final int SEQUENTIAL_PACKETS = 5;

  private static final long SOCKFS_MAGIC = 0x534f434b;

  private final int type;

  /**
   * A new one.
   *
   * @param dentry of {@link #create}
   * @param type one of the constants here
   * @param flags O_NONBLOCK, or 0
   */
  UnixSocket(Dentry dentry, int type, int flags) {
    super(dentry, Fcntl.O_RDWR | flags);
    this.type = type;
  }

  /**
   * {@code sock_create}, {@code unix_create1}: a socket, by its nameless entry.
   *
   * @throws ErrnoException ENFILE if there is no memory for the inode, as Linux says; ENOMEM if
   *     there is none for the rest
   */
  static Dentry create(Dcache dcache, long dev, long ino, Credentials owner, long nowNanos)
      throws ErrnoException {
    VfsCaches caches = dcache.caches();
    Node node = new Node(dev, ino, owner, nowNanos);
    node.hold(caches, Errno.ENFILE);
    try {
      node.sockSlot = VfsCaches.alloc(caches.unixSock);
      return Dentry.allocatePseudo(dcache, "socket:[" + ino + "]", node);
    } catch (ErrnoException e) {
      node.release(caches);
      throw e;
    }
  }

  @Override
  public boolean mayWait() {
    return true;
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    if (type == STREAM) {
      return -Errno.EINVAL;
    }
    if (type == SEQUENTIAL_PACKETS) {
      return -Errno.ENOTCONN;
    }
    return isNonBlocking() ? -Errno.EAGAIN : WOULD_BLOCK;
  }

  @Override
  public long write(byte[] buffer, int offset, int count) {
    return -Errno.ENOTCONN;
  }

  @Override
  public int poll() {
    return type == DATAGRAM ? Fcntl.POLLOUT : Fcntl.POLLOUT | Fcntl.POLLHUP;
  }

  /** The inode behind a socket. */
  private static final class Node extends Inode {
    /** {@code struct unix_sock}: the object of the cache {@code UNIX}. */
    private long sockSlot;

    Node(long dev, long ino, Credentials owner, long nowNanos) {
      super(dev, ino, FileMode.S_IFSOCK | 0777);
      born(owner, nowNanos);
    }

    @Override
    VfsCaches.InodeKind kind() {
      return VfsCaches.InodeKind.SOCKET;
    }

    @Override
    void destroyed(VfsCaches caches) {
      VfsCaches.free(caches.unixSock, sockSlot);
    }

    @Override
    void detach() {}

    @Override
    void statfs(Kstatfs out) {
      out.type = SOCKFS_MAGIC;
      out.blockSizeBytes = 4096;
    }
  }
}
