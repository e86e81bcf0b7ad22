package org.memarium.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Supplier;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.space.RLimits;

/**
 * The work of a process's memory, in an address space with so many areas of one page that none of
 * them can merge: they lie side by side with different rights. {@code bench/peers/memory.c} does
 * the same on the host's kernel.
 *
 * <p>Both take processor time, here of the thread (without the garbage collector), there of the
 * process with the children that ended: on a machine with other work a benchmark of wall time
 * measures who was let run.
 */
final class UserMemory {
  /** The mechanisms, under the names that the peer has for them. */
  static final String[] MECHANISMS = {
    "place",
    "hole",
    "write-fault",
    "read-fault",
    "protect",
    "cow-fault",
    "page-copy",
    "cold-copy",
    "fork"
  };

  private static final long PAGE = Ram.PAGE_SIZE;
  private static final int PAGES = 1024;
  private static final long TOUCHED_BYTES = 64L << 20;
  private static final int STRIDE = 7919;

  /** More than any cache of the host's processor holds. */
  private static final int OTHER_BYTES = 64 << 20;

  private static final int CACHE_LINE_BYTES = 64;

  private static final int ROUNDS = 15;
  private static final long WARM_NANOS = 1_500_000_000L;
  private static final int READ = MmapFlags.PROT_READ;
  private static final int READ_WRITE = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;

  /** The rights of what is measured: it does not merge with the areas around. */
  private static final int ALL = READ_WRITE | MmapFlags.PROT_EXEC;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final Space space = new Space(256);
  private final long[] places;
  private int at;
  private int read;
  private byte[] other = {};

  private UserMemory(int areas) {
    places = new long[areas];
    for (int i = 0; i < areas; i++) {
      places[i] = space.map(PAGE, rights(i));
    }
  }

  /**
   * Measures one after the other, and prints a line with name and nanoseconds for each.
   *
   * @param args the number of areas; then, optionally, the mechanisms instead of all
   */
  public static void main(String[] args) {
    int areas = Integer.parseInt(args[0]);
    String[] mechanisms = args.length == 1 ? MECHANISMS : Arrays.copyOfRange(args, 1, args.length);
    for (String mechanism : mechanisms) {
      System.out.printf(
          Locale.ROOT, "%s %.1f%n", mechanism, new UserMemory(areas).median(mechanism));
    }
  }

  private double median(String mechanism) {
    long warm = threads.getCurrentThreadCpuTime() + WARM_NANOS;
    do {
      round(mechanism);
    } while (threads.getCurrentThreadCpuTime() < warm);
    double[] rounds = new double[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      rounds[i] = round(mechanism);
    }
    Arrays.sort(rounds);
    space.memory.ram().close();
    return rounds[ROUNDS / 2];
  }

  /** Nanoseconds of one operation. */
  private double round(String mechanism) {
    return switch (mechanism) {
      case "place" -> time(50_000, () -> space.unmap(space.map(PAGE, ALL), PAGE));
      case "hole" -> time(50_000, this::hole);
      case "write-fault" -> time(40, () -> faults(true)) / PAGES;
      case "read-fault" -> time(40, () -> faults(false)) / PAGES;
      case "protect" -> protect();
      case "cow-fault" -> cowFault();
      case "page-copy" -> pageCopy(() -> makeChild()::exit);
      case "cold-copy" -> pageCopy(this::writeOther);
      case "fork" -> fork();
      default -> throw new IllegalArgumentException("no such mechanism: " + mechanism);
    };
  }

  private double time(int times, Runnable operation) {
    long start = threads.getCurrentThreadCpuTime();
    for (int i = 0; i < times; i++) {
      operation.run();
    }
    return (threads.getCurrentThreadCpuTime() - start) / (double) times;
  }

  private static int rights(int area) {
    return area % 2 == 0 ? READ : READ_WRITE;
  }

  private void touch(long start, long bytes) {
    for (long page = start; page < start + bytes; page += PAGE) {
      space.mmu.writeByte(page, 1);
    }
  }

  private MmStruct makeChild() {
    return Objects.requireNonNull(space.mm.fork(RLimits.initial(1000)));
  }

  /** A stride meets all areas, far from one another; mmap finds the hole that munmap made. */
  private void hole() {
    at = (at + STRIDE) % places.length;
    space.unmap(places[at], PAGE);
    places[at] = space.map(PAGE, rights(at));
  }

  private void faults(boolean write) {
    long start = space.map(PAGES * PAGE, ALL);
    if (write) {
      touch(start, PAGES * PAGE);
    } else {
      for (int i = 0; i < PAGES; i++) {
        read += space.mmu.readByte(start + i * PAGE);
      }
    }
    space.unmap(start, PAGES * PAGE);
    if (read != 0) {
      throw new IllegalStateException("the zero page is not zero");
    }
  }

  private double protect() {
    long start = space.map(3 * PAGE, ALL);
    touch(start, 3 * PAGE);
    double nanos =
        time(
            30_000,
            () -> {
              if ((space.mm.mprotect(start + PAGE, PAGE, READ)
                      | space.mm.mprotect(start + PAGE, PAGE, ALL))
                  != 0) {
                throw new IllegalStateException("mprotect");
              }
            });
    space.unmap(start, 3 * PAGE);
    return nanos;
  }

  private double cowFault() {
    long start = space.map(PAGES * PAGE, ALL);
    double sum = 0;
    int times = 20;
    for (int i = 0; i < times; i++) {
      touch(start, PAGES * PAGE);
      MmStruct child = makeChild();
      sum += time(1, () -> touch(start, PAGES * PAGE));
      child.exit();
    }
    space.unmap(start, PAGES * PAGE);
    return sum / times / PAGES;
  }

  /**
   * What of a copy-on-write fault is the copy: the same pages, but no fault.
   *
   * @param before what happens before each round, as a fork; it returns how that ends after it
   */
  private double pageCopy(Supplier<Runnable> before) {
    long start = space.map(2 * PAGES * PAGE, ALL);
    touch(start, 2 * PAGES * PAGE);
    double sum = 0;
    int times = 20;
    for (int i = 0; i < times; i++) {
      Runnable end = before.get();
      sum += time(1, () -> copyPages(start, start + PAGES * PAGE));
      end.run();
    }
    space.unmap(start, 2 * PAGES * PAGE);
    return sum / times / PAGES;
  }

  /** Leaves nothing else in the caches of the host's processor. */
  private Runnable writeOther() {
    if (other.length == 0) {
      other = new byte[OTHER_BYTES];
    }
    for (int i = 0; i < OTHER_BYTES; i += CACHE_LINE_BYTES) {
      other[i]++;
    }
    return () -> {};
  }

  private void copyPages(long from, long to) {
    for (long offset = 0; offset < PAGES * PAGE; offset += PAGE) {
      long source = space.mmu.physicalForRead(from + offset) >>> Ram.PAGE_SHIFT;
      long target = space.mmu.physicalForRead(to + offset) >>> Ram.PAGE_SHIFT;
      space.memory.ram().copyFrame(source, target);
    }
  }

  private double fork() {
    long start = space.map(TOUCHED_BYTES, ALL);
    touch(start, TOUCHED_BYTES);
    double nanos = time(5, () -> makeChild().exit());
    space.unmap(start, TOUCHED_BYTES);
    return nanos;
  }
}
