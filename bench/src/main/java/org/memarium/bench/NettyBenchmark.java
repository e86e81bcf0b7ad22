package org.memarium.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** 64 bytes from Netty's pooled buffers and back: a peer of {@code kmalloc} in Java. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class NettyBenchmark {
  private static final int BYTES = 64;

  // As the default allocator, but that threads which are not Netty's have a cache too.
  private final PooledByteBufAllocator allocator =
      new PooledByteBufAllocator(
          true,
          1,
          1,
          PooledByteBufAllocator.defaultPageSize(),
          PooledByteBufAllocator.defaultMaxOrder(),
          PooledByteBufAllocator.defaultSmallCacheSize(),
          PooledByteBufAllocator.defaultNormalCacheSize(),
          true);
  private final ByteBuf[] held = new ByteBuf[Peers.MANY];
  private final int[] order = Peers.shuffledOrder();

  /** One buffer at a time. */
  @Benchmark
  public void bufferOne() {
    allocator.directBuffer(BYTES).release();
  }

  /** A thousand buffers, given back in another order. */
  @Benchmark
  @OperationsPerInvocation(Peers.MANY)
  public void bufferMany() {
    for (int i = 0; i < Peers.MANY; i++) {
      held[i] = allocator.directBuffer(BYTES);
    }
    for (int i = 0; i < Peers.MANY; i++) {
      held[order[i]].release();
    }
  }
}
