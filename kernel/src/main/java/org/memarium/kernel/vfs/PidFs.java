package org.memarium.kernel.vfs;

import java.util.HashMap;
import java.util.Map;
import org.memarium.mm.Errno;

/**
 * {@code pidfs}: a file system with one file for each process that has descriptors, all of which
 * open the same file; Linux {@code fs/pidfs.c}, since 6.9.
 */
final class PidFs {
  private static final long PID_FS_MAGIC = 0x50494446;

  private final long dev;
  private long lastIno;

  /** By process, as long as a descriptor names it. */
  private final Map<PidFd.Target, PidInode> inodes = new HashMap<>();

  /**
   * An empty one.
   *
   * @param dev its device number
   */
  PidFs(long dev) {
    this.dev = dev;
  }

  /**
   * {@code path_from_stashed}: an entry for the file of a process, which nobody holds yet.
   *
   * @throws ErrnoException ENOMEM
   */
  Dentry entry(Dcache dcache, PidFd.Target target, long nowNanos) throws ErrnoException {
    PidInode inode = inodes.get(target);
    if (inode == null) {
      inode = new PidInode(this, target, nowNanos);
    }
    inode.hold(dcache.caches());
    inodes.put(target, inode);
    try {
      return Dentry.allocatePseudo(dcache, "anon_inode:[pidfd]", inode);
    } catch (ErrnoException e) {
      inode.release(dcache.caches());
      throw e;
    }
  }

  /** The file of one process: regular inside, and without any operation of such a file. */
  private static final class PidInode extends Inode {
    private final PidFs fileSystem;
    private final PidFd.Target target;

    PidInode(PidFs fileSystem, PidFd.Target target, long nowNanos) {
      super(fileSystem.dev, ++fileSystem.lastIno, FileMode.S_IFREG | 0700);
      this.fileSystem = fileSystem;
      this.target = target;
      born(Credentials.of(0, 0), nowNanos);
    }

    /** {@code anon_inode_setattr}. */
    @Override
    void detach() throws ErrnoException {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }

    /** {@code anon_inode_getattr}: nobody is to see that it is regular. */
    @Override
    public void getattr(Kstat out) {
      super.getattr(out);
      out.mode &= ~FileMode.S_IFMT;
    }

    @Override
    void destroyed(VfsCaches caches) {
      fileSystem.inodes.remove(target);
    }

    @Override
    void statfs(Kstatfs out) {
      out.type = PID_FS_MAGIC;
      out.blockSizeBytes = 4096;
    }
  }
}
