package org.memarium.mm.slab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;

/**
 * Long random sequences over many caches and kmalloc, with little RAM, against a model that is
 * nothing but a map of live objects and their bytes.
 */
final class SlabModelTest {
  private static final int STEPS = 40_000;
  private static final int STEPS_BETWEEN_AUDITS = 4_000;
  private static final int MAX_CACHES = 24;
  private static final int MARK_BYTES = 48;
  private static final int CONSTRUCTED = 0x3c;

  private static final int[] FLAGS = {
    0,
    SlabFlags.HWCACHE_ALIGN,
    SlabFlags.RECLAIM_ACCOUNT,
    SlabFlags.TYPESAFE_BY_RCU,
    SlabFlags.CACHE_DMA,
    SlabFlags.ACCOUNT
  };

  /** A live object; {@code cache} null: of kmalloc. */
  private record Live(Cache cache, long address, int bytes, byte mark) {}

  /** A cache, and how many objects it must still have. */
  private static final class Cache {
    final KmemCache cache;
    final int bytes;
    final boolean constructed;
    final int align;
    final List<Live> live = new ArrayList<>();

    Cache(KmemCache cache, int bytes, boolean constructed, int align) {
      this.cache = cache;
      this.bytes = bytes;
      this.constructed = constructed;
      this.align = align;
    }
  }

  private static final class Run {
    final TestSlabs slabs;
    final SlabMemory memory;
    final Kmalloc kmalloc;
    final Random random;
    final List<Cache> caches = new ArrayList<>();
    final List<Live> ofKmalloc = new ArrayList<>();

    /** Live objects by address. */
    final TreeMap<Long, Live> all = new TreeMap<>();

    int failures;
    int created;

    Run(TestSlabs slabs, long seed) {
      this.slabs = slabs;
      this.memory = slabs.allocator.slabMemory();
      this.kmalloc = slabs.allocator.kmalloc();
      this.random = new Random(seed);
    }

    void step() {
      int what = random.nextInt(1000);
      if (caches.isEmpty() || (what < 10 && caches.size() < MAX_CACHES)) {
        create();
      } else if (what < 13) {
        destroy(caches.get(random.nextInt(caches.size())));
      } else if (what < 20) {
        caches.get(random.nextInt(caches.size())).cache.shrink();
      } else if (what < 25) {
        slabs.allocator.rcu().synchronizeRcu();
      } else if (what < 40) {
        bulk(caches.get(random.nextInt(caches.size())));
      } else if (what < 400) {
        alloc(caches.get(random.nextInt(caches.size())));
      } else if (what < 600) {
        kmalloc();
      } else if (what < 650) {
        krealloc();
      } else {
        freeSome();
      }
    }

    void create() {
      int bytes = 1 + random.nextInt(random.nextInt(8) == 0 ? 9000 : 400);
      int flags = FLAGS[random.nextInt(FLAGS.length)];
      int align = random.nextInt(4) == 0 ? 1 << random.nextInt(9) : 0;
      boolean constructed = random.nextInt(5) == 0;
      KmemCache cache =
          slabs.allocator.kmemCacheCreate(
              "model-" + created++,
              bytes,
              align,
              flags,
              constructed ? object -> memory.fill(object, bytes, CONSTRUCTED) : null);
      if (cache == null) {
        failures++;
      } else {
        caches.add(new Cache(cache, bytes, constructed, Math.max(align, 8)));
      }
    }

    void destroy(Cache of) {
      if (of.live.isEmpty() || of.cache.refcount() > 1) {
        // A merged cache loses a name only.
        while (!of.live.isEmpty()) {
          free(of.live);
        }
        assertTrue(of.cache.destroy(), of.cache.name());
        caches.remove(of);
      }
    }

    int gfp() {
      return Gfp.GFP_KERNEL | (random.nextInt(5) == 0 ? Gfp.ZERO : 0);
    }

    void alloc(Cache from) {
      int gfp = from.constructed ? Gfp.GFP_KERNEL : gfp();
      add(from, from.live, from.cache.alloc(gfp), from.bytes, gfp);
    }

    void bulk(Cache from) {
      int count = 1 + random.nextInt(60);
      long[] objects = new long[count];
      int got = from.cache.allocBulk(Gfp.GFP_KERNEL, count, objects);
      if (got == 0) {
        failures++;
        return;
      }
      assertEquals(count, got);
      if (random.nextBoolean()) {
        from.cache.freeBulk(count, objects);
        return;
      }
      for (long object : objects) {
        add(from, from.live, object, from.bytes, Gfp.GFP_KERNEL);
      }
    }

    void kmalloc() {
      int kind = random.nextInt(20);
      int bytes =
          kind == 0 ? 1 + random.nextInt(200_000) : 1 + random.nextInt(kind < 5 ? 8192 : 300);
      int[] types = {0, Gfp.ACCOUNT, Gfp.RECLAIMABLE, Gfp.DMA};
      int gfp = gfp() | (kind == 0 ? 0 : types[random.nextInt(types.length)]);
      add(NO_CACHE, ofKmalloc, kmalloc.kmalloc(bytes, gfp), bytes, gfp);
    }

    void krealloc() {
      if (ofKmalloc.isEmpty()) {
        return;
      }
      Live old = ofKmalloc.remove(random.nextInt(ofKmalloc.size()));
      all.remove(old.address());
      checkMark(old);
      int bytes = 1 + random.nextInt(2 * old.bytes());
      long moved = kmalloc.krealloc(old.address(), bytes, Gfp.GFP_KERNEL);
      if (moved == 0) {
        failures++;
        ofKmalloc.add(old);
        all.put(old.address(), old);
        return;
      }
      checkBytes(moved, Math.min(bytes, old.bytes()), old.mark());
      add(NO_CACHE, ofKmalloc, moved, bytes, Gfp.GFP_KERNEL);
    }

