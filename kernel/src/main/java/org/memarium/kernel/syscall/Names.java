package org.memarium.kernel.syscall;

import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.KmemCache;

/**
 * {@code struct filename}: the buffers into which a system call copies its paths, {@code PATH_MAX}
 * bytes each, from the cache {@code names_cache} (Linux {@code fs/namei.c}, {@code getname}). They
 * are held until the call ends; no call has more than two.
 */
public final class Names {
  private static final int MOST = 8;

  private final KmemCache cache;
  private final long[] slots = new long[MOST];
  private int held;

  /**
   * None held.
   *
   * @param cache {@code names_cachep}
   */
  public Names(KmemCache cache) {
    this.cache = cache;
  }

  /** {@code __getname}: one more buffer; ENOMEM if there is no memory. */
  void take() {
    long slot = cache.alloc(Gfp.GFP_KERNEL);
    if (slot == 0) {
      throw new CallFailedException(Errno.ENOMEM);
    }
    slots[held++] = slot;
  }

  /** {@code putname}, of all: the call ends. */
  void putAll() {
    while (held > 0) {
      cache.free(slots[--held]);
    }
  }
}
