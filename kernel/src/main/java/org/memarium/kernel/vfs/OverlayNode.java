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

  private static final int INLINE_LINK_BYTES = 60;

  private final HostView view;
  private final OverlayOrigin origin;
  private final @Nullable String target;

  /** A file of the host. */
  OverlayNode(HostView view, Path lower, HostAttributes host) {
    super(host.dev(), host.ino(), host.mode());
    this.view = view;
    this.origin = new OverlayOrigin(view, lower);
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
    origin = new OverlayOrigin(view, null);
    storedBytes = target == null ? 0 : target.length();
    // A short link lies in its inode, as with the usual file systems.
    storedBlocks512 = storedBytes < INLINE_LINK_BYTES ? 0 : OverlayData.PAGE_BYTES / 512;
    born(owner, view.nowNanos());
  }

  @Override
  VfsCaches.InodeKind kind() {
    return origin.kind();
  }

  @Override
  void inUse() {
    view.removeUnused(this);
  }

  @Override
  boolean keepsUnused() {
    return origin.keepsUnused(this);
  }

  @Override
  boolean evict() {
    return !origin.ownsAttributes();
  }

  @Override
  void refresh() {
    origin.refresh(this);
  }

  @Override
  void update(HostAttributes host) {
    if (!origin.ownsAttributes()) {
      super.update(host);
    }
  }

  @Override
  void detach() {
    if (origin.takeOver(this)) {
      view.cache(this);
    }
  }

  @Override
  String readlink() throws ErrnoException {
    if (!isSymlink()) {
      throw new ErrnoException(Errno.EINVAL);
    }
    Path lower = origin.lower();
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
