package org.memarium.bench;

import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.Kmalloc;
import org.memarium.mm.slab.KmemCache;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.trace.KernelLog;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** An object from a cache, or from kmalloc, and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SlabBenchmark {
  private static final int MANY = 1000;
  private static final int BYTES = 64;
  private static final long SEED = 1;

  private final Memory memory = Memory.boot(Architecture.I386, 512);
  private final SlabAllocator slab =
      new SlabAllocator(memory.allocator(), SlabConfig.LINUX_6_1, new KernelLog());
  private final KmemCache cache =
      Objects.requireNonNull(slab.kmemCacheCreate("bench", BYTES, 0, 0, null));
  private final Kmalloc kmalloc = slab.kmalloc();
  private final long[] held = new long[MANY];
  private final int[] shuffled = shuffled();

  private static int[] shuffled() {
    int[] order = new int[MANY];
    Random random = new Random(SEED);
    for (int i = 0; i < MANY; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }

  @TearDown
  public void tearDown() {
    memory.ram().close();
  }

  /** kmem_cache_alloc and kmem_cache_free of one object. */
  @Benchmark
  public long cacheOne() {
    long object = cache.alloc(Gfp.GFP_KERNEL);
    cache.free(object);
    return object;
  }

  /** kmalloc(64) and kfree of one object. */
  @Benchmark
  public long kmallocOne() {
    long object = kmalloc.kmalloc(BYTES, Gfp.GFP_KERNEL);
    kmalloc.kfree(object);
    return object;
  }

  /** A thousand objects of a cache, freed in another order. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void cacheManyAtRandom() {
    for (int i = 0; i < MANY; i++) {
      held[i] = cache.alloc(Gfp.GFP_KERNEL);
    }
    for (int i = 0; i < MANY; i++) {
      cache.free(held[shuffled[i]]);
    }
  }

  /** A thousand objects of kmalloc(64), freed in another order. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void kmallocManyAtRandom() {
    for (int i = 0; i < MANY; i++) {
      held[i] = kmalloc.kmalloc(BYTES, Gfp.GFP_KERNEL);
    }
    for (int i = 0; i < MANY; i++) {
      kmalloc.kfree(held[shuffled[i]]);
    }
  }

  /** A thousand objects at once, and back at once. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void cacheBulk() {
    cache.freeBulk(cache.allocBulk(Gfp.GFP_KERNEL, MANY, held), held);
  }
}
