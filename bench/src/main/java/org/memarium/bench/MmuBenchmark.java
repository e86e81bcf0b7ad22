package org.memarium.bench;

import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.pagetable.PageTables;
import org.memarium.mm.pagetable.Pte;
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

/**
 * One access of a program: the same addresses in a Java array, in RAM without translation, through
 * the MMU where the TLB has the translation, and through the MMU where each access walks the page
 * tables.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MmuBenchmark {
  private static final int ACCESSES = 1024;
  private static final int HIT_PAGES = 32;
  private static final long BASE = 0x1000_0000L;

  /** Every walk misses a TLB of 64 entries in 16 sets: 8 pages in the same set, in turn. */
  private static final int WALK_PAGES = 8;

  private static final int WALK_STRIDE = 16 << Ram.PAGE_SHIFT;

  @State(Scope.Thread)
  public static class Format {
    @Param({"i386", "i386-pae", "x86_64"})
    public String architecture = "i386";

    Architecture architecture() {
      return switch (architecture) {
        case "i386" -> Architecture.I386;
        case "i386-pae" -> Architecture.I386_PAE;
        default -> Architecture.X86_64;
      };
    }
  }

  /** A task with pages for hits and for walks. */
  private record Task(Memory memory, PageTables tables, Mmu mmu) {
    static Task make(Architecture architecture) {
      Memory memory = Memory.boot(architecture, 64);
      PageTables tables =
          Objects.requireNonNull(PageTables.allocate(memory.kernel(), memory.allocator()));
      for (int i = 0; i < HIT_PAGES; i++) {
        map(memory, tables, BASE + (long) i * Ram.PAGE_SIZE);
      }
      for (int i = 0; i < WALK_PAGES; i++) {
        map(memory, tables, BASE + 0x100_0000 + (long) i * WALK_STRIDE);
      }
      Mmu mmu = new Mmu(memory.ram(), tables.format(), 64, 4);
      mmu.loadCr3(tables.pgd());
      return new Task(memory, tables, mmu);
    }

    private static void map(Memory memory, PageTables tables, long linearAddress) {
      int pfn = memory.allocator().allocPages(Gfp.GFP_USER | Gfp.ZERO, 0);
      tables.writePte(tables.allocPte(linearAddress), Pte.of(pfn, Pte.PAGE_SHARED));
    }
  }

  private final int[] offsets = new int[ACCESSES];
  private final int[] array = new int[HIT_PAGES * Ram.PAGE_SIZE / 4];
  private Task task = Task.make(Architecture.I386);
  private long physical;

  @Setup
  public void setUp() {
    Random random = new Random(1);
    for (int i = 0; i < ACCESSES; i++) {
      offsets[i] = random.nextInt(HIT_PAGES * Ram.PAGE_SIZE / 4) * 4;
    }
    // The frames of the first pages come in one piece from a fresh allocator, so RAM can be read
    // at the same distances.
    physical = (long) Pte.pfn(task.tables().pte(BASE)) << Ram.PAGE_SHIFT;
  }

  @TearDown
  public void tearDown() {
    task.memory().ram().close();
  }

  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public int readArray() {
    int sum = 0;
    for (int i = 0; i < ACCESSES; i++) {
      sum += array[offsets[i] >>> 2];
    }
    return sum;
  }

  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public int readRam() {
    int sum = 0;
    Ram ram = task.memory().ram();
    for (int i = 0; i < ACCESSES; i++) {
      sum += ram.getInt(physical + offsets[i]);
    }
    return sum;
  }

  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public int readTlbHit() {
    int sum = 0;
    Mmu mmu = task.mmu();
    for (int i = 0; i < ACCESSES; i++) {
      sum += mmu.readInt(BASE + offsets[i]);
    }
    return sum;
  }

  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public void writeArray() {
    for (int i = 0; i < ACCESSES; i++) {
      array[offsets[i] >>> 2] = i;
    }
  }

  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public void writeRam() {
    Ram ram = task.memory().ram();
    for (int i = 0; i < ACCESSES; i++) {
      ram.putInt(physical + offsets[i], i);
    }
  }

  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public void writeTlbHit() {
    Mmu mmu = task.mmu();
    for (int i = 0; i < ACCESSES; i++) {
      mmu.writeInt(BASE + offsets[i], i);
    }
  }

  @State(Scope.Thread)
  public static class Walks {
    private Task task = Task.make(Architecture.I386);

    @Setup
    public void setUp(Format format) {
      task.memory().ram().close();
      task = Task.make(format.architecture());
    }

    @TearDown
    public void tearDown() {
      task.memory().ram().close();
    }
  }

  @Benchmark
  @OperationsPerInvocation(ACCESSES)
  public int readWalk(Walks walks) {
    int sum = 0;
    Mmu mmu = walks.task.mmu();
    for (int i = 0; i < ACCESSES; i++) {
      sum += mmu.readInt(BASE + 0x100_0000 + (long) (i & (WALK_PAGES - 1)) * WALK_STRIDE);
    }
    return sum;
  }
}
