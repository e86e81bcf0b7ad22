package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * A regular file that the host has and programs may change, or one that a program made: changes
 * stay in memory.
 *
 * <p>Copy-up happens here, in place: the inode stops following the host's attributes and takes
 * written pages into {@link OverlayData}. So files that are open or mapped, and other hard links,
 * see a change at once, which Linux's overlayfs does not promise.
 */
final class OverlayFile extends RegularFile {

  private final OverlayOrigin origin;
  private @Nullable FileChannel channel;
  private @Nullable OverlayData data;

  /** A file of the host. */
  OverlayFile(HostView view, Path lower, HostAttributes host) {
    super(view, host.dev(), host.ino(), host.mode());
    origin = new OverlayOrigin(view, lower);
    super.update(host);
  }

  /** A new, empty file. */
  OverlayFile(HostView view, long dev, int mode, Credentials owner) {
    super(view, dev, view.newIno(), mode);
    origin = new OverlayOrigin(view, null);
    data = new OverlayData(view, 0);
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
    return !origin.ownsAttributes() && evictClean();
  }

  @Override
  void refresh() {
    origin.refresh(this);
  }

  @Override
  void update(HostAttributes host) {
    if (!origin.ownsAttributes()) {
      boolean changed = host.mtimeNanos() != mtimeNanos || host.sizeBytes() != storedBytes;
      super.update(host);
      if (changed && !isOpen()) {
        dropCache();
      }
    }
  }

  @Override
  void detach() {
    if (origin.takeOver(this)) {
      view.cache(this);
    }
  }

  private OverlayData ownData() {
    OverlayData own = data;
    if (own == null) {
      detach();
      own = new OverlayData(view, storedBytes);
      data = own;
    }
    return own;
  }

  @Override
  long storeBytes() {
    return data != null ? data.sizeBytes() : storedBytes;
  }

  @Override
  long blocks512() {
    return data != null ? data.blocks512() : storedBlocks512;
  }

  @Override
  void readStore(long at, byte[] to, int offset, int count) throws IOException {
    OverlayData own = data;
    if (own == null) {
      own = new OverlayData(view, storedBytes);
    }
    own.read(lowerChannel(), at, to, offset, count);
  }

  @Override
  void writeStore(long at, byte[] from, int offset, int count) throws IOException {
    ownData().write(lowerChannel(), at, from, offset, count);
  }

  @Override
  void setStoreBytes(long bytes) {
    ownData().setSize(bytes, bytes < sizeBytes());
  }

  @Override
  void prepareWrite(long at, long count) throws ErrnoException {
    if (!ownData().reserve(at, count)) {
      throw new ErrnoException(Errno.ENOSPC);
    }
  }

  @Override
  void wrote(long at, long count) {
    mtimeNanos = view.nowNanos();
    ctimeNanos = mtimeNanos;
  }

  @Override
  void openStore(boolean forReading, boolean forWriting) throws ErrnoException {
    try {
      var _ = lowerChannel();
    } catch (IOException e) {
      // Who only writes needs no right to read, unless part of a page stays as the host has it.
      if (forReading || HostErrors.errno(e) != Errno.EACCES) {
        throw HostErrors.of(e);
      }
    }
  }

  /** The host's file, opened now if it is not; null if there is none. */
  private @Nullable FileChannel lowerChannel() throws IOException {
    Path lower = origin.lower();
    if (lower != null && channel == null) {
      channel = view.open(lower);
    }
    return channel;
  }

  @Override
  void closeStore() {
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      view.close(open);
    }
  }

  /** Its last name is gone, and so is the last who held it: its room is given back. */
  @Override
  void destroyed(VfsCaches caches) {
    if (nlink == 0) {
      dropCache();
      if (data != null) {
        data.free();
      }
    }
  }

  @Override
  void changeLinks(int change, long nowNanos) throws ErrnoException {
    super.changeLinks(change, nowNanos);
    if (nlink == 0) {
      view.uncache(this);
    }
  }

  @Override
  long seekStore(long from, boolean data, long size) {
    // What mappings have written into holes is known then.
    var _ = writeBack();
    OverlayData own = this.data;
    return own != null ? own.seek(from, data, size) : data ? from : size;
  }

  @Override
  boolean hasBlock(long index) {
    long at = index << Ram.PAGE_SHIFT;
    OverlayData own = this.data;
    return own == null || own.seek(at, true, at + 1) == at;
  }

  @Override
  boolean isHole(long index) {
    return !hasBlock(index);
  }

  @Override
  void punchStore(long at, long count) throws ErrnoException {
    try {
      ownData().punch(lowerChannel(), at, count);
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  @Override
  void statfs(Kstatfs out) {
    view.statfs(out);
  }
}
