package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.RW;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.FaultKind;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.file.TestFile;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.trace.VmStatItem;

/** {@code dup_mmap}: what a forked address space shares with its parent, and when no longer. */
class ForkTest {
  private static final long PAGE = Ram.PAGE_SIZE;
  private static final int SHARED_ANON = MmapFlags.MAP_SHARED | MmapFlags.MAP_ANONYMOUS;

  private TestSpace space = TestSpace.i386();
  private final List<MmStruct> children = new ArrayList<>();
  private MmStruct current = space.mm;

  ForkTest() {
    handleFaults();
  }

  private void handleFaults() {
    current = space.mm;
    space.mmu.setFaultHandler((linearAddress, errorCode) ->
        space.faults.handleMmFault(current, linearAddress, errorCode).isHandled());
  }

  private void use(TestSpace other) {
    close();
    space = other;
    handleFaults();
  }

  @AfterEach
  void close() {
    children.forEach(MmStruct::exit);
    children.clear();
    space.close();
  }

  private MmStruct fork(MmStruct parent) {
    MmStruct child = Objects.requireNonNull(parent.fork(space.limits));
    children.add(child);
    space.audit();
    return child;
  }

  private void exit(MmStruct mm) {
    children.remove(mm);
    mm.exit();
    space.audit();
  }

  private void run(MmStruct mm) {
    current = mm;
    mm.activate();
  }

  private int read(MmStruct mm, long address) {
    run(mm);
    return space.mmu.readInt(address);
  }

  private void write(MmStruct mm, long address, int value) {
    run(mm);
    space.mmu.writeInt(address, value);
  }

  private long faults(FaultKind kind) {
    return space.faults.faults(kind);
  }

  private static int frame(MmStruct mm, long address) {
    return Pte.pfn(mm.pages().tables().pte(address));
  }

  @Test
  void bothSeeWhatWasThereAndWritesStayApart() {
    for (Architecture architecture :
        List.of(Architecture.I386, Architecture.I386_PAE, Architecture.COMPAT)) {
      use(TestSpace.boot(architecture, 64));
      long at = space.mapAnon(0, 3 * PAGE, RW, 0);
      write(space.mm, at, 1);
      write(space.mm, at + PAGE, 2);
      MmStruct child = fork(space.mm);
      assertEquals(space.mm.rss().total(), child.rss().total());
      assertEquals(frame(space.mm, at), frame(child, at));
      write(space.mm, at, 10);
      write(child, at + PAGE, 20);
      write(child, at + 2 * PAGE, 30);
      space.audit();
      assertEquals(10, read(space.mm, at));
      assertEquals(1, read(child, at));
      assertEquals(2, read(space.mm, at + PAGE));
      assertEquals(20, read(child, at + PAGE));
      assertEquals(0, read(space.mm, at + 2 * PAGE));
      assertEquals(30, read(child, at + 2 * PAGE));
    }
  }

  @Test
  void aTranslationFromBeforeTheForkDoesNotLetTheParentWrite() {
    long at = space.mapAnon(0, PAGE, RW, 0);
    write(space.mm, at, 1);
    MmStruct child = fork(space.mm);
    // Without another load of CR3: the TLB had the page as writable.
    space.mmu.writeInt(at, 2);
    assertEquals(1, read(child, at));
  }

  @Test
  void theLastOneThatMapsAPageWritesToItWithoutACopy() {
    long at = space.mapAnon(0, 2 * PAGE, RW, 0);
    write(space.mm, at, 1);
    write(space.mm, at + PAGE, 1);
    MmStruct child = fork(space.mm);
    write(child, at, 2);
    long copies = faults(FaultKind.COPY_ON_WRITE);
    int before = frame(space.mm, at);
    write(space.mm, at, 3); // the child has a copy
    exit(child);
    write(space.mm, at + PAGE, 3); // the child is gone
    assertEquals(copies, faults(FaultKind.COPY_ON_WRITE));
    assertEquals(2, faults(FaultKind.WRITE_PROTECTED));
    assertEquals(2, space.manager.vmStat().get(VmStatItem.PGREUSE));
    assertEquals(before, frame(space.mm, at));
  }

