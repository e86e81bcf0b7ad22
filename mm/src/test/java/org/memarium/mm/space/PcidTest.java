package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.RW;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.TestSpace;

/** With PCIDs a switch of address spaces keeps translations, and never a stale one. */
class PcidTest {
  private static final long PAGE = Ram.PAGE_SIZE;
  private static final long AT = 0x2000_0000L;

  private final TestSpace space = TestSpace.boot(Architecture.COMPAT, 64);
  private final List<MmStruct> children = new ArrayList<>();
  private MmStruct current = space.mm;

  PcidTest() {
    space.manager.usePcid();
    space.mmu.setFaultHandler((linearAddress, errorCode) ->
        space.faults.handleMmFault(current, linearAddress, errorCode).isHandled());
    run(space.mm);
    space.mapAnon(AT, 2 * PAGE, RW, MmapFlags.MAP_FIXED);
    space.mmu.writeInt(AT, 1);
  }

  @AfterEach
  void close() {
    children.forEach(MmStruct::exit);
    space.close();
  }

  private MmStruct fork() {
    MmStruct child = Objects.requireNonNull(space.mm.fork(space.limits));
    children.add(child);
    return child;
  }

  private void run(MmStruct mm) {
    current = mm;
    mm.activate();
  }

  private int read(MmStruct mm) {
    run(mm);
    return space.mmu.readInt(AT);
  }

  @Test
  void twoThatTakeTurnsMissTheTlbOnceEach() {
    MmStruct child = fork();
    run(child);
    space.mmu.writeInt(AT, 2);
    assertEquals(1, read(space.mm));
    long misses = space.mmu.statistics().dataMisses();
    for (int turn = 0; turn < 100; turn++) {
      assertEquals(2, read(child));
      assertEquals(1, read(space.mm));
    }
    assertEquals(misses, space.mmu.statistics().dataMisses());
  }

  @Test
  void moreThanSixTakeOneAnothersNumbers() {
    for (int i = 0; i < 8; i++) {
      run(fork());
      space.mmu.writeInt(AT, 10 + i);
    }
    for (int turn = 0; turn < 3; turn++) {
      assertEquals(1, read(space.mm));
      for (int i = 0; i < 8; i++) {
        assertEquals(10 + i, read(children.get(i)));
      }
    }
    assertTrue(space.mmu.statistics().flushesByCr3() > 8);
  }

  @Test
  void whatIsUnmappedWhileAnotherRunsIsGone() {
    MmStruct child = fork();
    assertEquals(1, read(child));
    assertEquals(1, read(space.mm));
    child.madvise(AT, PAGE, Madvise.DONTNEED);
    assertEquals(0, read(child));
    assertEquals(1, read(space.mm));
  }

  @Test
  void aForkTakesTheRightToWriteFromTranslationsThatStay() {
    MmStruct child = fork();
    run(child);
    space.mmu.writeInt(AT, 2);
    run(space.mm);
    MmStruct grandchild = Objects.requireNonNull(child.fork(space.limits));
    children.add(grandchild);
    run(child);
    space.mmu.writeInt(AT, 3);
    assertEquals(2, read(grandchild));
  }
}
