package org.memarium.kernel.vfs;

/** A pipe's inode and its bytes on the way ({@code struct pipe_inode_info}). */
final class Pipe extends Inode {

  /** What fits into it. */
  static final int BYTES = 65536;

  /** {@code PIPE_BUF}: a write of at most this is never split. */
  static final int ATOMIC_BYTES = 4096;

  private static final long PIPEFS_MAGIC = 0x50495045;

  private final byte[] ring = new byte[BYTES];
  private int first;
  private int filled;
  int readers;
  int writers;

  Pipe(long dev, long ino, Credentials owner, long nowNanos) {
    super(dev, ino, FileMode.S_IFIFO | 0600);
    born(owner, nowNanos);
  }

  int filled() {
    return filled;
  }

  int free() {
    return BYTES - filled;
  }

  /** Takes out up to {@code count} bytes; returns how many. */
  int take(byte[] to, int offset, int count) {
    int taken = Math.min(count, filled);
    int untilEnd = Math.min(taken, BYTES - first);
    System.arraycopy(ring, first, to, offset, untilEnd);
    System.arraycopy(ring, 0, to, offset + untilEnd, taken - untilEnd);
    first = (first + taken) % BYTES;
    filled -= taken;
    return taken;
  }

  /** Puts in up to {@code count} bytes; returns how many. */
  int put(byte[] from, int offset, int count) {
    int accepted = Math.min(count, free());
    int start = (first + filled) % BYTES;
    int untilEnd = Math.min(accepted, BYTES - start);
    System.arraycopy(from, offset, ring, start, untilEnd);
    System.arraycopy(from, offset + untilEnd, ring, 0, accepted - untilEnd);
    filled += accepted;
    return accepted;
  }

  @Override
  void detach() {}

  @Override
  void statfs(Kstatfs out) {
    out.type = PIPEFS_MAGIC;
    out.blockSizeBytes = 4096;
  }
}
