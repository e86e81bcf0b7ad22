package org.memarium.mm.reclaim;

/**
 * {@code struct shrinker}: a cache of objects of the kernel's that can give some back when memory
 * is short (Linux {@code include/linux/shrinker.h}).
 */
public interface Shrinker {
  /** {@code DEFAULT_SEEKS}: what it costs to make an object again; 2 is usual, 0 is nothing. */
  int DEFAULT_SEEKS = 2;

  /** {@code SHRINK_BATCH}: how many objects are looked at in one call. */
  int DEFAULT_BATCH = 128;

  /** Its name. */
  String name();

  /** {@code seeks}. */
  default int seeks() {
    return DEFAULT_SEEKS;
  }

  /** {@code batch}. */
  default int batch() {
    return DEFAULT_BATCH;
  }

  /** {@code count_objects}: how many objects could be freed. */
  long countObjects();

  /**
   * {@code scan_objects}: looks at objects and frees what is not used.
   *
   * @param objects how many to look at
   * @return how many were freed; -1, {@code SHRINK_STOP}, if it cannot go on
   */
  long scanObjects(long objects);
}
