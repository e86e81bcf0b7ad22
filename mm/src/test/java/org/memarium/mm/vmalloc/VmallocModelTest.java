package org.memarium.mm.vmalloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;

/**
 * Long random sequences against a plain model: a sorted map of busy and of lazily freed areas, in
 * which the lowest gap is looked for one page after the other. Addresses must be the model's,
 * contents must last, and the audit runs at many moments.
 */
final class VmallocModelTest {
  private static final int PAGE = Ram.PAGE_SIZE;
  private static final int OPERATIONS = 6000;

  /** So small a part of the area that it is often full. */
  private static final int WINDOW_PAGES = 700;

  private final Map<Long, Long> busy = new TreeMap<>();
  private final Map<Long, Long> lazy = new TreeMap<>();
  private final List<Long> addresses = new ArrayList<>();
  private long start;
  private long end;

  private static List<Architecture> architectures() {
    return List.of(Architecture.I386, Architecture.I386_PAE, Architecture.X86_64);
  }

  /** The lowest address that is free and aligned, or 0. */
  private long lowest(long bytes, long align) {
    for (long at = (start + align - 1) & -align; at + bytes <= end; at += align) {
      if (isFree(at, bytes, busy) && isFree(at, bytes, lazy)) {
        return at;
      }
    }
    return 0;
  }

  private static boolean isFree(long at, long bytes, Map<Long, Long> areas) {
    for (Map.Entry<Long, Long> area : areas.entrySet()) {
      if (area.getKey() < at + bytes && at < area.getKey() + area.getValue()) {
        return false;
      }
    }
    return true;
  }

  /** What Linux must return; what is lazily freed is purged where there is no other room. */
  private long expected(long bytes, long align) {
    long found = lowest(bytes, align);
    if (found == 0) {
      lazy.clear();
      found = lowest(bytes, align);
    }
    return found;
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void addressesAreThoseOfAPlainSearch(Architecture architecture) {
    long seed = 6_01L + architecture.name().hashCode();
    SplittableRandom random = new SplittableRandom(seed);
    try (TestVmalloc test = new TestVmalloc(architecture, 64)) {
      start = test.layout.vmallocStart();
      end = start + (long) WINDOW_PAGES * PAGE;
      int full = 0;
      for (int i = 0; i < OPERATIONS; i++) {
        if (addresses.isEmpty() || random.nextInt(100) < 54) {
          full += allocate(test, random) ? 0 : 1;
        } else {
          free(test, random.nextInt(addresses.size()));
        }
        if (i % 500 == 0) {
          test.audit();
        }
      }
      assertTrue(full > 20, "the window was full %d times only".formatted(full));
      while (!addresses.isEmpty()) {
        free(test, 0);
      }
      test.audit();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed %d: %s".formatted(seed, e.getMessage()), e);
    }
  }

  private boolean allocate(TestVmalloc test, SplittableRandom random) {
    int pages = 1 + random.nextInt(random.nextInt(10) == 0 ? 60 : 12);
    long bytes = (long) pages * PAGE - random.nextInt(PAGE);
    // An alignment of more than a page may make Linux's search miss a gap that would just do.
    long align = PAGE;
    long expected = expected((pages + 1L) * PAGE, align);
    long address = test.vmalloc.vmallocRange(bytes, align, start, end, Gfp.GFP_KERNEL, 0, "model");
    assertEquals(expected, address, "%d pages".formatted(pages));
    if (address == 0) {
      return false;
    }
    busy.put(address, (pages + 1L) * PAGE);
    addresses.add(address);
    for (int page = 0; page < pages; page++) {
      test.kernel.writeLong(address + (long) page * PAGE, address + page);
    }
    return true;
  }

  private void free(TestVmalloc test, int index) {
    long address = addresses.set(index, addresses.getLast());
    addresses.removeLast();
    long bytes = Objects.requireNonNull(busy.remove(address));
    for (int page = 0; page < bytes / PAGE - 1; page++) {
      assertEquals(address + page, test.kernel.readLong(address + (long) page * PAGE));
    }
    lazy.put(address, bytes);
    test.vmalloc.vfree(address);
  }

  /** With alignment a gap may be missed, but what is returned is right. */
  @ParameterizedTest
  @MethodSource("architectures")
  void alignedAreasAreAlignedAndDisjoint(Architecture architecture) {
    SplittableRandom random = new SplittableRandom(77);
    try (TestVmalloc test = new TestVmalloc(architecture, 64)) {
      for (int i = 0; i < 2000; i++) {
        if (addresses.isEmpty() || random.nextInt(100) < 60) {
          long align = (long) PAGE << random.nextInt(9);
          long bytes = (long) PAGE * (1 + random.nextInt(8));
          long address = test.vmalloc.vmalloc(bytes, align, Gfp.GFP_KERNEL, 0, "aligned");
          if (address != 0) {
            assertEquals(0, address % align);
            assertTrue(isFree(address, bytes + PAGE, busy));
            busy.put(address, bytes + PAGE);
            addresses.add(address);
          }
        } else {
          free(test, random);
        }
      }
      test.audit();
    }
  }

  private void free(TestVmalloc test, SplittableRandom random) {
    long address = addresses.remove(random.nextInt(addresses.size()));
    busy.remove(address);
    test.vmalloc.vfree(address);
  }
}
