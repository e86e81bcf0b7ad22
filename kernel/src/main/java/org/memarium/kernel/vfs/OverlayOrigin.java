package org.memarium.kernel.vfs;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where an inode of the overlay comes from: a file of the host, or nowhere, since a program made
 * it; and whose its attributes are. Copy-up of the attributes is in place: from then on the inode
 * does not follow the host's any more.
 */
final class OverlayOrigin {
  private final HostView view;
  private final @Nullable Path lower;
  private boolean ownAttributes;

  /**
   * An origin.
   *
   * @param lower the host's file; null: a program made it
   */
  OverlayOrigin(HostView view, @Nullable Path lower) {
    this.view = view;
    this.lower = lower;
    ownAttributes = lower == null;
  }

  /** The host's file, or null. */
  @Nullable Path lower() {
    return lower;
  }

  /** Whether the attributes are the overlay's. */
  boolean ownsAttributes() {
    return ownAttributes;
  }

  VfsCaches.InodeKind kind() {
    return lower == null ? VfsCaches.InodeKind.SHMEM : VfsCaches.InodeKind.HOST;
  }

  /** {@code iput_final}: what is nowhere else stays for good. */
  boolean keepsUnused(Inode inode) {
    if (lower == null || inode.nlink == 0) {
      return false;
    }
    return ownAttributes || view.keepsUnused(inode);
  }

  /** Looks again; what the host does not let us see any more stays as it was seen last. */
  void refresh(Inode inode) {
    if (lower == null || ownAttributes) {
      return;
    }
    try {
      HostAttributes seen = view.attributes(lower);
      if (seen != null && inode.isSame(seen)) {
        inode.update(seen);
      }
    } catch (ErrnoException e) {
      return;
    }
  }

  /**
   * {@code ovl_copy_up}, of the attributes alone.
   *
   * @return whether they were the host's until now
   */
  boolean takeOver(Inode inode) {
    refresh(inode);
    boolean taken = !ownAttributes;
    ownAttributes = true;
    return taken;
  }
}
