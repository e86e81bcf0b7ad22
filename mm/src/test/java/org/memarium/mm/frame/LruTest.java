package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.BootedMemory;
import org.memarium.mm.trace.VmStatItem;

class LruTest {
  private final BootedMemory memory = BootedMemory.boot(Architecture.I386, 32);
  private final Lru lru = memory.allocator.lru();
  private final MemMap memMap = memory.allocator.memMap();

  @AfterEach
  void close() {
    memory.close();
  }

  private int page(int flags) {
    int pfn = memory.allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
    memMap.setFlags(pfn, flags);
    return pfn;
  }

  private void audit() {
    Audit audit = memory.beginAudit();
    lru.audit(audit);
    audit.finish();
  }

  @Test
  void pagesEnterInactiveAtTheHead() {
    int first = page(0);
    int second = page(0);
    lru.add(first);
    lru.add(second);
    assertEquals(second, lru.root().first(LruList.INACTIVE_FILE));
    assertEquals(first, lru.root().last(LruList.INACTIVE_FILE));
    assertEquals(2, lru.root().size(LruList.INACTIVE_FILE));
    assertThrows(IllegalStateException.class, () -> lru.add(first));
    audit();
  }

  @Test
  void theSecondUseMakesAPageActive() {
    int pfn = page(PageFlags.SWAP_BACKED);
    lru.add(pfn);
    lru.markAccessed(pfn);
    assertEquals(LruList.INACTIVE_ANON, lru.listOf(pfn));
    lru.markAccessed(pfn);
    assertEquals(pfn, lru.root().first(LruList.ACTIVE_ANON));
    assertEquals(1, memory.vmStat.get(VmStatItem.PGACTIVATE));
    audit();
  }

  @Test
  void theLastReferenceTakesAPageOffItsList() {
    int pfn = page(0);
    lru.add(pfn);
    memory.allocator.putPage(pfn);
    assertEquals(0, lru.root().size(LruList.INACTIVE_FILE));
    assertEquals(-1, lru.root().first(LruList.INACTIVE_FILE));
    audit();
  }

  @Test
  void freePagesDoesNotTakeAPageThatIsOnAList() {
    int pfn = page(0);
    lru.add(pfn);
    assertThrows(IllegalStateException.class, () -> memory.allocator.freePages(pfn, 0));
    audit();
  }

  @Test
  void anIsolatedPageReturnsToTheListItCameFrom() {
    int pfn = page(PageFlags.SWAP_BACKED);
    lru.add(pfn);
    lru.markAccessed(pfn);
    lru.markAccessed(pfn);
    lru.isolate(pfn);
    assertEquals(1, memory.vmStat.get(VmStatItem.NR_ISOLATED_ANON));
    assertEquals(0, lru.root().size(LruList.ACTIVE_ANON));
    lru.putback(pfn);
    assertEquals(0, memory.vmStat.get(VmStatItem.NR_ISOLATED_ANON));
    assertEquals(pfn, lru.root().first(LruList.ACTIVE_ANON));
    audit();
  }

  @Test
  void aPageIsUnevictableUntilTheLastLockedAreaLetsGo() {
    int pfn = page(0);
    lru.add(pfn);
    lru.lock(pfn);
    lru.lock(pfn);
    assertEquals(1, lru.root().size(LruList.UNEVICTABLE));
    assertEquals(1, memory.vmStat.get(VmStatItem.NR_MLOCK));
    lru.unlock(pfn);
    assertEquals(1, lru.root().size(LruList.UNEVICTABLE));
    lru.unlock(pfn);
    assertEquals(pfn, lru.root().first(LruList.INACTIVE_FILE));
    audit();
    lru.lock(pfn);
    memory.allocator.putPage(pfn);
    assertEquals(0, memory.vmStat.get(VmStatItem.NR_MLOCK));
    audit();
  }

  @Test
  void aPageThatComesBackHasForgottenHowManyAreasLockIt() {
    int pfn = page(0);
    lru.add(pfn);
    lru.lock(pfn);
    lru.lock(pfn);
    assertEquals(2, lru.mlockCount(pfn));
    lru.take(pfn);
    lru.give(pfn);
    assertEquals(0, lru.mlockCount(pfn));
    lru.lock(pfn);
    assertEquals(1, lru.mlockCount(pfn));
    lru.unlock(pfn);
    assertEquals(0, memory.vmStat.get(VmStatItem.NR_MLOCK));
    assertEquals(pfn, lru.root().first(LruList.INACTIVE_FILE));
    audit();
  }

  @Test
  void aPageMayBeLockedBeforeItIsOnAList() {
    int pfn = page(PageFlags.SWAP_BACKED);
    lru.lock(pfn);
    lru.add(pfn);
    lru.lock(pfn);
    assertEquals(2, lru.mlockCount(pfn));
    lru.unlock(pfn);
    assertEquals(1, lru.root().size(LruList.UNEVICTABLE));
    lru.unlock(pfn);
    assertEquals(pfn, lru.root().first(LruList.INACTIVE_ANON));
    audit();
  }

  @Test
  void aLongRandomRunKeepsListsAndCountsTogether() {
    long seed = 20260101;
    SplittableRandom random = new SplittableRandom(seed);
    List<Integer> on = new ArrayList<>();
    List<Integer> isolated = new ArrayList<>();
    for (int step = 0; step < 20_000; step++) {
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          int pfn = page(random.nextBoolean() ? PageFlags.SWAP_BACKED : 0);
          lru.add(pfn);
          on.add(pfn);
        }
        case 2 ->
            on.forEach(pfn -> {
              if (random.nextInt(on.size()) == 0) {
                lru.markAccessed(pfn);
              }
            });
        case 3 -> move(on, isolated, random, lru::isolate);
        case 4 -> move(isolated, on, random, lru::putback);
        default -> move(on, new ArrayList<>(), random, memory.allocator::putPage);
      }
      if (on.size() + isolated.size() > 500) {
        on.forEach(memory.allocator::putPage);
        on.clear();
      }
      if (step % 1000 == 0) {
        audit();
      }
    }
    audit();
    assertTrue(memory.vmStat.get(VmStatItem.PGACTIVATE) > 0, "seed " + seed);
  }

  private static void move(
      List<Integer> from,
      List<Integer> to,
      SplittableRandom random,
      java.util.function.IntConsumer action) {
    if (!from.isEmpty()) {
      int at = random.nextInt(from.size());
      int pfn = from.get(at);
      from.set(at, from.getLast());
      from.removeLast();
      action.accept(pfn);
      to.add(pfn);
    }
  }
}
