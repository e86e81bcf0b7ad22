package org.memarium.kernel.syscall;

/** Numbers in bytes, the lowest byte first. */
final class Bytes {
  private Bytes() {}

  static int getInt(byte[] from, int at) {
    return (from[at] & 0xff)
        | (from[at + 1] & 0xff) << 8
        | (from[at + 2] & 0xff) << 16
        | from[at + 3] << 24;
  }

  static void putInt(byte[] to, int at, int value) {
    for (int i = 0; i < Integer.BYTES; i++) {
      to[at + i] = (byte) (value >>> (8 * i));
    }
  }

  static long getLong(byte[] from, int at) {
    return Integer.toUnsignedLong(getInt(from, at)) | ((long) getInt(from, at + 4) << 32);
  }
}
