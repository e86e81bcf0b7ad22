package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.memarium.mm.space.MmapFlags.MAP_ANONYMOUS;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MAP_FIXED_NOREPLACE;
import static org.memarium.mm.space.MmapFlags.MAP_NORESERVE;
import static org.memarium.mm.space.MmapFlags.MAP_PRIVATE;
import static org.memarium.mm.space.MmapFlags.MAP_SHARED;
import static org.memarium.mm.space.MmapFlags.MREMAP_DONTUNMAP;
import static org.memarium.mm.space.MmapFlags.MREMAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_MAYMOVE;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.ProcessorException;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.FaultResult;
import org.memarium.mm.fault.TestSpace;

/**
 * The same random calls and accesses here and on the host's kernel, inside a window whose two end
 * pages keep neighbours away: results, errors, areas and content must agree after each.
 */
final class HostOracleTest {
  private static final long PAGE = 4096;
  private static final int PAGES = 24;
  private static final long OURS = 0x1000_0000L;

  /** Far below where the kernel puts what the Java machine maps meanwhile. */
  private static final long THEIRS = 0x2000_0000_0000L;

  private final List<String> history = new ArrayList<>();

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void theHostsKernelDoesTheSame(long seed) {
    assumeTrue(HostCalls.isLinux64(), "the host is no Linux on x86-64");
    Random random = new Random(seed);
    long bytes = (PAGES + 2) * PAGE;
    try (HostCalls host = new HostCalls();
        TestSpace space = TestSpace.boot(Architecture.COMPAT, 64)) {
      int ends = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
      for (long end : new long[] {0, (PAGES + 1) * PAGE}) {
        assertEquals(THEIRS + end, host.mmap(THEIRS + end, PAGE, 0, ends));
        assertEquals(OURS + end, space.mm.mmap(OURS + end, PAGE, 0, ends, null, 0));
      }
      try {
        for (int step = 0; step < 1500; step++) {
          step(random, host, space);
          String where = "seed " + seed + " after\n" + String.join("\n", history);
          assertEquals(host.maps(THEIRS, THEIRS + bytes), maps(space), where);
          if (step % 50 == 0) {
            space.audit();
          }
        }
      } finally {
        host.munmap(THEIRS, bytes);
      }
    }
  }

  private static List<String> maps(TestSpace space) {
    List<String> areas = new ArrayList<>();
    for (Vma area = space.mm.firstArea(); area != null; area = area.next()) {
      areas.add("%x-%x %s".formatted(area.start() - OURS, area.end() - OURS, area.rights()));
    }
    return areas;
  }

  private void step(Random random, HostCalls host, TestSpace space) {
    MmStruct mm = space.mm;
    int page = 1 + random.nextInt(PAGES);
    int count = 1 + random.nextInt(Math.min(8, PAGES + 1 - page));
    long at = page * PAGE;
    long bytes = count * PAGE - random.nextInt(2);
    int prot = new int[] {0, 1, 3, 3, 3, 5}[random.nextInt(6)];
    switch (random.nextInt(10)) {
      case 0, 1 -> {
        int flags = MAP_ANONYMOUS | (random.nextInt(5) == 0 ? MAP_SHARED : MAP_PRIVATE);
        flags |= random.nextInt(4) == 0 ? MAP_FIXED_NOREPLACE : MAP_FIXED;
        flags |= random.nextInt(6) == 0 ? MAP_NORESERVE : 0;
        note("mmap %x %x prot %d flags %x".formatted(at, bytes, prot, flags));
        same(
            host.mmap(THEIRS + at, bytes, prot, flags),
            mm.mmap(OURS + at, bytes, prot, flags, null, 0));
      }
      case 2 -> {
        note("munmap %x %x".formatted(at, bytes));
        same(host.munmap(THEIRS + at, bytes), mm.munmap(OURS + at, bytes));
      }
      case 3, 4 -> {
        note("mprotect %x %x prot %d".formatted(at, bytes, prot));
        same(host.mprotect(THEIRS + at, bytes, prot), mm.mprotect(OURS + at, bytes, prot));
      }
      case 5 -> {
        int[] advices = {Madvise.DONTNEED, Madvise.DONTFORK, Madvise.DOFORK, Madvise.RANDOM, 0};
        int advice = advices[random.nextInt(advices.length)];
        note("madvise %x %x %d".formatted(at, bytes, advice));
        same(host.madvise(THEIRS + at, bytes, advice), mm.madvise(OURS + at, bytes, advice));
      }
      case 6 -> remap(random, host, mm, at, bytes);
      default -> access(random, host, space, at);
    }
  }

  private void remap(Random random, HostCalls host, MmStruct mm, long at, long bytes) {
    int newCount = 1 + random.nextInt(6);
    int to = 1 + random.nextInt(PAGES + 1 - newCount);
    int flags = random.nextInt(3) == 0 ? 0 : MREMAP_MAYMOVE | MREMAP_FIXED;
    if (flags == 0) {
      // In place only: there is no telling where the host would move it.
      newCount = (int) Math.min(newCount, PAGES + 1 - at / PAGE);
    } else if (random.nextInt(3) == 0) {
      // Several areas at once, if there are several.
      newCount = (int) ((bytes + PAGE - 1) / PAGE);
      to = 1 + random.nextInt(PAGES + 1 - newCount);
      flags |= random.nextInt(3) == 0 ? MREMAP_DONTUNMAP : 0;
    }
    note("mremap %x %x to %x pages, flags %d, %x".formatted(at, bytes, newCount, flags, to * PAGE));
    same(
        host.mremap(THEIRS + at, bytes, newCount * PAGE, flags, THEIRS + to * PAGE),
        mm.mremap(OURS + at, bytes, newCount * PAGE, flags, OURS + to * PAGE));
  }

  private void access(Random random, HostCalls host, TestSpace space, long at) {
    Vma area = space.mm.findVma(OURS + at);
    if (area == null || area.start() > OURS + at || !area.isAccessible()) {
      return;
    }
    if (area.mapping() != null && area.pageIndex(OURS + at) >= area.mapping().filePages()) {
      // Shared memory that mremap made longer than it is: SIGBUS there and here.
      note("beyond %x".formatted(at));
      assertThrows(ProcessorException.class, () -> space.mmu.readInt(OURS + at));
      assertEquals(FaultResult.SIGBUS, space.faults.lastResult());
      return;
    }
    if (area.has(VmFlags.WRITE) && random.nextInt(3) > 0) {
      int value = random.nextInt();
      note("write %x".formatted(at));
      host.write(THEIRS + at, value);
      space.mmu.writeInt(OURS + at, value);
    } else {
      note("read %x".formatted(at));
    }
    same(host.read(THEIRS + at), space.mmu.readInt(OURS + at));
  }

  private void note(String call) {
    history.add(call);
    if (history.size() > 60) {
      history.removeFirst();
    }
  }

  private void same(long theirs, long ours) {
    long expected = theirs >= THEIRS ? theirs - THEIRS + OURS : theirs;
    assertTrue(
        expected == ours,
        () -> "host %d, here %d\n%s".formatted(expected, ours, String.join("\n", history)));
  }
}
