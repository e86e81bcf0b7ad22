package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.Ram;
import org.memarium.mm.Audit;
import org.memarium.mm.fault.TestSpace;

class AnonVmasTest {
  private static final long PAGE = Ram.PAGE_SIZE;

  private final TestSpace space = TestSpace.i386();
  private final AnonVmas anonVmas = space.manager.anonVmas();

  @AfterEach
  void close() {
    space.close();
  }

  private Vma areaAt(long address) {
    return Objects.requireNonNull(space.mm.findVma(address));
  }

  private static List<Vma> areasOf(AnonVma anonVma, long index) {
    List<Vma> areas = new ArrayList<>();
    for (AnonVmaChain at = anonVma.firstArea(index); at != null; at = anonVma.nextArea(at, index)) {
      areas.add(at.area());
    }
    return areas;
  }

  /** A copy of an area, in no address space, as {@code dup_mmap} makes it. */
  private Vma copy(Vma area) {
    return new Vma(space.mm, area.start(), area.end(), area.flags(), area.pageOffset());
  }

  private void audit(Vma... areas) {
    Audit audit = new Audit(1);
    AnonVmas.Recount recount = anonVmas.beginRecount();
    for (Vma area : areas) {
      recount.count(audit, area);
    }
    anonVmas.audit(audit, recount);
    audit.finish();
  }

  @Test
  void aPageLeadsToItsAreaWhereverThatWasSplitAndMoved() {
    long at = space.mapAnon(0, 8 * PAGE, TestSpace.RW, 0);
    space.mmu.writeInt(at + 5 * PAGE, 42);
    AnonVma anonVma = Objects.requireNonNull(areaAt(at).anonVma());
    long index = areaAt(at).pageIndex(at + 5 * PAGE);
    space.mm.munmap(at + 2 * PAGE, PAGE);
    assertEquals(List.of(areaAt(at + 5 * PAGE)), areasOf(anonVma, index));
    long moved = space.mm.mremap(at + 4 * PAGE, 4 * PAGE, 8 * PAGE, MmapFlags.MREMAP_MAYMOVE, 0);
    Vma target = areaAt(moved);
    assertSame(anonVma, target.anonVma());
    assertEquals(List.of(target), areasOf(anonVma, index));
    assertEquals(moved + PAGE, target.addressOfPage(index));
    space.audit();
  }

  @Test
  void theLastAreaTakesItsAnonVmaAlongAndTheNumberIsUsedAgain() {
    long at = space.mapAnon(0, PAGE, TestSpace.RW, 0);
    space.mmu.writeInt(at, 1);
    int number = Objects.requireNonNull(areaAt(at).anonVma()).number();
    assertNotNull(anonVmas.get(number));
    space.mm.munmap(at, PAGE);
    assertNull(anonVmas.get(number));
    at = space.mapAnon(0, PAGE, TestSpace.RW, 0);
    space.mmu.writeInt(at, 1);
    assertEquals(number, Objects.requireNonNull(areaAt(at).anonVma()).number());
  }

  @Test
  void aForkedAreaIsFoundFromTheParentsPagesAndItsOwnAreNot() {
    long at = space.mapAnon(0, 4 * PAGE, TestSpace.RW, 0);
    space.mmu.writeInt(at, 1);
    Vma parent = areaAt(at);
    Vma child = copy(parent);
    assertTrue(anonVmas.fork(child, parent));
    AnonVma own = Objects.requireNonNull(child.anonVma());
    AnonVma parents = Objects.requireNonNull(parent.anonVma());
    assertSame(parents, own.root());
    assertSame(parents, own.parent);
    assertEquals(List.of(parent, child), areasOf(parents, parent.pageIndex(at)));
    assertEquals(List.of(child), areasOf(own, parent.pageIndex(at)));
    audit(parent, child);
    anonVmas.unlink(child);
    assertNull(anonVmas.get(own.number()));
    audit(parent);
  }

  @Test
  void aChainOfForksWhoseParentsEndReusesAnonVmas() {
    long at = space.mapAnon(0, PAGE, TestSpace.RW, 0);
    space.mmu.writeInt(at, 1);
    Vma parent = areaAt(at);
    Vma previous = copy(parent);
    assertTrue(anonVmas.fork(previous, parent));
    for (int generation = 0; generation < 50; generation++) {
      Vma child = copy(parent);
      assertTrue(anonVmas.fork(child, previous));
      anonVmas.unlink(previous);
      previous = child;
      audit(parent, child);
    }
    // Without reuse there would be fifty; here: the first one, and two that take turns.
    assertEquals(3, previous.anonVmaChain.size());
    anonVmas.unlink(previous);
    audit(parent);
  }
}
