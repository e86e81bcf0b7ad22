package org.memarium.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelMemory;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.slab.SlabConfig;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.vmalloc.KvMalloc;
import org.memarium.mm.vmalloc.Vmalloc;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * vmalloc and vfree: 16 pages beside the host's kernel, and the workloads of Linux's {@code
 * lib/test_vmalloc.c}. Each includes its share of the lazy purges and their flushes of the TLB.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class VmallocBenchmark {
  private static final int PAGE = Ram.PAGE_SIZE;
  private static final int PAGES = 16;
  private static final int READ_WRITE = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;
  private static final String CALLER = "VmallocBenchmark";

  private final Memory memory = Memory.boot(Architecture.I386, 512);
  private final SlabAllocator slab =
      new SlabAllocator(memory.allocator(), SlabConfig.LINUX_6_1, new KernelLog());
  private final Mmu mmu = new Mmu(memory.ram(), memory.kernel().format(), 64, 4);
  private final Vmalloc vmalloc =
      new Vmalloc(new KernelMapper(memory.kernel(), memory.allocator(), mmu), slab);
  private final KvMalloc kvMalloc = new KvMalloc(slab, vmalloc);
  private final KernelMemory kernel = new KernelMemory(mmu, Architecture.I386);
  private boolean prepared;
  private final SplittableRandom random = new SplittableRandom(1);
  private final long[] percpuOffsets = {0, 64 * PAGE};
  private final long[] percpuBytes = {16 * PAGE, 32 * PAGE};

  /** Its page table is loaded from the beginning. */
  public VmallocBenchmark() {
    mmu.loadCr3(memory.kernel().pgd());
  }

  @TearDown
  public void tearDown() {
    memory.ram().close();
  }

  private long allocate(long bytes, long align) {
    return vmalloc.vmalloc(bytes, align, Gfp.GFP_KERNEL, 0, CALLER);
  }

  private void touchAndFree(long address) {
    kernel.writeByte(address, 0);
    vmalloc.vfree(address);
  }

  /** 16 pages and back. */
  @Benchmark
  public void sixteenPages() {
    vmalloc.vfree(allocate(PAGES * PAGE, 1));
  }

  /** The same, and each page is written to through the MMU. */
  @Benchmark
  public void sixteenPagesTouched() {
    long address = allocate(PAGES * PAGE, 1);
    for (int i = 0; i < PAGES; i++) {
      kernel.writeByte(address + (long) i * PAGE, 1);
    }
    vmalloc.vfree(address);
  }

  /** What comes nearest on the host: mmap, a write to each page, munmap. */
  @Benchmark
  public void sixteenPagesTouchedOnTheHost() {
    long address = HostKernel.map(PAGES * PAGE, READ_WRITE);
    MemorySegment segment = HostKernel.memory(address, PAGES * PAGE);
    for (int i = 0; i < PAGES; i++) {
      segment.set(ValueLayout.JAVA_BYTE, (long) i * PAGE, (byte) 1);
    }
    HostKernel.unmap(address, PAGES * PAGE);
  }

  /** {@code fix_size_alloc_test}. */
  @Benchmark
  public void fixSize() {
    touchAndFree(allocate(PAGE, 1));
  }

  /** {@code full_fit_alloc_test}: every second page of a long row is free, and is taken first. */
  @Benchmark
  public void fullFit() {
    if (!prepared) {
      long[] row = row(2 * 8192);
      for (int i = 0; i < row.length; i += 2) {
        vmalloc.vfree(row[i]);
      }
      vmalloc.vmUnmapAliases();
    }
    touchAndFree(allocate(PAGE, 1));
  }

  /** {@code long_busy_list_alloc_test}: 100 pages and one, behind 15,000 areas that stay. */
  @Benchmark
  public void longBusyList() {
    if (!prepared) {
      row(15_000);
    }
    long large = allocate(100 * PAGE, 1);
    touchAndFree(allocate(PAGE, 1));
    touchAndFree(large);
  }

  private long[] row(int areas) {
    prepared = true;
    long[] row = new long[areas];
    for (int i = 0; i < areas; i++) {
      row[i] = allocate(PAGE, 1);
    }
    return row;
  }

  /** {@code random_size_alloc_test}: 1 to 100 pages. */
  @Benchmark
  public void randomSize() {
    touchAndFree(allocate((1L + random.nextInt(100)) * PAGE, 1));
  }

  /** {@code fix_align_alloc_test}: five pages at 16 KiB. */
  @Benchmark
  public void fixAlign() {
    touchAndFree(allocate(5 * PAGE, 4 * PAGE));
  }

  /** {@code random_size_align_alloc_test}. */
  @Benchmark
  public void randomSizeAlign() {
    touchAndFree(allocate((1L + random.nextInt(10)) * PAGE, 1L << random.nextInt(23)));
  }

  /** {@code align_shift_alloc_test}: one of the alignments from 1 to 2^29. */
  @Benchmark
  public void alignShift() {
    vmalloc.vfree(allocate(PAGE, 1L << random.nextInt(30)));
  }

  /** {@code pcpu_alloc_test}: the areas of a chunk. */
  @Benchmark
  public void pcpuAreas() {
    vmalloc.pcpuFreeVmAreas(
        Objects.requireNonNull(vmalloc.pcpuGetVmAreas(percpuOffsets, percpuBytes, PAGE)));
  }

  /** {@code kvfree_rcu_1_arg_vmalloc_test}. */
  @Benchmark
  public void kvfreeRcuOneArg() {
    kvMalloc.kvfreeRcuMightsleep(allocate(PAGE, 1));
  }

  /** {@code kvfree_rcu_2_arg_vmalloc_test}, with a grace period at once. */
  @Benchmark
  public void kvfreeRcuTwoArg() {
    kvMalloc.kvfreeRcu(allocate(PAGE, 1));
    slab.rcu().synchronizeRcu();
  }
}
