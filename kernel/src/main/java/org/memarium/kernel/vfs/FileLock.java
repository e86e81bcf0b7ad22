package org.memarium.kernel.vfs;

/**
 * {@code struct file_lock}: who holds, or wants, which bytes of a file in which way.
 *
 * @param kind by whose word the lock goes
 * @param owner whose it is: the {@link FdTable} of a process for {@link Kind#POSIX}, and the {@link
 *     OpenFile} for the others
 * @param pid of the process that took it; -1 if the lock is no process's
 * @param type one of {@link #READ}, {@link #WRITE}, {@link #UNLOCK}
 * @param start first byte
 * @param end last byte, inclusive; {@link #TO_THE_END}: however long the file becomes
 */
record FileLock(Kind kind, Object owner, int pid, int type, long start, long end) {

  /** {@code F_RDLCK}: others may read too. */
  static final int READ = 0;

  /** {@code F_WRLCK}: nobody else may. */
  static final int WRITE = 1;

  /** {@code F_UNLCK}. */
  static final int UNLOCK = 2;

  /** {@code OFFSET_MAX}. */
  static final long TO_THE_END = Long.MAX_VALUE;

  /** The three sorts of locks. The first two are in each other's way, flock's are apart. */
  enum Kind {
    /** {@code FL_POSIX}: of a process. */
    POSIX,
    /** {@code FL_OFDLCK}: of an open file. */
    OFD,
    /** {@code FL_FLOCK}: of an open file, always all of it. */
    FLOCK
  }

  /** {@code posix_same_owner}: locks of one owner are never in each other's way. */
  @SuppressWarnings("ReferenceEquality") // an owner is one object
  boolean isOf(FileLock other) {
    return owner == other.owner;
  }

  boolean overlaps(FileLock other) {
    return start <= other.end && other.start <= end;
  }

  /** {@code posix_locks_conflict}, {@code flock_locks_conflict}. */
  boolean conflicts(FileLock other) {
    return (kind == Kind.FLOCK) == (other.kind == Kind.FLOCK)
        && !isOf(other)
        && overlaps(other)
        && (type == WRITE || other.type == WRITE);
  }

  FileLock unlocking() {
    return new FileLock(kind, owner, pid, UNLOCK, start, end);
  }

  FileLock withRange(long newStart, long newEnd) {
    return new FileLock(kind, owner, pid, type, newStart, newEnd);
  }
}
