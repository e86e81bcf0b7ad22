package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/** The inode of a pipe without a name, in {@code pipefs}. */
final class PipeInode extends Inode {
  private static final long PIPEFS_MAGIC = 0x50495045;

  private PipeInode(long dev, long ino, Credentials owner, long nowNanos) {
    super(dev, ino, FileMode.S_IFIFO | 0600);
    born(owner, nowNanos);
  }

  /**
   * {@code get_pipe_inode}: a pipe, by its nameless entry.
   *
   * @throws ErrnoException ENFILE if there is no memory for the pipe, as Linux says; ENOMEM if
   *     there is none for the entry
   */
  static Dentry create(Dcache dcache, long dev, long ino, Credentials owner, long nowNanos)
      throws ErrnoException {
    VfsCaches caches = dcache.caches();
    PipeInode inode = new PipeInode(dev, ino, owner, nowNanos);
    inode.hold(caches, Errno.ENFILE);
    Pipe pipe = null;
    try {
      pipe = new Pipe(caches, Errno.ENFILE);
      Dentry dentry = Dentry.allocatePseudo(dcache, "pipe:[" + ino + "]", inode);
      inode.pipe = pipe;
      return dentry;
    } catch (ErrnoException e) {
      if (pipe != null) {
        pipe.free();
      }
      inode.release(caches);
      throw e;
    }
  }

  /** Of one that was never opened. */
  @Override
  void destroyed(VfsCaches caches) {
    if (pipe != null) {
      pipe.free();
      pipe = null;
    }
  }

  @Override
  void detach() {}

  @Override
  void statfs(Kstatfs out) {
    out.type = PIPEFS_MAGIC;
    out.blockSizeBytes = 4096;
  }
}
