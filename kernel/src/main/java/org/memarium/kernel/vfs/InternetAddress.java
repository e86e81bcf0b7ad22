package org.memarium.kernel.vfs;

import java.nio.ByteBuffer;

/**
 * An address of the Internet with its port: {@code struct sockaddr_in} or {@code sockaddr_in6}. One
 * of IPv4 is kept as IPv6 maps it, {@code ::ffff:a.b.c.d}.
 *
 * @param six whether it is written as one of IPv6
 * @param high the first 64 bits of the address
 * @param low the others
 * @param port in the host's order of bytes
 */
public record InternetAddress(boolean six, long high, long low, int port) implements SocketAddress {
  /** {@code AF_INET}. */
  public static final int AF_INET = 2;

  /** {@code AF_INET6}. */
  public static final int AF_INET6 = 10;

  /** {@code sizeof(struct sockaddr_in)}. */
  public static final int BYTES = 16;

  /** {@code SIN6_LEN_RFC2133}: all but the scope, which need not be there. */
  public static final int SHORT_BYTES_6 = 24;

  private static final int BYTES_6 = 28;
  private static final int ADDRESS_AT_6 = 8;
  private static final long MAPPED = 0xffffL;
  private static final int LOOPBACK_NET = 127;
  private static final long LOOPBACK_4 = 0x7f00_0001L;

  /** Reads {@code struct sockaddr_in}, of at least {@link #BYTES} bytes. */
  public static InternetAddress of4(byte[] raw) {
    long address = Integer.toUnsignedLong(ByteBuffer.wrap(raw).getInt(4));
    return new InternetAddress(false, 0, MAPPED << Integer.SIZE | address, portOf(raw));
  }

  /** Reads {@code struct sockaddr_in6}, of at least {@link #SHORT_BYTES_6} bytes. */
  public static InternetAddress of6(byte[] raw) {
    ByteBuffer bytes = ByteBuffer.wrap(raw);
    return new InternetAddress(
        true, bytes.getLong(ADDRESS_AT_6), bytes.getLong(ADDRESS_AT_6 + Long.BYTES), portOf(raw));
  }

  private static int portOf(byte[] raw) {
    return Short.toUnsignedInt(ByteBuffer.wrap(raw).getShort(2));
  }

  /** Every address of a family. */
  static InternetAddress any(boolean six, int port) {
    return new InternetAddress(six, 0, six ? 0 : MAPPED << Integer.SIZE, port);
  }

  /** Whether it is an address of IPv4. */
  boolean isMapped() {
    return high == 0 && low >>> Integer.SIZE == MAPPED;
  }

  /** Whether it stands for every address. */
  boolean isAny() {
    return high == 0 && (low == 0 || low == MAPPED << Integer.SIZE);
  }

  /** 127.0.0.0/8 and ::1. */
  boolean isLoopback() {
    return isMapped() ? (low >>> 24 & 0xff) == LOOPBACK_NET : high == 0 && low == 1;
  }

  /** The same with another port. */
  InternetAddress at(int otherPort) {
    return new InternetAddress(six, high, low, otherPort);
  }

  /** The same, written as an address of another family. */
  InternetAddress as(boolean otherSix) {
    return new InternetAddress(otherSix, high, low, port);
  }

  /** What {@code lo} answers with, or sends from, in the same version of the protocol. */
  InternetAddress loopback() {
    return new InternetAddress(six, 0, isMapped() ? MAPPED << Integer.SIZE | LOOPBACK_4 : 1, port);
  }

  boolean isSameHost(InternetAddress other) {
    return high == other.high && low == other.low;
  }

  @Override
  public byte[] toBytes() {
    ByteBuffer raw = ByteBuffer.allocate(six ? BYTES_6 : BYTES);
    raw.put(0, (byte) (six ? AF_INET6 : AF_INET)).putShort(2, (short) port);
    if (six) {
      raw.putLong(ADDRESS_AT_6, high).putLong(ADDRESS_AT_6 + Long.BYTES, low);
    } else {
      raw.putInt(4, (int) low);
    }
    return raw.array();
  }
}
