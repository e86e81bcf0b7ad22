package org.memarium.mm.reclaim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.file.BackingDev;
import org.memarium.mm.file.FileRa;
import org.memarium.mm.file.TestFile;
import org.memarium.mm.frame.Gfp;

/**
 * What is known of page replacement since the sixties, of the machine's own policies: a file is
 * read page by page, and one page is evicted whenever as many are cached as there may be.
 */
final class ReplacementTheoryTest {
  private static final int PAGE = 4096;

  /** Linux's own policies take as many pages at once as they like. */
  private static final Set<String> TAKES_MORE = Set.of("linux", "mglru");

  /** The string of Belady, Nelson and Shedler (1969). */
  private static final int[] BELADY = {1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};

  /** The string that Silberschatz computes by hand. */
  private static final int[] TEXTBOOK = {
    7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1
  };

  // ---- Misses that one can count by hand ----

  @Test
  void fifoSuffersBeladysAnomaly() {
    assertEquals(9, misses("fifo", BELADY, 3));
    assertEquals(10, misses("fifo", BELADY, 4));
  }

  @Test
  void lruAndTheOptimumGainFromMoreMemory() {
    assertEquals(10, misses("lru", BELADY, 3));
    assertEquals(8, misses("lru", BELADY, 4));
    assertEquals(7, misses("optimum", BELADY, 3));
    assertEquals(6, misses("optimum", BELADY, 4));
  }

  @Test
  void theTextbooksStringMissesAsTheTextbookSays() {
    assertEquals(15, misses("fifo", TEXTBOOK, 3));
    assertEquals(12, misses("lru", TEXTBOOK, 3));
    assertEquals(9, misses("optimum", TEXTBOOK, 3));
  }

  @Test
  void aLoopOnePageTooLongMissesAlwaysUnderLruAndFifoButNotUnderTheOptimum() {
    int[] loop = new int[100];
    for (int i = 0; i < loop.length; i++) {
      loop[i] = i % 5;
    }
    assertEquals(100, misses("lru", loop, 4));
    assertEquals(100, misses("fifo", loop, 4));
    // After the first five, one miss in four uses: (100 - 5) / 4, and the first five.
    assertEquals(28, misses("optimum", loop, 4));
  }

  // ---- What holds for every string ----

  @Test
  void clockGivesEachUsedPageASecondChance() {
    for (int seed = 0; seed < 20; seed++) {
      int[] string = randomString(seed, 8, 60);
      for (int frames = 2; frames <= 6; frames++) {
        assertEquals(clockByHand(string, frames), misses("clock", string, frames), "seed " + seed);
      }
    }
  }

  @Test
  void pagesUnderLruAreAmongThoseOfAMachineWithOneFrameMore() {
    for (int seed = 0; seed < 10; seed++) {
      int[] string = randomString(seed, 10, 80);
      List<Set<Integer>> smaller = resident("lru", string, 2);
      for (int frames = 3; frames <= 8; frames++) {
        List<Set<Integer>> larger = resident("lru", string, frames);
        for (int i = 0; i < string.length; i++) {
          assertTrue(larger.get(i).containsAll(smaller.get(i)), "seed " + seed + ", use " + i);
        }
        smaller = larger;
      }
    }
  }

  @Test
  void noPolicyEverMissesLessThanTheOptimum() {
    for (int seed = 100; seed < 120; seed++) {
      int[] string = randomString(seed, 12, 100);
      for (int frames = 2; frames <= 8; frames += 2) {
        int optimum = misses("optimum", string, frames);
        for (String policy : PolicyChoice.names()) {
          if (!PolicyChoice.needsRecording(policy)) {
            int misses = misses(policy, string, frames);
            assertTrue(optimum <= misses, "%s, seed %d: %d".formatted(policy, seed, misses));
          }
        }
      }
    }
  }

