package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
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

  private final VfsCaches caches;
  private final LongSupplier noFileLimit;
  private @Nullable OpenFile[] files;
  private final BitSet closeOnExec = new BitSet();

  /** The object of the cache {@code files_cache}. */
  private final long slot;

  /** The table that took the place of the first one; null: the first one is large enough. */
  private @Nullable FdArrays arrays;

  /** How many tasks use the table; 0: it has ended. */
  private int users = 1;

  private FdTable(VfsCaches caches, LongSupplier noFileLimit, long slot) {
    this.caches = caches;
    this.noFileLimit = noFileLimit;
    this.slot = slot;
    this.files = new @Nullable OpenFile[FdArrays.firstSlots(caches)];
  }

  /**
   * An empty table.
   *
   * @param noFileLimit the soft RLIMIT_NOFILE of the process
   * @throws ErrnoException ENOMEM
   */
  public static FdTable allocate(Vfs vfs, LongSupplier noFileLimit) throws ErrnoException {
    VfsCaches caches = vfs.caches();
    return new FdTable(caches, noFileLimit, VfsCaches.alloc(caches.filesStruct));
  }

  /** The descriptors of somebody who is no process: without objects of caches. */
  public static FdTable outside(LongSupplier noFileLimit) {
    return new FdTable(new VfsCaches(null), noFileLimit, 0);
  }

  /** {@code CLONE_FILES}: one more task uses the table, and lets go of it by {@link #free}. */
  public FdTable share() {
    users++;
    return this;
  }

  /** Whether more than one task uses the table. */
  public boolean isShared() {
    return users > 1;
  }

  /** {@code put_files_struct}, when a task ends: the last one closes everything. */
  public void free() {
    if (users == 0) {
      throw new IllegalStateException("the descriptors of a process end twice");
    }
    if (--users > 0) {
      return;
    }
    closeAll();
    if (arrays != null) {
      arrays.free();
    }
    VfsCaches.free(caches.filesStruct, slot);
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
   * @return the descriptor, or {@code -EMFILE} or {@code -ENOMEM}
   */
  public int install(OpenFile file, boolean cloexec) {
    return install(file, 0, cloexec);
  }

  /**
   * Gives a file the lowest free descriptor that is not below {@code lowest}.
   *
   * @return the descriptor, or {@code -EMFILE} or {@code -ENOMEM}
   */
  public int install(OpenFile file, int lowest, boolean cloexec) {
    int fd = unused(lowest);
    if (fd >= 0) {
      put(fd, file, cloexec);
    }
    return fd;
  }

  /**
   * {@code get_unused_fd_flags}: the descriptor that {@link #install} will give next, with room for
   * it in the table.
   *
   * @return the descriptor, or {@code -EMFILE} or {@code -ENOMEM}
   */
  public int unused(int lowest) {
    int fd = lowest;
    while (fd < files.length && files[fd] != null) {
      fd++;
    }
    if (fd >= limit()) {
      return -Errno.EMFILE;
    }
    return hasRoomFor(fd) ? fd : -Errno.ENOMEM;
  }

  /** {@code expand_files}: false if there is no memory for a larger table. */
  private boolean hasRoomFor(int fd) {
    if (fd < files.length) {
      return true;
    }
    try {
      FdArrays larger = FdArrays.allocate(caches, fd);
      if (arrays != null) {
        arrays.free();
      }
      arrays = larger;
      files = Arrays.copyOf(files, larger.slots());
      return true;
    } catch (ErrnoException e) {
      return false;
    }
  }

  /**
   * Gives a file this very descriptor; what was there is closed.
   *
   * @param fd from 0 to {@link #limit} - 1
   * @return the descriptor, or {@code -ENOMEM}
   */
  public int installAt(int fd, OpenFile file, boolean cloexec) {
    if (!hasRoomFor(fd)) {
      return -Errno.ENOMEM;
    }
    OpenFile before = get(fd);
    put(fd, file, cloexec);
    if (before != null) {
      before.closedBy(this);
    }
    return fd;
  }

  private void put(int fd, OpenFile file, boolean cloexec) {
    file.hold();
    files[fd] = file;
    closeOnExec.set(fd, cloexec);
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
    file.closedBy(this);
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

  /** The open files, by descriptor; one that has two is there twice. */
  public List<OpenFile> openFiles() {
    List<OpenFile> open = new ArrayList<>();
    for (OpenFile file : files) {
      if (file != null) {
        open.add(file);
      }
    }
    return open;
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
   * {@code FDSize} in /proc/self/status: the slots of the table, which starts with a word's bits
   * and grows to 256 and on.
   */
  public int slots() {
    return files.length;
  }

  /**
   * {@code dup_fd}: a table of its own with the same open files, as fork makes it.
   *
   * @param noFileLimit the limit of the new process
   * @throws ErrnoException ENOMEM; nothing is held then
   */
  public FdTable copy(LongSupplier noFileLimit) throws ErrnoException {
    FdTable copy = new FdTable(caches, noFileLimit, VfsCaches.alloc(caches.filesStruct));
    int[] open = openDescriptors();
    if (open.length > 0 && !copy.hasRoomFor(open[open.length - 1])) {
      copy.free();
      throw new ErrnoException(Errno.ENOMEM);
    }
    for (int fd : open) {
      OpenFile file = files[fd];
      if (file != null) {
        copy.put(fd, file, closeOnExec.get(fd));
      }
    }
    return copy;
  }
}
