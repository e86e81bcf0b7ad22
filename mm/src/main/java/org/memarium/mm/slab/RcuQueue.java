package org.memarium.mm.slab;

import java.util.ArrayDeque;

/**
 * {@code call_rcu} for slabs and {@code kfree_rcu} for objects: what is freed only when nobody can
 * still be reading it.
 *
 * <p>The machine has one processor, and nobody reads across a return to user mode, so a grace
 * period ends whenever the machine says so: {@link #synchronizeRcu}. Until then everything waits
 * here, in the order in which it came.
 */
public final class RcuQueue {
  private final SlabAllocator allocator;

  /** In the order in which they came. */
  private final ArrayDeque<Waiting> queue = new ArrayDeque<>();

  private sealed interface Waiting {
    record Slab(KmemCache cache, int slab) implements Waiting {}

    record Of(long object) implements Waiting {}

    record Call(Runnable function) implements Waiting {}
  }

  RcuQueue(SlabAllocator allocator) {
    this.allocator = allocator;
  }

  void callFreeSlab(KmemCache cache, int slab) {
    queue.add(new Waiting.Slab(cache, slab));
  }

  /**
   * {@code kfree_rcu}: frees the object after a grace period.
   *
   * @param object of any cache
   */
  public void kfreeRcu(long object) {
    queue.add(new Waiting.Of(object));
  }

  /** {@code call_rcu}: runs a function after a grace period. */
  public void callRcu(Runnable function) {
    queue.add(new Waiting.Call(function));
  }

  /** How many slabs, objects and functions wait. */
  public int size() {
    return queue.size();
  }

  /**
   * {@code rcu_barrier}: a grace period ends, and everything that waited is freed.
   *
   * @return how many slabs and objects that were
   */
  public int synchronizeRcu() {
    int freed = 0;
    for (Waiting next = queue.poll(); next != null; next = queue.poll()) {
      freed++;
      switch (next) {
        case Waiting.Slab(KmemCache cache, int slab) -> cache.node().freeSlab(slab);
        case Waiting.Of(long object) -> allocator.kmalloc().kfree(object);
        case Waiting.Call(Runnable function) -> function.run();
      }
    }
    return freed;
  }

  /** The slabs of a cache that wait, for the audit. */
  int[] slabsOf(KmemCache cache) {
    return queue.stream()
        .mapToInt(
            waiting -> waiting instanceof Waiting.Slab(var of, int slab) && of == cache ? slab : -1)
        .filter(slab -> slab >= 0)
        .toArray();
  }
}