  @Test
  void theSameStringMissesAsOftenInEveryRun() {
    int[] string = randomString(7, 20, 200);
    for (String policy : PolicyChoice.names()) {
      assertEquals(misses(policy, string, 6), misses(policy, string, 6), policy);
    }
  }

  // ---- The machine ----

  private static int misses(String policy, int[] string, int frames) {
    try (Cache cache = new Cache(policy, string, frames)) {
      for (int page : string) {
        cache.use(page);
      }
      return cache.file.pagesRead;
    }
  }

  private static List<Set<Integer>> resident(String policy, int[] string, int frames) {
    try (Cache cache = new Cache(policy, string, frames)) {
      List<Set<Integer>> sets = new ArrayList<>();
      for (int page : string) {
        cache.use(page);
        sets.add(cache.resident());
      }
      return sets;
    }
  }

  /** A file of which only so many pages may be cached. */
  private static final class Cache implements AutoCloseable {
    final TestSpace space;
    final TestFile file;
    private final FileRa ra = new FileRa(BackingDev.DEFAULT);
    private final ReclaimPolicy policy;
    private final int frames;

    Cache(String name, int[] string, int frames) {
      this.frames = frames;
      ra.adviseRandom();
      space = TestSpace.i386();
      long[] names = new long[string.length];
      for (int i = 0; i < string.length; i++) {
        names[i] = 42L << Integer.SIZE | string[i];
      }
      PolicyChoice choice =
          PolicyChoice.needsRecording(name)
              ? PolicyChoice.knowing(new ReferenceString(names))
              : PolicyChoice.of(name);
      Reclaim reclaim = new Reclaim(space.manager, choice);
      reclaim.identity().setRecentPages(1);
      policy = reclaim.chosenPolicy();
      file = TestFile.of(space.pageCache, 32 * PAGE);
    }

    void use(int page) {
      if (!file.mapping().hasPage(page) && file.mapping().cachedPages() == frames) {
        ScanControl sc =
            new ScanControl(
                false,
                space.memory.allocator.lru().root(),
                false,
                Gfp.GFP_HIGHUSER_MOVABLE,
                0,
                space.memory.allocator.zones().size() - 1);
        sc.nrToReclaim = 1;
        for (sc.priority = ScanControl.DEF_PRIORITY; sc.nrReclaimed == 0; sc.priority--) {
          policy.prepare(sc);
          policy.shrinkLruvec(sc.target, sc);
        }
        assertTrue(sc.nrReclaimed == 1 || TAKES_MORE.contains(policy.name()));
      }
      file.mapping().read((long) page * PAGE, new byte[1], 0, 1, ra);
    }

    Set<Integer> resident() {
      Set<Integer> pages = new TreeSet<>();
      for (long page = file.mapping().nextPage(0);
          page >= 0;
          page = file.mapping().nextPage(page + 1)) {
        pages.add((int) page);
      }
      return pages;
    }

    @Override
    public void close() {
      file.mapping().evict();
      space.close();
    }
  }

  // ---- Plain models ----

  private static int[] randomString(long seed, int pages, int length) {
    Random random = new Random(seed);
    int[] string = new int[length];
    for (int i = 0; i < length; i++) {
      // Using a page twice in a row is one use.
      do {
        string[i] = random.nextInt(random.nextBoolean() ? pages : (pages + 2) / 3);
      } while (i > 0 && string[i] == string[i - 1]);
    }
    return string;
  }

  private static int clockByHand(int[] string, int frames) {
    ArrayDeque<Integer> clock = new ArrayDeque<>();
    Set<Integer> used = new TreeSet<>();
    int misses = 0;
    for (int page : string) {
      if (!clock.contains(page)) {
        misses++;
        while (clock.size() == frames) {
          int victim = clock.remove();
          if (used.remove(victim)) {
            clock.add(victim);
          }
        }
        clock.add(page);
      }
      used.add(page);
    }
    return misses;
  }
}
