package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/** An open file of a {@link PseudoFileSystem}: reads and writes at a position of its own. */
abstract class PseudoOpenFile extends OpenFile {

  PseudoOpenFile(Dentry dentry, int flags) {
    super(dentry, flags);
  }

  @Override
  public boolean hasPositions() {
    return true;
  }

  @Override
  public final long read(byte[] buffer, int offset, int count) {
    long result = pread(buffer, offset, count, position);
    position += Math.max(0, result);
    return result;
  }

  @Override
  public final long write(byte[] buffer, int offset, int count) {
    long result = pwrite(buffer, offset, count, position);
    position += Math.max(0, result);
    return result;
  }

  @Override
  public long pwrite(byte[] buffer, int offset, int count, long at) {
    return -Errno.EINVAL;
  }

  @Override
  public final long ioctl(int command, IoctlArgument argument) {
    return inode() instanceof PseudoFile file
        ? file.ioctl(command, argument)
        : super.ioctl(command, argument);
  }

  /** {@code SB_I_NOEXEC}: proc, sysfs and cgroup2 hold nothing that can be executed. */
  @Override
  public final boolean isNoExec() {
    return true;
  }

  /** {@code proc_setattr} and its like: takes the length, and nothing becomes of it. */
  @Override
  public final long truncate(long sizeBytes) {
    return sizeBytes > RegularOpenFile.MAX_NON_LFS ? -Errno.EFBIG : 0;
  }

  /** {@code mem_lseek}: there is no end to count from. */
  @Override
  public final long lseek(long offset, int whence) {
    long target =
        switch (whence) {
          case Fcntl.SEEK_SET -> offset;
          case Fcntl.SEEK_CUR -> position + offset;
          default -> -1;
        };
    if (target < 0) {
      return -Errno.EINVAL;
    }
    position = target;
    return target;
  }
}
