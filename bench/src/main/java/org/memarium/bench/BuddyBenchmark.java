package org.memarium.bench;

import java.util.concurrent.TimeUnit;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A page, or a block, from the buddy allocator and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BuddyBenchmark {
  private static final int MANY = 1000;

  private final Memory memory = Memory.boot(Architecture.I386, 512);
  private final PageAllocator allocator = memory.allocator();
  private final int[] held = new int[MANY];

  @TearDown
  public void tearDown() {
    memory.ram().close();
  }

  /** The dearest page: a block of the highest order is split ten times, and merged again. */
  @Benchmark
  public void onePageOfAWholeBlock() {
    allocator.freePages(allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE, 0), 0);
  }

  /** A thousand pages, then all of them back: about one split and one merge each. */
  @Benchmark
  @OperationsPerInvocation(MANY)
  public void aPageOfMany() {
    for (int i = 0; i < MANY; i++) {
      held[i] = allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE, 0);
    }
    for (int i = 0; i < MANY; i++) {
      allocator.freePages(held[i], 0);
    }
  }

  /** A block of the highest order, which is neither split nor merged. */
  @Benchmark
  public void oneWholeBlock() {
    int order = allocator.maxOrder();
    allocator.freePages(allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE, order), order);
  }
}