  @Test
  void aPageThatTheParentLeftBelongsToTheAreaOfTheChild() {
    long at = space.mapAnon(0, PAGE, RW, 0);
    write(space.mm, at, 1);
    MmStruct child = fork(space.mm);
    space.mm.munmap(at, PAGE);
    write(child, at, 2);
    int frame = frame(child, at);
    int anonVma =
        Objects.requireNonNull(Objects.requireNonNull(child.findVma(at)).anonVma()).number();
    assertEquals(anonVma, space.manager.memMap().mapping(frame));
    space.audit();
  }

  @Test
  void aPageThatSomebodyHoldsIsTheOwnersUntilAFork() {
    long at = space.mapAnon(0, PAGE, RW, 0);
    write(space.mm, at, 1);
    int held = frame(space.mm, at);
    space.manager.memMap().getPage(held); // as a pipe does with a page given to vmsplice
    space.mm.mprotect(at, PAGE, MmapFlags.PROT_READ);
    space.mm.mprotect(at, PAGE, RW);
    write(space.mm, at, 2);
    assertEquals(held, frame(space.mm, at));
    MmStruct child = Objects.requireNonNull(space.mm.fork(space.limits));
    child.exit();
    write(space.mm, at, 3);
    assertNotEquals(held, frame(space.mm, at));
    space.memory.allocator.putPage(held);
  }

  @Test
  void theZeroPageIsCopiedByEachThatWrites() {
    long at = space.mapAnon(0, 2 * PAGE, RW, 0);
    write(space.mm, at, 1);
    assertEquals(0, read(space.mm, at + PAGE));
    MmStruct child = fork(space.mm);
    assertTrue(Pte.isSpecial(child.pages().tables().pte(at + PAGE)));
    write(child, at + PAGE, 5);
    assertEquals(0, read(space.mm, at + PAGE));
    space.audit();
  }

  @Test
  void sharedMemoryStaysShared() {
    long at = space.mm.mmap(0, 2 * PAGE, RW, SHARED_ANON, null, 0);
    write(space.mm, at, 1);
    MmStruct child = fork(space.mm);
    assertEquals(0, child.rss().total()); // no anonymous page: faults bring the pages
    write(child, at, 2);
    write(child, at + PAGE, 3);
    assertEquals(2, read(space.mm, at));
    assertEquals(3, read(space.mm, at + PAGE));
    space.mm.munmap(at, 2 * PAGE);
    assertEquals(3, read(child, at + PAGE));
    space.audit();
  }

  @Test
  void aFileWithoutPrivateCopiesIsLeftToFaultAndOneWithThemIsNot() {
    TestFile file = TestFile.of(space.pageCache, (int) (4 * PAGE));
    long clean = space.mapFile(file, 4 * PAGE, RW, TestSpace.PRIVATE, 0);
    long written = space.mapFile(file, 4 * PAGE, RW, TestSpace.PRIVATE, 0);
    read(space.mm, clean);
    read(space.mm, written);
    write(space.mm, written + PAGE, 77);
    MmStruct child = fork(space.mm);
    assertEquals(4, file.references);
    assertFalse(Pte.isPresent(child.pages().tables().pte(clean)));
    assertEquals(4, child.rss().total());
    assertEquals(1, child.rss().anon());
    assertEquals(77, read(child, written + PAGE));
    write(space.mm, written + PAGE, 78);
    write(child, written, 79);
    assertEquals(77, read(child, written + PAGE));
    assertEquals(0x0101_0101, read(space.mm, written));
    exit(child);
    assertEquals(2, file.references);
  }

  @Test
  void adviceDecidesWhatAChildGets() {
    long kept = space.mapAnon(0x2000_0000L, PAGE, RW, MmapFlags.MAP_FIXED);
    long left = space.mapAnon(0x3000_0000L, PAGE, RW, MmapFlags.MAP_FIXED);
    long wiped = space.mapAnon(0x4000_0000L, PAGE, RW, MmapFlags.MAP_FIXED);
    for (long at : new long[] {kept, left, wiped}) {
      write(space.mm, at, 1);
    }
    assertEquals(0, space.mm.madvise(left, PAGE, Madvise.DONTFORK));
    assertEquals(0, space.mm.madvise(wiped, PAGE, Madvise.WIPEONFORK));
    MmStruct child = fork(space.mm);
    assertEquals(space.mm.accounting().totalVm() - 1, child.accounting().totalVm());
    assertEquals(child.accounting().totalVm(), child.accounting().hiwaterVm());
    assertEquals(1, read(child, kept));
    assertEquals(0, read(child, wiped));
    assertEquals(1, read(space.mm, wiped));
    Vma area = child.findVma(left);
    assertFalse(area != null && area.contains(left));
  }

