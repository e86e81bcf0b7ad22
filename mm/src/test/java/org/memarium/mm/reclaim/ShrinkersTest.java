package org.memarium.mm.reclaim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.VmStatItem;

/** How many objects a cache is asked for. */
class ShrinkersTest {
  private final VmStat vmStat = new VmStat();
  private final Shrinkers shrinkers = new Shrinkers(vmStat);

  /** Objects, of which each that is looked at is freed. */
  private static final class Cache implements Shrinker {
    final List<Long> scans = new ArrayList<>();
    final int seeks;
    long objects;
    boolean stops;

    Cache(long objects, int seeks) {
      this.objects = objects;
      this.seeks = seeks;
    }

    @Override
    public String name() {
      return "test";
    }

    @Override
    public int seeks() {
      return seeks;
    }

    @Override
    public long countObjects() {
      return objects;
    }

    @Override
    public long scanObjects(long count) {
      if (stops) {
        return -1;
      }
      scans.add(count);
      long freed = Math.min(count, objects);
      objects -= freed;
      return freed;
    }
  }

  private Cache cache(long objects, int seeks) {
    Cache cache = new Cache(objects, seeks);
    shrinkers.register(cache);
    return cache;
  }

  @Test
  void theShareIsTwoObjectsForEachByPriorityInBatches() {
    Cache cache = cache(4096, Shrinker.DEFAULT_SEEKS);
    assertEquals(256, shrinkers.shrink(5));
    assertEquals(List.of(128L, 128L), cache.scans);
    assertEquals(256, vmStat.get(VmStatItem.SLABS_SCANNED));
  }

  @Test
  void whatIsLessThanABatchIsPutOff() {
    Cache cache = cache(4096, Shrinker.DEFAULT_SEEKS);
    assertEquals(0, shrinkers.shrink(7)); // 64 are put off
    // 64 >> 6 of those, and 128 of today's share.
    assertEquals(128, shrinkers.shrink(6));
    assertEquals(List.of(128L), cache.scans);
  }

  @Test
  void aSmallCacheIsTakenWholeWhenMemoryIsVeryShort() {
    Cache cache = cache(20, Shrinker.DEFAULT_SEEKS);
    assertEquals(0, shrinkers.shrink(12));
    assertEquals(0, shrinkers.shrink(2));
    assertEquals(20, shrinkers.shrink(0));
    assertEquals(List.of(40L), cache.scans);
  }

  @Test
  void whatCostsNothingToMakeAgainGivesHalf() {
    Cache cache = cache(1000, 0);
    assertEquals(384, shrinkers.shrink(12));
    assertEquals(List.of(128L, 128L, 128L), cache.scans);
  }

  @Test
  void whoCannotGoOnIsNotAskedAgain() {
    Cache cache = cache(4096, Shrinker.DEFAULT_SEEKS);
    cache.stops = true;
    assertEquals(0, shrinkers.shrink(0));
  }
}
