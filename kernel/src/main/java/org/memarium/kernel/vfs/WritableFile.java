package org.memarium.kernel.vfs;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.HostFiles;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/** A regular file in a writable folder: what is written goes to the host at once. */
final class WritableFile extends RegularFile {

  private static final int CLOSED = -1;

  private static final int HOW =
      Fcntl.O_NOFOLLOW | Fcntl.O_NONBLOCK | Fcntl.O_NOCTTY | Fcntl.O_CLOEXEC;

  private final WritableName name;
  private final WritableMount mount;
  private final HostFiles host;

  /** The host's descriptor while the file is open. */
  private int descriptor = CLOSED;

  private boolean descriptorWrites;

  /** Blocks that fallocate took, and nobody has written to since. */
  private final BlockRanges unwritten = new BlockRanges();

  /**
   * A file of the host.
   *
   * @param dentry under which it is looked up; null while it has none
   */
  WritableFile(WritableMount mount, @Nullable Dentry dentry, HostAttributes host) {
    super(mount.view(), host.dev(), host.ino(), host.mode());
    this.mount = mount;
    this.name = new WritableName(mount, dentry);
    this.host = mount.host();
    super.update(host);
  }

  /** The same, which O_TMPFILE has just made: {@code openedDescriptor} reads and writes. */
  WritableFile(WritableMount mount, HostAttributes host, int openedDescriptor) {
    this(mount, null, host);
    descriptor = openedDescriptor;
    descriptorWrites = true;
  }

  /** What it is called, for people. */
  String path() {
    return name.path();
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
    return view.keepsUnused(this);
  }

  @Override
  void foundAs(Dentry dentry) {
    name.foundAs(dentry);
  }

  @Override
  boolean evict() {
    return evictClean();
  }

  @Override
  void refresh() {
    if (descriptor == CLOSED) {
      name.refresh(this);
      return;
    }
    try {
      update(mount.attributesOf(descriptor));
    } catch (ErrnoException e) {
      return;
    }
  }

  @Override
  void update(HostAttributes seen) {
    boolean changed = seen.mtimeNanos() != mtimeNanos || seen.sizeBytes() != storedBytes;
    super.update(seen);
    if (changed && !isOpen()) {
      dropCache();
    }
  }

  @Override
  void detach() {}

  @Override
  long storeBytes() {
    return storedBytes;
  }

  // ---- The host's descriptor ----

  @Override
  void openStore(boolean forReading, boolean forWriting) throws ErrnoException {
    var _ = open(forReading, forWriting);
  }

  private int open(boolean forReading, boolean forWriting) throws ErrnoException {
    int before = descriptor;
    if (before != CLOSED && (descriptorWrites || !forWriting)) {
      return before;
    }
    int opened;
    if (forWriting) {
      // Writing part of a page reads the rest of it, so reading is wanted too if the user may.
      try {
        opened = openOnHost(Fcntl.O_RDWR);
      } catch (ErrnoException e) {
        if (forReading || e.errno() != Errno.EACCES) {
          throw e;
        }
        opened = openOnHost(Fcntl.O_WRONLY);
      }
    } else {
      opened = openOnHost(Fcntl.O_RDONLY);
    }
    descriptor = opened;
    descriptorWrites = forWriting;
    if (before != CLOSED) {
      host.close(before);
    }
    return opened;
  }

  private int openOnHost(int access) throws ErrnoException {
    if (descriptor != CLOSED) {
      // The same file once more, whatever its name stands for now.
      byte[] same = WritableMount.ownDescriptor(descriptor);
      int flags = (access | HOW) & ~Fcntl.O_NOFOLLOW;
      return (int) WritableMount.check(host.openat(HostFiles.AT_FDCWD, same, flags, 0));
    }
    byte[] last = WritableMount.bytes(name.last());
    int opened = (int) name.in(dirfd -> host.openat(dirfd, last, access | HOW, 0));
    if (!isSame(mount.attributesOf(opened))) {
      host.close(opened);
      throw new ErrnoException(Errno.ESTALE);
    }
    return opened;
  }

  private int openForStore(boolean forWriting) throws IOException {
    try {
      return open(!forWriting, forWriting);
    } catch (ErrnoException e) {
      throw new HostFailure(e.result());
    }
  }

  @Override
  void closeStore() {
    // The pages may stay dirty: the host has their bytes, and nobody can change them any more.
    long result = storeAhead();
    if (descriptor != CLOSED) {
      noteTimes();
      long closed = host.close(descriptor);
      result = result < 0 ? result : closed;
      descriptor = CLOSED;
      descriptorWrites = false;
    }
    if (result < 0) {
      view.lost(path(), result);
    }
  }

  /** What was stored at last is no change by somebody else, for which the cache would go. */
  private void noteTimes() {
    try {
      super.update(mount.attributesOf(descriptor));
    } catch (ErrnoException e) {
      // Then it is taken for one.
      return;
    }
  }

  @Override
  void destroyed(VfsCaches caches) {
    if (nlink == 0) {
      dropCache();
    }
  }

  @Override
  void changeLinks(int change, long nowNanos) throws ErrnoException {
    super.changeLinks(change, nowNanos);
    if (nlink == 0) {
      // The host may give the number to another file.
      view.uncache(this);
    }
  }

