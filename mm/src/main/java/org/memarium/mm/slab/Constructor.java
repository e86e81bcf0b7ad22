package org.memarium.mm.slab;

/**
 * {@code void (*ctor)(void *)}: brings an object into the state in which users of the cache find it
 * and leave it.
 */
@FunctionalInterface
public interface Constructor {
  /**
   * Called once for each object, when its slab is made.
   *
   * @param object linear address in the direct map
   */
  void construct(long object);
}
