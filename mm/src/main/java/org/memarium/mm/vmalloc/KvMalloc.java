package org.memarium.mm.vmalloc;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.Kmalloc;
import org.memarium.mm.slab.RcuQueue;
import org.memarium.mm.slab.SlabAllocator;

/**
 * {@code kvmalloc} (Linux 6.1 {@code mm/util.c}): contiguous in physical memory if that is easy to
 * have, from vmalloc if not. One a machine.
 */
public final class KvMalloc {
  private final Kmalloc kmalloc;
  private final RcuQueue rcu;
  private final Vmalloc vmalloc;

  /** Over the two allocators of a machine. */
  public KvMalloc(SlabAllocator slabs, Vmalloc vmalloc) {
    this.kmalloc = slabs.kmalloc();
    this.rcu = slabs.rcu();
    this.vmalloc = vmalloc;
  }

  /** {@code kvmalloc}: see {@link #kvmalloc(long, int, String)}. */
  public long kvmalloc(long bytes, int gfpFlags) {
    return kvmalloc(bytes, gfpFlags, Callers.outside());
  }

  /** {@code kvzalloc}: cleared. */
  public long kvzalloc(long bytes, int gfpFlags) {
    return kvmalloc(bytes, gfpFlags | Gfp.ZERO, Callers.outside());
  }

  /**
   * {@code kvmalloc_array}: {@code count * bytes} bytes; 0 if that overflows.
   *
   * @throws IllegalArgumentException if one of them is negative
   */
  public long kvmallocArray(long count, long bytes, int gfpFlags) {
    if (count < 0 || bytes < 0) {
      throw new IllegalArgumentException(
          "kvmalloc_array of %,d times %,d bytes".formatted(count, bytes));
    }
    boolean overflows = bytes != 0 && count > Long.MAX_VALUE / bytes;
    return overflows ? 0 : kvmalloc(count * bytes, gfpFlags, Callers.outside());
  }

  /**
   * {@code kvmalloc_node}: kmalloc without effort and without a warning, then vmalloc; up to a page
   * kmalloc only.
   *
   * @param gfpFlags vmalloc is tried only with {@link Gfp#DIRECT_RECLAIM}
   * @param caller for {@code /proc/vmallocinfo}
   * @return the address, or 0
   */
  public long kvmalloc(long bytes, int gfpFlags, @Nullable String caller) {
    if (bytes <= Ram.PAGE_SIZE) {
      return kmalloc.kmalloc(bytes, gfpFlags);
    }
    int easy = (gfpFlags | Gfp.NOWARN) & ~Gfp.NOFAIL;
    if ((easy & Gfp.RETRY_MAYFAIL) == 0) {
      easy |= Gfp.NORETRY;
    }
    long address = kmalloc.kmalloc(bytes, easy);
    if (address != 0 || (gfpFlags & Gfp.DIRECT_RECLAIM) == 0 || bytes > Integer.MAX_VALUE) {
      return address;
    }
    return vmalloc.vmalloc(bytes, 1, gfpFlags, 0, caller);
  }

  /** {@code kvfree}: whichever it came from; 0 is nothing. */
  public void kvfree(long address) {
    if (vmalloc.isVmallocAddress(address)) {
      vmalloc.vfree(address);
    } else {
      kmalloc.kfree(address);
    }
  }

  /** {@code kvfree_rcu} with two arguments: freed when the next grace period ends. */
  public void kvfreeRcu(long address) {
    rcu.callRcu(() -> kvfree(address));
  }

  /** {@code kvfree_rcu_mightsleep}, with one argument: waits for a grace period, and frees. */
  public void kvfreeRcuMightsleep(long address) {
    rcu.synchronizeRcu();
    kvfree(address);
  }
}
