package org.memarium.mm.reclaim;

import java.util.ArrayList;
import java.util.List;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code shrinker_list}: all caches that can shrink, and how many objects each is asked for (Linux
 * 6.1 {@code mm/vmscan.c}, {@code do_shrink_slab}).
 *
 * <pre>
 *   delta   objects >> priority, * 4 / seeks
 *   look at delta, and what was put off >> priority; at most twice the objects there are
 *   a batch at a time; what is less than a batch is put off
 * </pre>
 */
public final class Shrinkers {
  private static final long STOP = -1;

  private final VmStat vmStat;
  private final List<Registered> all = new ArrayList<>();

  Shrinkers(VmStat vmStat) {
    this.vmStat = vmStat;
  }

  /** A shrinker, and its {@code nr_deferred}: objects that should have been looked at. */
  private static final class Registered {
    final Shrinker shrinker;
    long deferred;

    Registered(Shrinker shrinker) {
      this.shrinker = shrinker;
    }
  }

  /** {@code register_shrinker}: asked after those that are there. */
  public void register(Shrinker shrinker) {
    all.add(new Registered(shrinker));
  }

  /**
   * {@code shrink_slab}: asks every cache for its share.
   *
   * @return how many objects were freed
   */
  long shrink(int priority) {
    long freed = 0;
    for (int i = 0; i < all.size(); i++) {
      freed += shrinkOne(all.get(i), priority);
    }
    return freed;
  }

  private long shrinkOne(Registered registered, int priority) {
    Shrinker shrinker = registered.shrinker;
    long freeable = shrinker.countObjects();
    if (freeable == 0) {
      return 0;
    }
    long deferred = registered.deferred;
    registered.deferred = 0;
    long delta =
        shrinker.seeks() == 0 ? freeable / 2 : (freeable >> priority) * 4 / shrinker.seeks();
    long toScan = Math.min((deferred >> priority) + delta, 2 * freeable);
    long freed = 0;
    long scanned = 0;
    while (toScan >= shrinker.batch() || toScan >= freeable) {
      long batch = Math.min(shrinker.batch(), toScan);
      long result = shrinker.scanObjects(batch);
      if (result == STOP) {
        break;
      }
      freed += result;
      vmStat.add(VmStatItem.SLABS_SCANNED, batch);
      toScan -= batch;
      scanned += batch;
    }
    registered.deferred = Math.clamp(deferred + delta - scanned, 0, 2 * freeable);
    return freed;
  }

  /** {@code drop_slab}: asks for everything, again and again while that gets anywhere. */
  public long dropSlab() {
    long all = 0;
    long freed;
    int shift = 0;
    do {
      freed = shrink(0);
      all += freed;
    } while (freed >> shift++ > 1);
    return all;
  }
}
