package org.memarium.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.MmapFlags;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Page faults: each page of a fresh mapping is touched once, and in the end all are unmapped. The
 * time of one is that of the fault, its page or none, and its share of the unmapping.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FaultBenchmark {
  private static final int PAGES = 1024;
  private static final long BYTES = (long) PAGES * Ram.PAGE_SIZE;
  private static final int READ_WRITE = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;

  private final Space space = new Space(64);

  @TearDown
  public void tearDown() {
    space.memory.ram().close();
  }

  /** A write: a zeroed page. */
  @Benchmark
  @OperationsPerInvocation(PAGES)
  public void writeFault() {
    long start = space.map(BYTES, READ_WRITE);
    for (int i = 0; i < PAGES; i++) {
      space.mmu.writeByte(start + (long) i * Ram.PAGE_SIZE, 1);
    }
    space.unmap(start, BYTES);
  }

  /** A read: the zero page. */
  @Benchmark
  @OperationsPerInvocation(PAGES)
  public int readFault() {
    long start = space.map(BYTES, READ_WRITE);
    int sum = 0;
    for (int i = 0; i < PAGES; i++) {
      sum += space.mmu.readByte(start + (long) i * Ram.PAGE_SIZE);
    }
    space.unmap(start, BYTES);
    return sum;
  }

  /** The same writes on the host. */
  @Benchmark
  @OperationsPerInvocation(PAGES)
  public void writeFaultOfTheHost() {
    long start = HostKernel.map(BYTES, READ_WRITE);
    MemorySegment memory = HostKernel.memory(start, BYTES);
    for (int i = 0; i < PAGES; i++) {
      memory.set(ValueLayout.JAVA_BYTE, (long) i * Ram.PAGE_SIZE, (byte) 1);
    }
    HostKernel.unmap(start, BYTES);
  }

  /** The same reads on the host. */
  @Benchmark
  @OperationsPerInvocation(PAGES)
  public int readFaultOfTheHost() {
    long start = HostKernel.map(BYTES, READ_WRITE);
    MemorySegment memory = HostKernel.memory(start, BYTES);
    int sum = 0;
    for (int i = 0; i < PAGES; i++) {
      sum += memory.get(ValueLayout.JAVA_BYTE, (long) i * Ram.PAGE_SIZE);
    }
    HostKernel.unmap(start, BYTES);
    return sum;
  }
}
