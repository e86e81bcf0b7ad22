package org.memarium.kernel.vfs;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/** A regular file in a writable folder: what is written goes to the host at once. */
final class WritableFile extends RegularFile {

  private final WritableMount mount;
  private Dentry name;
  private @Nullable FileChannel channel;
  private boolean channelWrites;
  private long hostBytes;

  /**
   * A file of the host.
   *
   * @param name under which it is looked up
   */
  WritableFile(WritableMount mount, Dentry name, HostAttributes host) {
    super(mount.view(), host.dev(), host.ino(), host.mode());
    this.mount = mount;
    this.name = name;
    super.update(host);
    hostBytes = host.sizeBytes();
  }

  /** The name under which the host is asked about it. */
  Dentry name() {
    return name;
  }

  @Override
  VfsCaches.InodeKind kind() {
    return VfsCaches.InodeKind.HOST;
  }

  @Override
  void inUse() {
    view.removeUnused(this);
  }

  @Override
  boolean keepsUnused() {
    if (nlink == 0) {
      return false;
    }
    view.addUnused(this);
    return true;
  }

  @Override
  void foundAs(Dentry dentry) {
    if (name.isUnlinked() || name.isFreed()) {
      name = dentry;
    }
  }

  @Override
  boolean evict() {
    return evictClean();
  }

  private Path path() {
    return mount.path(name);
  }

  @Override
  void refresh() {
    if (!name.isUnlinked()) {
      updateFrom(path());
    }
  }

  @Override
  void update(HostAttributes host) {
    boolean changed = host.mtimeNanos() != mtimeNanos || host.sizeBytes() != hostBytes;
    super.update(host);
    hostBytes = host.sizeBytes();
    if (changed && !isOpen()) {
      dropCache();
    }
  }

  @Override
  void detach() {}

  @Override
  long storeBytes() {
    return hostBytes;
  }

  @Override
  long blocks512() {
    return HostBlocks.of(mode, hostBytes);
  }

  @Override
  void openStore(boolean forReading, boolean forWriting) throws ErrnoException {
    try {
      open(forReading, forWriting);
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  private FileChannel open(boolean forReading, boolean forWriting) throws IOException {
    FileChannel before = channel;
    if (before != null && (channelWrites || !forWriting)) {
      return before;
    }
    FileChannel opened;
    if (forWriting) {
      // Writing part of a page reads the rest of it, so reading is wanted too if the user may.
      try {
        opened = channel(StandardOpenOption.READ, StandardOpenOption.WRITE);
      } catch (IOException e) {
        if (forReading || HostErrors.errno(e) != Errno.EACCES) {
          throw e;
        }
        opened = channel(StandardOpenOption.WRITE);
      }
    } else {
      opened = channel(StandardOpenOption.READ);
    }
    channel = opened;
    channelWrites = forWriting;
    if (before != null) {
      before.close();
    }
    return opened;
  }

  private FileChannel channel(OpenOption... options) throws IOException {
    OpenOption[] all = Arrays.copyOf(options, options.length + 1);
    all[options.length] = LinkOption.NOFOLLOW_LINKS;
    return FileChannel.open(path(), Set.of(all));
  }

  @Override
  void closeStore() {
    long result = super.writeBack();
    if (result < 0) {
      view.lost(name, result);
    }
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      HostView.close(open);
    }
    if (nlink == 0) {
      forget();
    }
  }

  /** The last name is gone: the host may give the number to another file. */
  private void forget() {
    view.uncache(this);
    dropCache();
  }

  @Override
  void changeLinks(int change, long nowNanos) throws ErrnoException {
    super.changeLinks(change, nowNanos);
    if (nlink == 0 && !isOpen()) {
      forget();
    }
  }

  @Override
  void readStore(long at, byte[] to, int offset, int count) throws IOException {
    FileChannel from = open(true, false);
    ByteBuffer buffer = ByteBuffer.wrap(to, offset, count);
    while (buffer.hasRemaining()) {
      if (from.read(buffer, at + buffer.position() - offset) < 0) {
        // The host's file became shorter behind our back: zeroes, as a mapping would see.
        Arrays.fill(to, buffer.position(), offset + count, (byte) 0);
        return;
      }
    }
  }

  @Override
  void writeStore(long at, byte[] from, int offset, int count) throws IOException {
    FileChannel to = open(false, true);
    ByteBuffer buffer = ByteBuffer.wrap(from, offset, count);
    while (buffer.hasRemaining()) {
      to.write(buffer, at + buffer.position() - offset);
    }
    hostBytes = Math.max(hostBytes, at + count);
  }

  @Override
  void setStoreBytes(long bytes) throws IOException {
    FileChannel to = open(false, true);
    if (bytes < hostBytes) {
      to.truncate(bytes);
    } else if (bytes > hostBytes) {
      to.write(ByteBuffer.allocate(1), bytes - 1);
    }
    hostBytes = bytes;
  }

  @Override
  void prepareWrite(long at, long count) {}

  @Override
  void wrote(long at, long count) throws ErrnoException {
    writeBack(at, count);
    refresh();
  }

  @Override
  long writeBack() {
    long result = super.writeBack();
    FileChannel open = channel;
    if (result < 0 || open == null || !channelWrites) {
      return result;
    }
    try {
      open.force(true);
      return 0;
    } catch (IOException e) {
      return -HostErrors.errno(e);
    }
  }

  @Override
  long seekStore(long from, boolean data, long size) {
    return data ? from : size;
  }

  @Override
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    mount.chmod(name, mode, permissions);
    refresh();
  }

  @Override
  void chown(int newUid, int newGid, long nowNanos) throws ErrnoException {
    mount.chown(name, newUid, newGid);
    refresh();
  }

  @Override
  void utimens(long newAtimeNanos, long newMtimeNanos, long nowNanos) throws ErrnoException {
    mount.utimens(name, newAtimeNanos, newMtimeNanos);
    refresh();
  }

  @Override
  void statfs(Kstatfs out) throws ErrnoException {
    mount.statfs(out);
  }
}
