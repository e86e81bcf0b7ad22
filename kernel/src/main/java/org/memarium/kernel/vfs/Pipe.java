package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/** A pipe's inode and its bytes on the way ({@code struct pipe_inode_info}). */
final class Pipe extends Inode {

  /** What fits into it. */
  static final int BYTES = 65536;

  /** {@code PIPE_BUF}: a write of at most this is never split. */
  static final int ATOMIC_BYTES = 4096;

  /** {@code PIPE_DEF_BUFFERS}: one for each page. */
  private static final int BUFFERS = 16;

  /** {@code sizeof} on 32 bits. */
  private static final int BUFFER_BYTES = 24;

  private static final int INFO_BYTES = 116;

  private static final long PIPEFS_MAGIC = 0x50495045;

  private final byte[] ring = new byte[BYTES];
  private int first;
  private int filled;
  int readers;
  int writers;

  // ---- struct pipe_inode_info, and its 16 struct pipe_buffer ----
  private long infoSlot;
  private long buffersSlot;

  private Pipe(long dev, long ino, Credentials owner, long nowNanos) {
    super(dev, ino, FileMode.S_IFIFO | 0600);
    born(owner, nowNanos);
  }

  /**
   * {@code get_pipe_inode}, {@code alloc_pipe_info}: a pipe, by its nameless entry.
   *
   * @throws ErrnoException ENFILE if there is no memory for the pipe, as Linux says; ENOMEM if
   *     there is none for the entry
   */
  static Dentry create(Dcache dcache, long dev, long ino, Credentials owner, long nowNanos)
      throws ErrnoException {
    VfsCaches caches = dcache.caches();
    int words = caches.wordBytes() / Integer.BYTES;
    Pipe pipe = new Pipe(dev, ino, owner, nowNanos);
    pipe.hold(caches, Errno.ENFILE);
    try {
      pipe.infoSlot = caches.kmalloc((long) INFO_BYTES * words, Errno.ENFILE);
      pipe.buffersSlot = caches.kmalloc((long) BUFFERS * BUFFER_BYTES * words, Errno.ENFILE);
      return Dentry.allocatePseudo(dcache, "pipe:[" + ino + "]", pipe);
    } catch (ErrnoException e) {
      pipe.release(caches);
      throw e;
    }
  }

  @Override
  void destroyed(VfsCaches caches) {
    caches.kfree(buffersSlot);
    caches.kfree(infoSlot);
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