    /** Checks a new object, and leaves a mark in it. */
    void add(Cache from, List<Live> list, long address, int bytes, int gfp) {
      if (address == 0) {
        failures++;
        return;
      }
      Map.Entry<Long, Live> before = all.lowerEntry(address + bytes);
      assertTrue(
          before == null || before.getKey() + before.getValue().bytes() <= address,
          () -> "0x%x overlaps %s".formatted(address, before));
      assertEquals(0, address % from.align);
      if ((gfp & Gfp.ZERO) != 0) {
        for (int i = 0; i < bytes; i++) {
          assertEquals(0, memory.getByte(address + i), "not zeroed");
        }
      }
      byte mark = (byte) random.nextInt();
      if (from.constructed) {
        checkBytes(address, bytes, (byte) CONSTRUCTED);
        mark = (byte) CONSTRUCTED;
      }
      Live live = new Live(from, address, bytes, mark);
      mark(live);
      list.add(live);
      all.put(address, live);
    }

    void mark(Live live) {
      memory.fill(live.address(), Math.min(live.bytes(), MARK_BYTES), live.mark());
      memory.fill(live.address() + live.bytes() - 1, 1, live.mark());
    }

    void checkMark(Live live) {
      checkBytes(live.address(), live.bytes(), live.mark());
      assertEquals(live.mark(), (byte) memory.getByte(live.address() + live.bytes() - 1));
    }

    void checkBytes(long address, int bytes, byte value) {
      for (int i = 0; i < Math.min(bytes, MARK_BYTES); i++) {
        assertEquals(value, (byte) memory.getByte(address + i), "byte " + i);
      }
    }

    void freeSome() {
      List<Live> list =
          random.nextBoolean() ? ofKmalloc : caches.get(random.nextInt(caches.size())).live;
      // In waves, so that memory fills and empties.
      int count = random.nextInt(1000) < 5 ? list.size() : 2;
      for (int i = 0; i < count && !list.isEmpty(); i++) {
        free(list);
      }
    }

    void free(List<Live> list) {
      Live live = list.remove(random.nextInt(list.size()));
      all.remove(live.address());
      checkMark(live);
      if (live.cache() == NO_CACHE || random.nextInt(4) == 0) {
        kmalloc.kfree(live.address());
      } else {
        live.cache().cache.free(live.address());
      }
    }

    /** Takes whatever memory is left, and checks that failing left nothing behind. */
    void exhaust() {
      List<Long> taken = new ArrayList<>();
      for (long object = 1; object != 0; ) {
        object = kmalloc.kmalloc(8192, Gfp.GFP_KERNEL);
        taken.add(object);
      }
      slabs.audit();
      for (int i = 0; i < 200; i++) {
        step();
      }
      for (long object : taken) {
        kmalloc.kfree(object);
      }
    }

    void end() {
      while (!ofKmalloc.isEmpty()) {
        free(ofKmalloc);
      }
      for (Cache of : List.copyOf(caches)) {
        while (!of.live.isEmpty()) {
          free(of.live);
        }
      }
      for (Cache of : List.copyOf(caches)) {
        destroy(of);
      }
      slabs.allocator.rcu().synchronizeRcu();
      for (KmemCache cache : slabs.allocator.caches()) {
        cache.shrink();
      }
    }
  }

  private static final Cache NO_CACHE = noCache();

  private static Cache noCache() {
    try (TestSlabs slabs = TestSlabs.boot(Architecture.I386, 8)) {
      return new Cache(Objects.requireNonNull(slabs.allocator.cache("kmalloc-8")), 0, false, 1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, I386, true, true, -",
    "2, I386, false, true, -",
    "3, X86_64, true, true, -",
    "4, I386, true, false, -",
    "5, I386, true, true, FZPU",
    "6, X86_64, true, true, FZU",
    "7, I386, true, true, 'P,model-*'"
  })
  void randomSequencesKeepEveryObject(
      long seed, String machine, boolean merge, boolean cpuPartial, String debug) {
    Architecture architecture = machine.equals("I386") ? Architecture.I386 : Architecture.X86_64;
    SlabConfig config =
        SlabConfig.LINUX_6_1
            .withMerge(merge)
            .withCpuPartial(cpuPartial)
            .withDebug(SlubDebugOptions.parse(debug));
    String what = "seed " + seed;
    try (TestSlabs slabs = TestSlabs.boot(architecture, 20, config)) {
      Run run = new Run(slabs, seed);
      for (KmemCache cache : slabs.allocator.caches()) {
        cache.shrink();
      }
      final long free = slabs.freePages();
      int steps = debug.equals("-") ? STEPS : STEPS / 8;
      for (int i = 1; i <= steps; i++) {
        run.step();
        if (i % STEPS_BETWEEN_AUDITS == 0) {
          slabs.audit();
        }
        if (i % (steps / 4) == 0) {
          run.exhaust();
        }
      }
      assertTrue(run.failures > 0, what + ": memory was never short");
      run.end();
      slabs.audit();
      assertEquals(free, slabs.freePages(), what + ": pages are missing");
      assertEquals(0, errors(slabs), what);
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(what + " " + Arrays.asList(machine, merge, debug), e);
    }
  }

  private static int errors(TestSlabs slabs) {
    int errors = 0;
    for (KmemCache cache : slabs.allocator.caches()) {
      errors += cache.errors();
    }
    return errors;
  }
}
