package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * A file of the view that is neither directory nor regular: a symbolic link, or a special file,
 * which is seen and never opened, for what is behind it is the host's and not the program's.
 */
final class OverlayNode extends Inode {

  private final HostView view;
  private final @Nullable Path lower;
  private final @Nullable String target;
  private long hostBytes;
  private boolean ownAttributes;

  /** A file of the host. */
  OverlayNode(HostView view, Path lower, HostAttributes host) {
    super(host.dev(), host.ino(), host.mode());
    this.view = view;
    this.lower = lower;
    target = null;
    update(host);
  }

  /**
   * A new one.
   *
   * @param target where a symbolic link leads; null for what is none
   */
  OverlayNode(
      HostView view, long dev, long ino, int mode, @Nullable String target, Credentials owner) {
    super(dev, ino, mode);
    this.view = view;
    this.target = target;
    lower = null;
    ownAttributes = true;
    hostBytes = target == null ? 0 : target.length();
    born(owner, view.nowNanos());
  }

  @Override
  VfsCaches.InodeKind kind() {
    return lower == null ? VfsCaches.InodeKind.SHMEM : VfsCaches.InodeKind.HOST;
  }

  @Override
  void inUse() {
    view.removeUnused(this);
  }

  @Override
  boolean keepsUnused() {
    if (lower == null || nlink == 0) {
      return false;
    }
    if (!ownAttributes) {
      view.addUnused(this);
    }
    return true;
  }

  @Override
  boolean evict() {
    return !ownAttributes;
  }

  @Override
  void update(HostAttributes host) {
    if (!ownAttributes) {
      super.update(host);
      hostBytes = host.sizeBytes();
    }
  }

  @Override
  void detach() {
    if (!ownAttributes) {
      ownAttributes = true;
      view.cache(this);
    }
  }

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
    if (target != null || lower == null) {
      return target == null ? "" : target;
    }
    try {
      return HostNames.fromPath(Files.readSymbolicLink(lower));
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
    if (isSymlink()) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    detach();
    mode = (mode & FileMode.S_IFMT) | permissions;
    ctimeNanos = nowNanos;
  }

  @Override
  void statfs(Kstatfs out) {
    view.statfs(out);
  }
}
