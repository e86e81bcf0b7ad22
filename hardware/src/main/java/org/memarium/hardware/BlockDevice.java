package org.memarium.hardware;

import java.nio.charset.StandardCharsets;

/**
 * A disk: pages of a file of the host, read and written straight from and to {@link Ram}.
 *
 * <p>A {@linkplain #temporary temporary} one has no name from the beginning ({@code O_TMPFILE}), so
 * that nothing stays behind however this process ends. A {@linkplain #open given} one is locked
 * while it is open: nobody else uses it for the same purpose.
 *
 * <p>What the host says (EIO, ENOSPC when its disk is full) is what the caller gets: a transfer
 * moves a whole page, or fails. How long it takes is not known here.
 */
public final class BlockDevice implements AutoCloseable {
  /** Lets transfers fail, for tests of what happens then. */
  @FunctionalInterface
  public interface Errors {
    /**
     * Whether a transfer fails with EIO; nothing is moved then.
     *
     * @param number which transfer it is since the device was opened; the first is 1
     */
    boolean fails(long number, boolean write, long page);
  }

  private static final int EINTR = 4;
  private static final int EIO = 5;

  // ---- fcntl.h of x86-64 ----
  private static final int O_RDWR = 2;
  private static final int O_CREAT_EXCL = 0x40 | 0x80;
  private static final int O_CLOEXEC = 0x80000;
  private static final int O_TMPFILE = 0x410000;
  private static final int LOCK_EX_NB = 2 | 4;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int S_IFMT = 0xf000;
  private static final int S_IFREG = 0x8000;
  private static final int OWNER_ONLY = 0x180;
  private static final int SEEK_END = 2;

  private static final Errors NONE = (number, write, page) -> false;

  private final HostFiles files;
  private final String path;
  private final int fd;
  private final long pages;
  private Errors errors = NONE;
  private long transfers;
  private boolean closed;

  private BlockDevice(HostFiles files, String path, int fd, long bytes) {
    this.files = files;
    this.path = path;
    this.fd = fd;
    this.pages = bytes >>> Ram.PAGE_SHIFT;
  }

  /**
   * A disk of zeroes, whose file takes room on the host's as it is written to, and vanishes.
   *
   * @param directory where the file is, without a name
   * @param bytes its size
   * @throws HostFileException if the host refuses
   */
  public static BlockDevice temporary(String directory, long bytes) {
    HostFiles files = new HostFiles();
    byte[] name = directory.getBytes(StandardCharsets.UTF_8);
    long fd = files.openat(HostFiles.AT_FDCWD, name, O_RDWR | O_CLOEXEC | O_TMPFILE, OWNER_ONLY);
    if (fd < 0) {
      fd = createAndUnlink(files, directory);
    }
    if (fd < 0) {
      throw new HostFileException(directory, (int) -fd);
    }
    long error = files.ftruncate((int) fd, bytes);
    if (error < 0) {
      files.closeAll();
      throw new HostFileException(directory, (int) -error);
    }
    return new BlockDevice(files, directory, (int) fd, bytes);
  }

  /** For file systems without O_TMPFILE: the name lives as long as two calls take. */
  private static long createAndUnlink(HostFiles files, String directory) {
    String name =
        "%s/memarium-%d-%x".formatted(directory, ProcessHandle.current().pid(), files.hashCode());
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    int flags = O_RDWR | O_CLOEXEC | O_CREAT_EXCL;
    long fd = files.openat(HostFiles.AT_FDCWD, bytes, flags, OWNER_ONLY);
    if (fd >= 0) {
      long error = files.unlinkat(HostFiles.AT_FDCWD, bytes, 0);
      if (error < 0) {
        files.closeAll();
        return error;
      }
    }
    return fd;
  }

  /**
   * The disk that a file of the host is: a regular file, or a block device of the host's own.
   *
   * @throws HostFileException if it cannot be opened for reading and writing, or is in use
   */
  public static BlockDevice open(String path) {
    HostFiles files = new HostFiles();
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    long fd = files.openat(HostFiles.AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) {
      throw new HostFileException(path, (int) -fd);
    }
    HostFiles.Attributes attributes = new HostFiles.Attributes();
    long error = files.statx((int) fd, new byte[0], AT_EMPTY_PATH, attributes);
    if (error == 0) {
      error = files.flock((int) fd, LOCK_EX_NB);
    }
    long bytes = attributes.sizeBytes;
    if (error == 0 && (attributes.mode & S_IFMT) != S_IFREG) {
      bytes = files.lseek((int) fd, 0, SEEK_END);
      error = Math.min(bytes, 0);
    }
    if (error < 0) {
      files.closeAll();
      throw new HostFileException(path, (int) -error);
    }
    return new BlockDevice(files, path, (int) fd, bytes);
  }

  /** The path of the file on the host, or the directory of one that has no name. */
  public String path() {
    return path;
  }

  /** How many whole pages it has. */
  public long pages() {
    return pages;
  }

  /** How many transfers there were, failed ones too. */
  public long transfers() {
    return transfers;
  }

  /** Says which transfers fail from now on. */
  public void injectErrors(Errors which) {
    errors = which;
  }

  /**
   * Reads a page into a frame.
   *
   * @return 0, or a negative errno: what the frame holds then is not known
   */
  public int read(long page, Ram ram, int pfn) {
    return transfer(false, page, ram, pfn);
  }

  /**
   * Writes a frame to a page.
   *
   * @return 0, or a negative errno: what the page holds then is not known
   */
  public int write(long page, Ram ram, int pfn) {
    return transfer(true, page, ram, pfn);
  }

  private int transfer(boolean write, long page, Ram ram, int pfn) {
    if (page < 0 || page >= pages || closed) {
      throw new IllegalStateException(
          "page %d of a disk of %d pages%s".formatted(page, pages, closed ? ", closed" : ""));
    }
    if (errors.fails(++transfers, write, page)) {
      return -EIO;
    }
    long address = (long) pfn << Ram.PAGE_SHIFT;
    long at = page << Ram.PAGE_SHIFT;
    int done = 0;
    while (done < Ram.PAGE_SIZE) {
      int left = Ram.PAGE_SIZE - done;
      long count =
          write
              ? files.pwrite(fd, ram, address + done, left, at + done)
              : files.pread(fd, ram, address + done, left, at + done);
      if (count == 0) {
        return -EIO; // The file was made shorter behind our back.
      }
      if (count < 0 && count != -EINTR) {
        return (int) count;
      }
      done += (int) Math.max(count, 0);
    }
    return 0;
  }

  /** Gives the file back to the host; a temporary one is gone. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      files.closeAll();
    }
  }
}
