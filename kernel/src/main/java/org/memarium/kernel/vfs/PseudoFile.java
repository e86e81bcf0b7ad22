package org.memarium.kernel.vfs;

import java.util.function.IntSupplier;
import org.memarium.mm.Errno;

/** An inode of a {@link PseudoFileSystem} that is no directory; it belongs to root at first. */
public abstract class PseudoFile extends Inode {

  private final PseudoFileSystem fileSystem;
  private IntSupplier guard = () -> 0;
  private IoctlHandler requests = (command, argument) -> -Errno.ENOTTY;

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

  /**
   * Sets what open(2), or the way through a link, asks besides the permissions, as ptrace access of
   * a process.
   *
   * @param check 0, or the negative errno that refuses
   */
  public final void setGuard(IntSupplier check) {
    guard = check;
  }

  /**
   * Asks the {@linkplain #setGuard guard}.
   *
   * @throws ErrnoException if it refuses
   */
  final void checkGuard() throws ErrnoException {
    int result = guard.getAsInt();
    if (result < 0) {
      throw new ErrnoException(-result);
    }
  }

  /** Sets what ioctl(2) does; otherwise the file knows no requests. */
  public final void setIoctl(IoctlHandler handler) {
    requests = handler;
  }

  final long ioctl(int command, IoctlArgument argument) {
    return requests.ioctl(command, argument);
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
