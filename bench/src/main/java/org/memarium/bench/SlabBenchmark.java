package org.memarium.bench;

import java.util.Objects;
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
  private static final int BYTES = 64;

  private final Memory memory = Memory.boot(Architecture.I386, 512);
  private final SlabAllocator slab =
      new SlabAllocator(memory.allocator(), SlabConfig.LINUX_6_1, new KernelLog());
  private final KmemCache cache =
      Objects.requireNonNull(slab.kmemCacheCreate("bench", BYTES, 0, 0, null));
  private final Kmalloc kmalloc = slab.kmalloc();
  private final long[] held = new long[Peers.MANY];
  private final int[] shuffled = Peers.shuffledOrder();

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
  @OperationsPerInvocation(Peers.MANY)
  public void cacheMany() {
    for (int i = 0; i < Peers.MANY; i++) {
      held[i] = cache.alloc(Gfp.GFP_KERNEL);
    }
    for (int i = 0; i < Peers.MANY; i++) {
      cache.free(held[shuffled[i]]);
    }
  }

  /** A thousand objects of kmalloc(64), freed in another order. */
  @Benchmark
  @OperationsPerInvocation(Peers.MANY)
  public void kmallocMany() {
    for (int i = 0; i < Peers.MANY; i++) {
      held[i] = kmalloc.kmalloc(BYTES, Gfp.GFP_KERNEL);
    }
    for (int i = 0; i < Peers.MANY; i++) {
      kmalloc.kfree(held[shuffled[i]]);
    }
  }

  /** A thousand objects at once, and back at once. */
  @Benchmark
  @OperationsPerInvocation(Peers.MANY)
  public void cacheBulk() {
    cache.freeBulk(cache.allocBulk(Gfp.GFP_KERNEL, Peers.MANY, held), held);
  }
}
