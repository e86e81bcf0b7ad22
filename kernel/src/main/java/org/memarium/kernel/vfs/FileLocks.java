package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code struct file_lock_context}: the locks on one inode; Linux {@code fs/locks.c}.
 *
 * <p>Locks by fcntl stand in order of their owners' first lock, and those of one owner in order of
 * their first byte; they never overlap, and touch only if their types differ. Each held lock, and
 * each request that waits, is an object of {@code file_lock_cache}.
 */
final class FileLocks {
  private final VfsCaches caches;

  /** {@code flc_posix} and {@code flc_flock}: what is held. */
  private List<FileLock> held = new ArrayList<>();

  private final List<Long> slots = new ArrayList<>();

  /** Those who wait for a lock, in order of arrival; all look again when something is let go. */
  private final WaitQueue waiters = new WaitQueue();

  FileLocks(VfsCaches caches) {
    this.caches = caches;
  }

  WaitQueue waiters() {
    return waiters;
  }

  boolean isEmpty() {
    return held.isEmpty();
  }

  int size() {
    return held.size();
  }

  /** {@code posix_test_lock}: the first lock that is in the way of one, or null. */
  @Nullable FileLock conflict(FileLock wanted) {
    for (FileLock lock : held) {
      if (lock.conflicts(wanted)) {
        return lock;
      }
    }
    return null;
  }

  /** flock lets go of a lock of another type before it asks for the new one. */
  void beginConversion(FileLock wanted) {
    removeIf(lock ->
        lock.kind() == FileLock.Kind.FLOCK && lock.isOf(wanted) && lock.type() != wanted.type());
  }

  /**
   * {@code posix_lock_inode}, {@code flock_lock_inode}: takes or lets go what nobody is in the way
   * of; what the owner has there already changes its type, and is split or joined.
   *
   * @throws ErrnoException ENOLCK if there is no memory; nothing has changed
   */
  void apply(FileLock change) throws ErrnoException {
    List<FileLock> next = new ArrayList<>();
    FileLock merged = change;
    boolean lessens = false;
    for (FileLock lock : held) {
      if (lock.kind() != change.kind() || !lock.isOf(change)) {
        next.add(lock);
        continue;
      }
      boolean touches = lock.start() - 1 <= merged.end() && merged.start() - 1 <= lock.end();
      if (lock.type() == change.type() && touches) {
        merged =
            merged.withRange(
                Math.min(lock.start(), merged.start()), Math.max(lock.end(), merged.end()));
      } else if (lock.overlaps(change)) {
        lessens |= change.type() != FileLock.WRITE;
        if (lock.start() < change.start()) {
          next.add(lock.withRange(lock.start(), change.start() - 1));
        }
        if (lock.end() > change.end()) {
          next.add(lock.withRange(change.end() + 1, lock.end()));
        }
      } else {
        next.add(lock);
      }
    }
    if (change.type() != FileLock.UNLOCK) {
      next.add(placeFor(merged, next), merged);
    }
    resize(next.size());
    held = next;
    if (lessens) {
      waiters.wakeUpAll();
    }
  }

  /** Behind the owner's locks on earlier bytes; at the end if it has none. */
  private static int placeFor(FileLock lock, List<FileLock> locks) {
    int place = locks.size();
    for (int i = locks.size() - 1; i >= 0; i--) {
      FileLock other = locks.get(i);
      if (other.kind() == lock.kind() && other.isOf(lock)) {
        if (other.start() < lock.start()) {
          return i + 1;
        }
        place = i;
      }
    }
    return place;
  }

  private void resize(int size) throws ErrnoException {
    int before = slots.size();
    try {
      while (slots.size() < size) {
        slots.add(VfsCaches.alloc(caches.fileLock, Errno.ENOLCK));
      }
    } catch (ErrnoException e) {
      shrink(before);
      throw e;
    }
    shrink(size);
  }

  private void shrink(int size) {
    while (slots.size() > size) {
      VfsCaches.free(caches.fileLock, slots.removeLast());
    }
  }

  /**
   * {@code locks_remove_posix}, {@code locks_remove_file}: an owner lets go of everything.
   *
   * @param owner a table of descriptors, or an open file
   */
  @SuppressWarnings("ReferenceEquality") // an owner is one object
  void removeAllOf(Object owner) {
    removeIf(lock -> lock.owner() == owner);
  }

  private void removeIf(Predicate<FileLock> goes) {
    if (held.removeIf(goes)) {
      shrink(held.size());
      waiters.wakeUpAll();
    }
  }
}