  /** Gives it another name in a directory of the same mount. */
  void link(int dirfd, byte[] newName) throws ErrnoException {
    if (descriptor != CLOSED) {
      byte[] same = WritableMount.ownDescriptor(descriptor);
      WritableMount.check(
          host.linkat(HostFiles.AT_FDCWD, same, dirfd, newName, Fcntl.AT_SYMLINK_FOLLOW));
      return;
    }
    byte[] last = WritableMount.bytes(name.last());
    name.in(olddirfd -> host.linkat(olddirfd, last, dirfd, newName, 0));
  }

  // ---- The store ----

  @Override
  void readStore(long at, byte[] to, int offset, int count) throws IOException {
    int from = openForStore(false);
    int done = 0;
    while (done < count) {
      long got = host.pread(from, to, offset + done, count - done, at + done);
      if (got < 0) {
        throw new HostFailure(got);
      }
      if (got == 0) {
        // The host's file became shorter behind our back: zeroes, as a mapping would see.
        Arrays.fill(to, offset + done, offset + count, (byte) 0);
        return;
      }
      done += (int) got;
    }
  }

  @Override
  void writeStore(long at, byte[] from, int offset, int count) throws IOException {
    int to = openForStore(true);
    int done = 0;
    while (done < count) {
      long put = host.pwrite(to, from, offset + done, count - done, at + done);
      if (put < 0) {
        throw new HostFailure(put);
      }
      done += (int) put;
    }
    storedBytes = Math.max(storedBytes, at + count);
    unwritten.remove(at >>> Ram.PAGE_SHIFT, (at + count + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT);
  }

  @Override
  void setStoreBytes(long bytes) throws IOException {
    long result = host.ftruncate(openForStore(true), bytes);
    if (result < 0) {
      throw new HostFailure(result);
    }
    if (bytes <= storedBytes) {
      unwritten.removeBytes(bytes, Long.MAX_VALUE);
    }
    storedBytes = bytes;
  }

  @Override
  void prepareWrite(long at, long count) {}

  @Override
  void wrote(long at, long count) throws ErrnoException {
    storeAhead(at, count);
    refresh();
  }

  @Override
  long writeBack() {
    long result = super.writeBack();
    return result < 0 || !descriptorWrites ? result : host.fsync(descriptor);
  }

  @Override
  long seekStore(long from, boolean data, long size) {
    long result = storeAhead();
    try {
      int at = open(true, false);
      return result < 0 ? result : host.lseek(at, from, data ? Fcntl.SEEK_DATA : Fcntl.SEEK_HOLE);
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  @Override
  void punchStore(long at, long count) throws ErrnoException {
    // Blocks stay unwritten: behind the end of its file the host punches none.
    allocate(Fcntl.FALLOC_FL_PUNCH_HOLE | Fcntl.FALLOC_FL_KEEP_SIZE, at, count);
  }

  @Override
  void reserveStore(long at, long count) throws ErrnoException {
    List<long[]> holes = holes(at, at + count);
    allocate(Fcntl.FALLOC_FL_KEEP_SIZE, at, count);
    holes.forEach(hole -> unwritten.addBytes(hole[0], hole[1] - hole[0]));
  }

  /** Where nothing was written; what lies behind the end of the host's file is one hole. */
  private List<long[]> holes(long from, long end) throws ErrnoException {
    int at = open(false, true);
    List<long[]> holes = new ArrayList<>();
    for (long next = from & -Ram.PAGE_SIZE; next < end; ) {
      long data = host.lseek(at, next, Fcntl.SEEK_DATA);
      long holeEnd = data < 0 ? end : Math.min(data, end);
      if (next < holeEnd) {
        holes.add(new long[] {next, holeEnd});
      }
      next = data < 0 ? end : host.lseek(at, data, Fcntl.SEEK_HOLE);
    }
    return holes;
  }

  /** As the host says, for which what was only read counts as written. */
  @Override
  boolean hasBlock(long index) {
    long at = index << Ram.PAGE_SHIFT;
    return descriptor != CLOSED
        && !unwritten.contains(index)
        && host.lseek(descriptor, at, Fcntl.SEEK_DATA) == at;
  }

  @Override
  boolean isHole(long index) {
    return descriptor != CLOSED && !hasBlock(index);
  }

  private void allocate(int mode, long at, long count) throws ErrnoException {
    WritableMount.check(host.fallocate(open(false, true), mode, at, count));
  }

  // ---- Attributes ----

  @Override
  void chmod(int permissions, long nowNanos) throws ErrnoException {
    if (descriptor == CLOSED) {
      name.chmod(this, permissions);
    } else {
      mount.checkMode(type() | permissions);
      WritableMount.check(host.fchmod(descriptor, permissions));
    }
    refresh();
  }

  @Override
  void chown(int newUid, int newGid, long nowNanos) throws ErrnoException {
    if (descriptor == CLOSED) {
      name.chown(newUid, newGid);
    } else {
      WritableMount.check(host.fchown(descriptor, newUid, newGid));
    }
    refresh();
  }

  @Override
  void utimens(long newAtimeNanos, long newMtimeNanos, long nowNanos) throws ErrnoException {
    if (descriptor == CLOSED) {
      name.utimens(newAtimeNanos, newMtimeNanos);
    } else {
      WritableMount.check(host.utimensat(descriptor, new byte[0], newAtimeNanos, newMtimeNanos, 0));
    }
    refresh();
  }

  @Override
  void statfs(Kstatfs out) throws ErrnoException {
    mount.statfs(out);
  }
}