  @Test
  void locksAreNotInherited() {
    long at = space.mapAnon(0, 2 * PAGE, RW, MmapFlags.MAP_LOCKED);
    MmStruct child = fork(space.mm);
    assertEquals(2, space.mm.accounting().lockedVm());
    assertEquals(0, child.accounting().lockedVm());
    write(child, at, 1);
    write(space.mm, at + PAGE, 1);
    space.audit();
  }

  @Test
  void aForkThatWouldPromiseTooMuchIsRefused() {
    space.manager.committedMemory().setMode(MemoryManager.Overcommit.NEVER);
    long limit = space.manager.committedMemory().limitPages();
    space.mapAnon(0, limit / 2 * PAGE, RW, 0);
    long before = space.manager.committedMemory().pages();
    assertNull(space.mm.fork(space.limits));
    assertEquals(before, space.manager.committedMemory().pages());
    space.audit();
  }

  @Test
  void childrenOfChildrenShareUntilTheyWrite() {
    long at = space.mapAnon(0, PAGE, RW, 0);
    write(space.mm, at, 1);
    MmStruct previous = space.mm;
    for (int generation = 2; generation < 20; generation++) {
      previous = fork(previous);
      write(previous, at, generation);
    }
    assertEquals(1, read(space.mm, at));
    for (int i = 0; i < children.size(); i++) {
      assertEquals(i + 2, read(children.get(i), at));
    }
  }

  // ---- Out of memory ----

  /** An address space with areas of every kind, some with pages. */
  private void populate() {
    TestFile file = TestFile.of(space.pageCache, (int) (4 * PAGE));
    for (int i = 0; i < 3; i++) {
      long at = space.mapAnon(0x1000_0000L * (i + 1), 4 * PAGE, RW, MmapFlags.MAP_FIXED);
      write(space.mm, at, i);
    }
    long written = space.mapFile(file, 4 * PAGE, RW, TestSpace.PRIVATE, 0);
    write(space.mm, written, 5);
    space.mm.mmap(0, 2 * PAGE, RW, SHARED_ANON, null, 0);
  }

  @Test
  void aForkWhoseNthObjectFailsLeavesNothing() {
    use(TestSpace.withFailslab());
    populate();
    @Nullable MmStruct child = null;
    int failures = 0;
    while (child == null) {
      final long committed = space.manager.committedMemory().pages();
      space.slab.failSlab().attr().set(failures + 1, 1);
      child = space.mm.fork(space.limits);
      space.slab.failSlab().attr().set(0, 0);
      space.audit();
      if (child == null) {
        failures++;
        assertEquals(committed, space.manager.committedMemory().pages());
        assertEquals(List.of(space.mm), space.manager.addressSpaces());
      }
    }
    children.add(child);
    // The mm_struct; for each of 5 areas itself; for 4 with pages a chain, another, an anon_vma.
    assertEquals(1 + 5 + 4 * 3, failures);
  }

  @Test
  void aForkWithoutFramesForItsTablesLeavesNothing() {
    populate();
    List<Integer> hoard = new ArrayList<>();
    for (int pfn = allocate(); pfn >= 0; pfn = allocate()) {
      hoard.add(pfn);
    }
    int failures = 0;
    @Nullable MmStruct child = null;
    while (child == null) {
      long free = space.memory.allocator.node().freePages();
      child = space.mm.fork(space.limits);
      if (child == null) {
        failures++;
        assertEquals(free, space.memory.allocator.node().freePages());
        space.memory.allocator.freePages(hoard.removeLast(), 0);
      }
    }
    children.add(child);
    hoard.forEach(pfn -> space.memory.allocator.freePages(pfn, 0));
    space.audit();
    // A top table, and one for each of the four places.
    assertEquals(5, failures);
    assertNotNull(child);
  }

  private int allocate() {
    return space.memory.allocator.allocPages(Gfp.GFP_PGTABLE_USER, 0);
  }
}
