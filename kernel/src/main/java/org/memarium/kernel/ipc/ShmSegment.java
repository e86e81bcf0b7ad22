package org.memarium.kernel.ipc;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.file.Shmem;
import org.memarium.mm.space.NamelessFile;

/** {@code struct shmid_kernel}: a segment of shared memory. */
public final class ShmSegment extends IpcObject {
  /** In the mode: it goes when nobody has it attached any more. */
  static final int DEST = 01000;

  /** In the mode: SHM_LOCK. */
  static final int LOCKED = 02000;

  final NamelessFile file;
  final long bytes;

  /** Its object of kmalloc. */
  final long slot;

  final int creatorPid;
  int lastPid;
  int attached;
  long attachSeconds;
  long detachSeconds;
  long changeSeconds;

  /** {@code shm_creator}: the thread that made it; null once that has ended. */
  @Nullable Object creator;

  /** {@code mlock_ucounts}: the user who pays for the lock. */
  int lockUser;

  ShmSegment(IpcCaller caller, int key, int flags, long bytes, NamelessFile file, long slot) {
    super(caller, key, flags);
    this.file = file;
    this.bytes = bytes;
    this.slot = slot;
    creatorPid = caller.tgid();
    creator = caller.thread();
  }

  /** {@code shm_segsz}: its size as it was asked for. */
  public long bytes() {
    return bytes;
  }

  /** Its size in whole pages. */
  long pages() {
    return (bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
  }

  /** {@code shm_nattch}: how many areas map it. */
  public int attached() {
    return attached;
  }

  /** Who made it. */
  public int creatorPid() {
    return creatorPid;
  }

  /** Who attached or detached it last; 0: nobody. */
  public int lastPid() {
    return lastPid;
  }

  /** When it was attached last, in seconds since 1970; 0: never. */
  public long attachSeconds() {
    return attachSeconds;
  }

  /** When it was detached last; 0: never. */
  public long detachSeconds() {
    return detachSeconds;
  }

  /** When it was made, or changed by IPC_SET. */
  public long changeSeconds() {
    return changeSeconds;
  }

  /** How many of its pages are in memory. */
  public long residentPages() {
    return file.mapping().cachedPages();
  }

  /** How many of its pages are in swap. */
  public long swappedPages() {
    Shmem shmem = file.mapping().shmem();
    return shmem == null ? 0 : shmem.swappedPages();
  }

  boolean isDestined() {
    return (mode & DEST) != 0;
  }

  boolean isLocked() {
    return (mode & LOCKED) != 0;
  }
}
