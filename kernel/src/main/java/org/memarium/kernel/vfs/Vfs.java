package org.memarium.kernel.vfs;

/**
 * The tree of files of one machine: the view of the host, the overlay, and what is mounted on it.
 */
public final class Vfs implements AutoCloseable {

  private Vfs() {}

  /**
   * Opens the view.
   *
   * @throws InvalidViewException if the root or a writable folder is not there, is no folder, or a
   *     writable folder is not inside the root
   */
  public static Vfs open(VfsConfig config) {
    throw new UnsupportedOperationException();
  }

  /** The root of the tree. */
  public Dentry root() {
    throw new UnsupportedOperationException();
  }

  /** Installs descriptors 0, 1 and 2. */
  public void installStandardStreams(FdTable fds, StandardStreams streams) {
    throw new UnsupportedOperationException();
  }

  /** Fills a buffer from the seeded source behind /dev/urandom and getrandom(2). */
  public void random(byte[] buffer, int offset, int count) {
    throw new UnsupportedOperationException();
  }

  /** Closes the host's files. What the overlay holds is gone. */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
