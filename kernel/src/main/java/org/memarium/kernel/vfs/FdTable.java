package org.memarium.kernel.vfs;

import java.util.Arrays;
import java.util.BitSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * {@code struct files_struct}: the open files of a process by descriptor.
 *
 * <p>A new descriptor is the lowest free one and lies below RLIMIT_NOFILE, which is asked for each
 * time, since setrlimit may change it. Each entry holds a reference to its {@link OpenFile}.
 */
public final class FdTable {

  /** No descriptor can reach this, whatever the limit ({@code sysctl fs.nr_open}). */
  public static final int NR_OPEN = 1024 * 1024;

  private final LongSupplier noFileLimit;
  private @Nullable OpenFile[] files = new @Nullable OpenFile[16];
  private final BitSet closeOnExec = new BitSet();

  /** The highest descriptor that was ever open. */
  private int highest;

  /**
   * An empty table.
   *
   * @param noFileLimit the soft RLIMIT_NOFILE of the process
   */
  public FdTable(LongSupplier noFileLimit) {
    this.noFileLimit = noFileLimit;
  }

  /** The open file of a descriptor, or null if it is not open. */
  public @Nullable OpenFile get(int fd) {
    return fd >= 0 && fd < files.length ? files[fd] : null;
  }

  /** The open file of a descriptor. */
  OpenFile require(int fd) throws ErrnoException {
    OpenFile file = get(fd);
    if (file == null) {
      throw new ErrnoException(Errno.EBADF);
    }
    return file;
  }

  /** Whether a descriptor is closed by execve. */
  public boolean isCloseOnExec(int fd) {
    return closeOnExec.get(fd);
  }

  /** Sets whether an open descriptor is closed by execve. */
  public void setCloseOnExec(int fd, boolean value) {
    closeOnExec.set(fd, value);
  }

  /**
   * Gives a file the lowest free descriptor.
   *
   * @return the descriptor, or {@code -EMFILE}
   */
  public int install(OpenFile file, boolean cloexec) {
    return install(file, 0, cloexec);
  }

  /**
   * Gives a file the lowest free descriptor that is not below {@code lowest}.
   *
   * @return the descriptor, or {@code -EMFILE}
   */
  public int install(OpenFile file, int lowest, boolean cloexec) {
    int fd = lowest;
    while (fd < files.length && files[fd] != null) {
      fd++;
    }
    if (fd >= limit()) {
      return -Errno.EMFILE;
    }
    put(fd, file, cloexec);
    return fd;
  }

  /**
   * Gives a file this very descriptor; what was there is closed.
   *
   * @param fd from 0 to {@link #limit} - 1
   */
  public void installAt(int fd, OpenFile file, boolean cloexec) {
    OpenFile before = get(fd);
    put(fd, file, cloexec);
    if (before != null) {
      before.release();
    }
  }

  private void put(int fd, OpenFile file, boolean cloexec) {
    if (fd >= files.length) {
      files = Arrays.copyOf(files, Math.max(fd + 1, files.length * 2));
    }
    file.hold();
    highest = Math.max(highest, fd);
    files[fd] = file;
    closeOnExec.set(fd, cloexec);
  }

  /** Whether one more descriptor can be given. */
  boolean hasRoom() {
    int fd = 0;
    while (fd < files.length && files[fd] != null) {
      fd++;
    }
    return fd < limit();
  }

  /** Descriptors must be below this. */
  public int limit() {
    long limit = noFileLimit.getAsLong();
    return limit < 0 || limit > NR_OPEN ? NR_OPEN : (int) limit;
  }

  /**
   * Closes a descriptor.
   *
   * @return 0, or {@code -EBADF}
   */
  public long close(int fd) {
    OpenFile file = get(fd);
    if (file == null) {
      return -Errno.EBADF;
    }
    files[fd] = null;
    closeOnExec.clear(fd);
    file.release();
    return 0;
  }

  /** Closes what execve closes. */
  public void closeOnExec() {
    for (int fd = closeOnExec.nextSetBit(0); fd >= 0; fd = closeOnExec.nextSetBit(fd + 1)) {
      close(fd);
    }
  }

  /** Closes everything, as exit does. */
  public void closeAll() {
    for (int fd = 0; fd < files.length; fd++) {
      close(fd);
    }
  }

  /** Open descriptors in ascending order. */
  public int[] openDescriptors() {
    int[] result = new int[files.length];
    int count = 0;
    for (int fd = 0; fd < files.length; fd++) {
      if (files[fd] != null) {
        result[count++] = fd;
      }
    }
    return Arrays.copyOf(result, count);
  }

  /**
   * {@code FDSize} in /proc/self/status: the slots of Linux's table, which starts with a word's
   * bits and doubles from 256 on.
   *
   * @param wordBits bits of a kernel's word
   */
  public int slots(int wordBits) {
    if (highest < wordBits) {
      return wordBits;
    }
    return Math.max(256, Integer.highestOneBit(highest) * 2);
  }

  /**
   * A table of its own with the same open files, as fork makes it.
   *
   * @param noFileLimit the limit of the new process
   */
  public FdTable copy(LongSupplier noFileLimit) {
    FdTable copy = new FdTable(noFileLimit);
    for (int fd : openDescriptors()) {
      OpenFile file = files[fd];
      if (file != null) {
        copy.put(fd, file, closeOnExec.get(fd));
      }
    }
    return copy;
  }
}
