package org.memarium.hardware;

/** A file of the host cannot be had, and why. */
public final class HostFileException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String path;
  private final int errno;

  HostFileException(String path, int errno) {
    super("%s: errno %d of the host".formatted(path, errno));
    this.path = path;
    this.errno = errno;
  }

  /** The file. */
  public String path() {
    return path;
  }

  /** The host's errno, above 0. */
  public int errno() {
    return errno;
  }
}
