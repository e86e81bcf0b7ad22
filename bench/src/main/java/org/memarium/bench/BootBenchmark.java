package org.memarium.bench;

import java.util.concurrent.TimeUnit;
import org.memarium.mm.Architecture;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** Memory from power-on to a page allocator with all RAM in its lists. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class BootBenchmark {
  @Benchmark
  public void boot128Mib() {
    Memory.boot(Architecture.I386, 128).ram().close();
  }

  @Benchmark
  public void boot64Gib() {
    Memory.boot(Architecture.X86_64, 64 << 10).ram().close();
  }
}
