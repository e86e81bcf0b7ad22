package org.memarium.kernel.vfs;

/**
 * What a descriptor of eventfd, timerfd or signalfd stands for ({@code anon_inode_getfile}): a file
 * without a name, whose reads and writes move whole records, and an object of the kernel's behind
 * it.
 */
abstract class AnonymousFile extends OpenFile {
  private final long context;

  /**
   * Opens.
   *
   * @param flags O_NONBLOCK counts
   * @param contextBytes of the object
   * @throws ErrnoException ENOMEM; what was opened is let go then
   */
  AnonymousFile(Dentry dentry, int flags, int contextBytes) throws ErrnoException {
    super(dentry, Fcntl.O_RDWR | (flags & Fcntl.O_NONBLOCK));
    context = allocateOrLetGo(contextBytes);
  }

  @Override
  void closed() {
    dentry().dcache().caches().kfree(context);
  }

  @Override
  public final boolean mayWait() {
    return true;
  }

  @Override
  public final boolean isPacket() {
    return true;
  }
}
