package org.memarium.bench;

import java.util.concurrent.TimeUnit;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.MmapFlags;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * {@code munmap} of one area among many and {@code mmap} of another, which finds the hole. The
 * areas lie side by side with different rights, so that none can merge.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AreaBenchmark {
  private static final int READ = MmapFlags.PROT_READ;
  private static final int READ_WRITE = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;

  @Param({"10", "10000"})
  public int areas = 10;

  private final Space space = new Space(64);
  private long[] here = {};
  private long[] host = {};
  private int at;

  @Setup
  public void setUp() {
    here = new long[areas];
    host = new long[areas];
    for (int i = 0; i < areas; i++) {
      here[i] = space.map(Ram.PAGE_SIZE, rights(i));
      host[i] = HostKernel.map(Ram.PAGE_SIZE, rights(i));
    }
  }

  private static int rights(int area) {
    return area % 2 == 0 ? READ : READ_WRITE;
  }

  @TearDown
  public void tearDown() {
    space.memory.ram().close();
    for (long address : host) {
      HostKernel.unmap(address, Ram.PAGE_SIZE);
    }
  }

  /** A stride that meets all areas, far from one another. */
  private int next() {
    at = (at + 7919) % areas;
    return at;
  }

  @Benchmark
  public void unmapAndMap() {
    int area = next();
    space.unmap(here[area], Ram.PAGE_SIZE);
    here[area] = space.map(Ram.PAGE_SIZE, rights(area));
  }

  @Benchmark
  public void unmapAndMapOnTheHost() {
    int area = next();
    HostKernel.unmap(host[area], Ram.PAGE_SIZE);
    host[area] = HostKernel.map(Ram.PAGE_SIZE, rights(area));
  }
}
