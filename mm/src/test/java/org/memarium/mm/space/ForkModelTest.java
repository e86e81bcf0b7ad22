package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.memarium.mm.fault.TestSpace.RW;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.TestSpace;

/**
 * A family of address spaces that forks, writes, drops pages, changes rights and ends at random,
 * beside one array of ints for each; compaction moves their pages meanwhile.
 */
class ForkModelTest {
  private static final long PAGE = Ram.PAGE_SIZE;
  private static final long START = 0x2000_0000L;
  private static final int PAGES = 24;
  private static final int MOST_SPACES = 8;
  private static final int STEPS = 1500;

  /** An address space, and what a program finds in the first word of each page. */
  private static final class Member {
    final MmStruct mm;
    final int[] words;

    Member(MmStruct mm, int[] words) {
      this.mm = mm;
      this.words = words;
    }
  }

  private final List<Member> members = new ArrayList<>();
  private MmStruct current;
  private final TestSpace space;

  ForkModelTest() {
    space = TestSpace.boot(Architecture.I386, 32);
    current = space.mm;
    space.mmu.setFaultHandler((linearAddress, errorCode) ->
        space.faults.handleMmFault(current, linearAddress, errorCode).isHandled());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void everyAddressSpaceReadsWhatItWrote(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    space.mapAnon(START, PAGES * PAGE, RW, MmapFlags.MAP_FIXED);
    members.add(new Member(space.mm, new int[PAGES]));
    for (int step = 0; step < STEPS; step++) {
      Member member = members.get(random.nextInt(members.size()));
      run(member.mm);
      act(random, member, step);
      if (step % 50 == 0) {
        space.audit();
        members.forEach(each -> check(each, seed));
      }
    }
    members.stream().skip(1).forEach(member -> member.mm.exit());
    space.close();
  }

  private void act(SplittableRandom random, Member member, int value) {
    int page = random.nextInt(PAGES);
    long at = START + page * PAGE;
    switch (random.nextInt(12)) {
      case 0 -> {
        if (members.size() < MOST_SPACES) {
          MmStruct child = Objects.requireNonNull(member.mm.fork(space.limits));
          members.add(new Member(child, member.words.clone()));
        }
      }
      case 1 -> {
        if (member.mm != space.mm && random.nextInt(3) == 0) {
          members.remove(member);
          member.mm.exit();
        }
      }
      case 2 -> {
        assertEquals(0, member.mm.madvise(at, PAGE, Madvise.DONTNEED));
        member.words[page] = 0;
      }
      case 3 -> {
        assertEquals(0, member.mm.mprotect(at, PAGE, MmapFlags.PROT_READ));
        assertEquals(member.words[page], space.mmu.readInt(at));
        assertEquals(0, member.mm.mprotect(at, PAGE, RW));
      }
      case 4 -> {
        member.mm.mmap(at, PAGE, RW, TestSpace.ANON | MmapFlags.MAP_FIXED, null, 0);
        member.words[page] = 0;
      }
      case 5 -> assertEquals(member.words[page], space.mmu.readInt(at));
      case 6 -> {
        if (random.nextInt(8) == 0) {
          space.reclaim.compaction().compactNodes();
        }
      }
      default -> {
        space.mmu.writeInt(at, value);
        member.words[page] = value;
      }
    }
  }

  private void run(MmStruct mm) {
    current = mm;
    mm.activate();
  }

  private void check(Member member, long seed) {
    run(member.mm);
    for (int page = 0; page < PAGES; page++) {
      assertEquals(
          member.words[page],
          space.mmu.readInt(START + page * PAGE),
          "page " + page + " of " + member.mm.number() + ", seed " + seed);
    }
  }
}
