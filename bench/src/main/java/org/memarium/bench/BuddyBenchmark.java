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
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A page, or a block, from the page allocator and back. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BuddyBenchmark {
  private static final int MANY = 1000;

  private final Memory memory = Memory.boot(Architecture.I386, 512);
  private final PageAllocator allocator = memory.allocator();
  private final int[] held = new int[MANY];

  /** Whether the per-CPU lists are in front of the free lists. */
  @Param({"true", "false"})
  public boolean perCpuLists;

  /** Sets the fast path's switch. */
  @Setup
  public void setUp() {
    allocator.setPerCpuLists(perCpuLists);
  }

  @TearDown
  public void tearDown() {
    memory.ram().close();
  }

  /**
   * One page. Without per-CPU lists it is the dearest of all: a block of the highest order is split
   * ten times, and merged again.
   */
  @Benchmark
  public void onePage() {
    allocator.freePages(allocator.allocPages(Gfp.GFP_HIGHUSER_MOVABLE, 0), 0);
  }

  /** A block of 8 pages. */
  @Benchmark
  public void oneBlockOfOrder3() {
    allocator.freePages(allocator.allocPages(Gfp.GFP_KERNEL, 3), 3);
  }

  /** A compound page of 8 pages, as slabs have them. */
  @Benchmark
  public void oneCompoundPageOfOrder3() {
    allocator.freePages(allocator.allocPages(Gfp.GFP_KERNEL | Gfp.COMP, 3), 3);
  }

  /** A thousand pages, then all of them back. */
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
