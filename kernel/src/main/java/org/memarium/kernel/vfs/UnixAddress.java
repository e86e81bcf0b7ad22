package org.memarium.kernel.vfs;

import java.util.Locale;

/**
 * A name of the UNIX domain: what stands behind the family in {@code struct sockaddr_un}.
 *
 * @param path each char is one byte; an abstract name begins with NUL, and a path is without its
 *     final one
 */
public record UnixAddress(String path) implements SocketAddress {
  /** {@code UNIX_PATH_MAX}. */
  public static final int PATH_MAX = 108;

  private static final int FAMILY = 1;
  private static final int FAMILY_BYTES = 2;

  /** Whether it lies outside the tree of files. */
  public boolean isAbstract() {
    return path.startsWith("\0");
  }

  /** {@code unix_autobind}: the name of a number. */
  static UnixAddress automatic(int number) {
    return new UnixAddress(String.format(Locale.ROOT, "\0%05x", number));
  }

  /** As {@code struct sockaddr_un}, cut to its length. */
  @Override
  public byte[] toBytes() {
    int bytes = FAMILY_BYTES + path.length() + (isAbstract() ? 0 : 1);
    byte[] raw = new byte[bytes];
    raw[0] = FAMILY;
    for (int i = 0; i < path.length(); i++) {
      raw[FAMILY_BYTES + i] = (byte) path.charAt(i);
    }
    return raw;
  }

  /** As /proc/net/unix shows it. */
  @Override
  public String toString() {
    return isAbstract() ? "@" + path.substring(1) : path;
  }
}
