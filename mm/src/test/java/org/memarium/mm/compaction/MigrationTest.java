package org.memarium.mm.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.file.TestFile;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.LruList;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageList;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.trace.VmStatItem;

class MigrationTest {
  private static final long PAGE = Ram.PAGE_SIZE;

  private TestSpace space = TestSpace.i386();

  @AfterEach
  void close() {
    space.close();
  }

  private void use(Architecture architecture) {
    space.close();
    space = TestSpace.boot(architecture, 64);
  }

  /** Gives frames, and counts how many are out. */
  private final class Frames implements Migration.Target {
    int left = Integer.MAX_VALUE;

    @Override
    public int allocate(int fromPfn) {
      return left-- > 0 ? space.memory.allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE) : -1;
    }

    @Override
    public void free(int pfn) {
      space.memory.allocator.freePages(pfn, 0);
    }
  }

  private int frameAt(long linearAddress) {
    return Pte.pfn(space.mm.pages().tables().pte(linearAddress));
  }

  /** Moves one page, and says how that ended. */
  private int move(int pfn) {
    PageList pages = new PageList();
    assertTrue(space.reclaim.migration().isolate(pfn, MigrateMode.SYNC));
    pages.add(pfn);
    int result =
        space.reclaim.migration().migratePages(pages, new Frames(), MigrateMode.SYNC, "test");
    assertEquals(result, pages.size());
    space.reclaim.migration().putback(pages);
    space.audit();
    return result;
  }

  @Test
  void anAnonymousPageMovesUnderTheProgram() {
    for (Architecture architecture :
        List.of(Architecture.I386, Architecture.I386_PAE, Architecture.COMPAT)) {
      use(architecture);
      long at = space.mapAnon(0, 4 * PAGE, TestSpace.RW, 0);
      space.mmu.writeInt(at + PAGE, 0x1234_5678);
      int before = frameAt(at + PAGE);
      long entry = space.mm.pages().tables().pte(at + PAGE);
      assertEquals(0, move(before));
      assertNotEquals(before, frameAt(at + PAGE));
      assertFalse(space.memory.allocator.memMap().isAllocated(before));
      assertEquals(0x1234_5678, space.mmu.readInt(at + PAGE));
      long moved = space.mm.pages().tables().pte(at + PAGE);
      assertEquals(entry & 0xfff, moved & 0xfff, "the bits of the entry stay");
      long faults = space.manager.faultCounts().minor();
      space.mmu.writeInt(at + PAGE, 5);
      assertEquals(faults, space.manager.faultCounts().minor(), "and so does the right to write");
      assertEquals(1, space.memory.vmStat.get(VmStatItem.PGMIGRATE_SUCCESS));
    }
  }

  @Test
  void aPageOfAFileMovesForAllThatMapItAndForTheCache() {
    TestFile file = TestFile.of(space.pageCache, (int) (4 * PAGE));
    long shared = space.mapFile(file, 4 * PAGE, TestSpace.RW, TestSpace.SHARED, 0);
    long again = space.mapFile(file, 2 * PAGE, TestSpace.RW, TestSpace.SHARED, 1);
    space.mmu.writeInt(shared + PAGE, 77);
    assertEquals(77, space.mmu.readInt(again));
    int before = frameAt(shared + PAGE);
    assertEquals(2, space.memory.allocator.memMap().pageMapcount(before));
    assertEquals(0, move(before));
    int now = frameAt(shared + PAGE);
    assertNotEquals(before, now);
    assertEquals(now, frameAt(again));
    assertEquals(now, file.mapping().findPage(1));
    assertEquals(77, space.mmu.readInt(again));
    space.mmu.writeInt(again, 78);
    assertEquals(0, file.mapping().dirtyPages().writeBack());
    assertEquals(78, file.content[(int) PAGE]);
  }

  @Test
  void sharedMemoryMovesAndStaysOnTheAnonymousLists() {
    long at =
        space.mm.mmap(
            0, 2 * PAGE, TestSpace.RW, MmapFlags.MAP_SHARED | MmapFlags.MAP_ANONYMOUS, null, 0);
    space.mmu.writeInt(at, 9);
    assertEquals(0, move(frameAt(at)));
    assertEquals(9, space.mmu.readInt(at));
    assertEquals(1, space.memory.allocator.lru().root().size(LruList.INACTIVE_ANON));
    assertEquals(1, space.mm.rss().shmem());
  }

  @Test
  void aPageThatSomebodyHoldsStaysMappedWhereItIs() {
    long at = space.mapAnon(0, PAGE, TestSpace.RW, 0);
    space.mmu.writeInt(at, 3);
    int pfn = frameAt(at);
    MemMap memMap = space.memory.allocator.memMap();
    memMap.getPage(pfn);
    PageList pages = new PageList();
    space.reclaim.migration().isolate(pfn, MigrateMode.SYNC);
    pages.add(pfn);
    assertEquals(
        1, space.reclaim.migration().migratePages(pages, new Frames(), MigrateMode.SYNC, "test"));
    space.reclaim.migration().putback(pages);
    assertEquals(pfn, frameAt(at));
    space.mmu.writeInt(at, 4);
    assertEquals(1, space.memory.vmStat.get(VmStatItem.PGMIGRATE_FAIL));
    assertEquals(0, space.memory.vmStat.get(VmStatItem.NR_ISOLATED_ANON));
    space.memory.allocator.putPage(pfn);
  }

  @Test
  void aLockedPageStaysUnevictable() {
    long at = space.mapAnon(0, 2 * PAGE, TestSpace.RW, MmapFlags.MAP_LOCKED);
    assertEquals(2, space.memory.allocator.lru().root().size(LruList.UNEVICTABLE));
    assertEquals(0, move(frameAt(at)));
    assertEquals(2, space.memory.allocator.lru().root().size(LruList.UNEVICTABLE));
    assertEquals(2, space.memory.vmStat.get(VmStatItem.NR_MLOCK));
  }

  @Test
  void protNonePagesMoveToo() {
    long at = space.mapAnon(0, PAGE, TestSpace.RW, 0);
    space.mmu.writeInt(at, 31);
    space.mm.mprotect(at, PAGE, MmapFlags.PROT_NONE);
    assertEquals(0, move(frameAt(at)));
    space.mm.mprotect(at, PAGE, TestSpace.RW);
    assertEquals(31, space.mmu.readInt(at));
  }

  @Test
  void withoutFramesTheRestStaysAndNothingIsLost() {
    long at = space.mapAnon(0, 8 * PAGE, TestSpace.RW, 0);
    PageList pages = new PageList();
    for (int i = 0; i < 8; i++) {
      space.mmu.writeInt(at + i * PAGE, i);
      int pfn = frameAt(at + i * PAGE);
      space.reclaim.migration().isolate(pfn, MigrateMode.SYNC);
      pages.add(pfn);
    }
    Frames frames = new Frames();
    frames.left = 3;
    assertTrue(space.reclaim.migration().migratePages(pages, frames, MigrateMode.SYNC, "test") < 0);
    assertEquals(5, pages.size());
    space.reclaim.migration().putback(pages);
    for (int i = 0; i < 8; i++) {
      assertEquals(i, space.mmu.readInt(at + i * PAGE));
    }
  }

  @Test
  void anOwnerOfMovablePagesIsToldWhereTheyWent() {
    MemMap memMap = space.memory.allocator.memMap();
    List<Integer> mine = new ArrayList<>();
    MovablePages movable = space.reclaim.movablePages();
    int owner =
        movable.register(
            new MovableOperations() {
              @Override
              public boolean isolatePage(int pfn, MigrateMode mode) {
                return true;
              }

              @Override
              public int migratePage(int toPfn, int fromPfn, MigrateMode mode) {
                space.memory.ram.copyFrame(fromPfn, toPfn);
                mine.set(mine.indexOf(fromPfn), toPfn);
                return 0;
              }

              @Override
              public void putbackPage(int pfn) {}
            });
    int pfn = space.memory.allocator.allocPage(Gfp.GFP_HIGHUSER_MOVABLE);
    space.memory.ram.putInt((long) pfn << Ram.PAGE_SHIFT, 99);
    movable.setPageMovable(pfn, owner);
    mine.add(pfn);
    PageList pages = new PageList();
    assertTrue(space.reclaim.migration().isolate(pfn, MigrateMode.ASYNC));
    assertFalse(space.reclaim.migration().isolate(pfn, MigrateMode.ASYNC));
    pages.add(pfn);
    space.reclaim.migration().migratePages(pages, new Frames(), MigrateMode.ASYNC, "test");
    int now = mine.getFirst();
    assertNotEquals(pfn, now);
    assertFalse(memMap.isAllocated(pfn));
    assertTrue(movable.isMovable(now));
    assertEquals(1, memMap.pageCount(now));
    assertEquals(99, space.memory.ram.getInt((long) now << Ram.PAGE_SHIFT));
    movable.clearPageMovable(now);
    space.memory.allocator.freePages(now, 0);
  }

  @Test
  void aLongRandomRunOfMapsWritesAndMovesKeepsEveryByte() {
    long seed = 61;
    SplittableRandom random = new SplittableRandom(seed);
    int pages = 64;
    TestFile file = TestFile.of(space.pageCache, (int) (pages * PAGE));
    long anon = space.mapAnon(0, pages * PAGE, TestSpace.RW, 0);
    long own = space.mapFile(file, pages * PAGE, TestSpace.RW, TestSpace.PRIVATE, 0);
    long both = space.mapFile(file, pages * PAGE, TestSpace.RW, TestSpace.SHARED, 0);
    long[] areas = {anon, own, both};
    int[][] expected = new int[areas.length][pages];
    for (int i = 0; i < pages; i++) {
      expected[1][i] = space.mmu.readInt(own + i * PAGE + 8);
      expected[2][i] = space.mmu.readInt(both + i * PAGE + 8);
    }
    for (int step = 0; step < 5000; step++) {
      int area = random.nextInt(areas.length);
      int page = random.nextInt(pages);
      long at = areas[area] + page * PAGE + 8;
      switch (random.nextInt(4)) {
        case 0 -> {
          int value = random.nextInt();
          space.mmu.writeInt(at, value);
          expected[area][page] = value;
          // An untouched private page shows what the shared mapping writes.
          boolean copied = space.memory.allocator.memMap().isPageAnon(frameAt(own + page * PAGE));
          if (area == 2 && !copied) {
            expected[1][page] = value;
          }
        }
        case 1 -> {
          long pte = space.mm.pages().tables().pte(at);
          if (Pte.isPresent(pte) && !Pte.isSpecial(pte)) {
            PageList list = new PageList();
            space.reclaim.migration().isolate(Pte.pfn(pte), MigrateMode.ASYNC);
            list.add(Pte.pfn(pte));
            assertEquals(
                0,
                space
                    .reclaim
                    .migration()
                    .migratePages(list, new Frames(), MigrateMode.ASYNC, "test"));
          }
        }
        default ->
            assertEquals(expected[area][page], space.mmu.readInt(at), "seed %d".formatted(seed));
      }
      if (step % 500 == 0) {
        space.audit();
      }
    }
  }
}
