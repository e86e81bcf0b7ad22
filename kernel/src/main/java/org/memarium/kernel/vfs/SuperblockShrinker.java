package org.memarium.kernel.vfs;

import org.memarium.mm.reclaim.Shrinker;

/**
 * Frees dentries and inodes that nobody uses, those longest unused first (Linux 6.1 {@code
 * fs/super.c}, {@code super_cache_scan}). What the present call of a program has looked up stays.
 * Linux has one for each file system; here one looks after all.
 */
public final class SuperblockShrinker implements Shrinker {
  private static final int BATCH = 1024;
  private static final int DEFAULT_PRESSURE = 100;

  private final Dcache dcache;
  private final HostView view;
  private int cachePressure = DEFAULT_PRESSURE;

  SuperblockShrinker(Dcache dcache, HostView view) {
    this.dcache = dcache;
    this.view = view;
  }

  /** {@code vm.vfs_cache_pressure}: how readily these objects go, in percent of what is usual. */
  public int cachePressure() {
    return cachePressure;
  }

  /** Sets {@code vm.vfs_cache_pressure}, 0 or more. */
  public void setCachePressure(int percent) {
    cachePressure = percent;
  }

  @Override
  public String name() {
    return "sb-hostfs";
  }

  @Override
  public int batch() {
    return BATCH;
  }

  /** {@code super_cache_count}. */
  @Override
  public long countObjects() {
    return (dcache.unused() + view.unusedInodes()) * cachePressure / 100;
  }

  /** Looks at both kinds, in the proportion that there are of them. */
  @Override
  public long scanObjects(long objects) {
    long dentries = dcache.unused();
    long inodes = view.unusedInodes();
    long all = dentries + inodes + 1;
    long freed = dcache.shrink(objects * dentries / all);
    return freed + view.shrinkInodes(dcache.caches(), objects * inodes / all);
  }
}
