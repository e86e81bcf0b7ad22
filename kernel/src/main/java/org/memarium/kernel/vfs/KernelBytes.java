package org.memarium.kernel.vfs;

/** Bytes in an object of kmalloc; without a machine, on the Java heap. */
final class KernelBytes {
  private final VfsCaches caches;
  private final long object;
  private final byte[] heap;

  /**
   * Takes the object.
   *
   * @throws ErrnoException with the given error if there is no memory
   */
  KernelBytes(VfsCaches caches, int bytes, int errno) throws ErrnoException {
    this.caches = caches;
    this.object = caches.kmalloc(bytes, errno);
    this.heap = object == 0 ? new byte[bytes] : new byte[0];
  }

  void write(int at, byte[] from, int offset, int count) {
    if (object == 0) {
      System.arraycopy(from, offset, heap, at, count);
    } else {
      caches.writeObject(object + at, from, offset, count);
    }
  }

  void read(int at, byte[] to, int offset, int count) {
    if (object == 0) {
      System.arraycopy(heap, at, to, offset, count);
    } else {
      caches.readObject(object + at, to, offset, count);
    }
  }

  void free() {
    caches.kfree(object);
  }
}
