package org.memarium.mm.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.mm.fault.TestSpace.RW;
import static org.memarium.mm.fault.TestSpace.SHARED;

import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.TestSpace;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.trace.VmStatItem;

final class AddressSpaceTest {
  private static final int PAGE = 4096;

  private final TestSpace space = TestSpace.i386();

  @AfterEach
  void close() {
    space.close();
  }

  private long vmStat(VmStatItem item) {
    return space.memory.allocator.vmStat().get(item);
  }

  @Test
  void aPageIsReadOnceHoweverOftenItIsUsed() {
    TestFile file = TestFile.of(space.pageCache, 2 * PAGE + 10);
    byte[] bytes = new byte[PAGE];
    assertEquals(PAGE, file.mapping().read(PAGE / 2, bytes, 0, PAGE));
    assertEquals(1, bytes[0]);
    assertEquals(2, bytes[PAGE - 1]);
    assertEquals(2, file.pagesRead);
    assertEquals(10, file.mapping().read(2 * PAGE, bytes, 0, PAGE));
    assertEquals(0, file.mapping().read(2 * PAGE + 10, bytes, 0, PAGE));
    assertEquals(0, file.mapping().read(100 * PAGE, bytes, 0, PAGE));
    file.mapping().read(0, bytes, 0, PAGE);
    assertEquals(3, file.pagesRead);
    assertEquals(3, vmStat(VmStatItem.NR_FILE_PAGES));
  }

  @Test
  void aWriteMakesTheFileLongerAndIsBehindOnlyAfterWriteBack() {
    TestFile file = TestFile.of(space.pageCache, 10);
    assertEquals(3, file.mapping().write(PAGE + 5, new byte[] {7, 8, 9}, 0, 3));
    assertEquals(PAGE + 8, file.mapping().bytes());
    assertEquals(10, file.content.length);
    assertEquals(1, vmStat(VmStatItem.NR_DIRTY));
    assertEquals(0, file.mapping().dirtyPages().writeBack());
    assertEquals(PAGE + 8, file.content.length);
    assertEquals(8, file.content[PAGE + 6]);
    assertEquals(0, file.content[100]);
    assertEquals(0, vmStat(VmStatItem.NR_DIRTY));
    byte[] bytes = new byte[20];
    file.mapping().read(0, bytes, 0, 20);
    assertEquals(1, bytes[9]);
    assertEquals(0, bytes[10]);
  }

  @Test
  void whatAMappingLeftBehindTheEndDoesNotComeBack() {
    TestFile file = TestFile.of(space.pageCache, 10);
    long at = space.mapFile(file, PAGE, RW, SHARED, 0);
    space.mmu.writeByte(at + 100, 5);
    assertEquals(1, file.mapping().write(200, new byte[] {1}, 0, 1));
    byte[] bytes = new byte[201];
    file.mapping().read(0, bytes, 0, 201);
    assertEquals(0, bytes[100]);
    assertEquals(1, bytes[200]);
  }

  /** As on the host: what a mapping wrote behind the end stays there, where no write gets to it. */
  @Test
  void aWriteLeavesWhatItDoesNotReach() {
    TestFile file = TestFile.of(space.pageCache, 10);
    long at = space.mapFile(file, PAGE, RW, SHARED, 0);
    space.mmu.writeByte(at + 50, 5);
    space.mmu.writeByte(at + 100, 6);
    space.mmu.writeByte(at + 300, 7);
    assertEquals(60, file.mapping().write(5, new byte[60], 0, 60));
    assertEquals(0, space.mmu.readByte(at + 50));
    assertEquals(6, space.mmu.readByte(at + 100));
    assertEquals(1, file.mapping().write(200, new byte[] {1}, 0, 1));
    assertEquals(0, space.mmu.readByte(at + 100));
    assertEquals(7, space.mmu.readByte(at + 300));
    assertEquals(0, file.mapping().truncate(250));
    assertEquals(0, space.mmu.readByte(at + 300));
  }

  /** A write whose first byte is not there to be copied. */
  @Test
  void aWriteOfNothingMakesAPageDirtyWhereItBeginsInsideOfItOrInAHole() {
    TestFile file = TestFile.of(space.pageCache, 4 * PAGE);
    assertEquals(0, file.mapping().writeNothing(PAGE));
    assertEquals(0, file.mapping().dirtyPages().count());
    assertEquals(0, file.mapping().writeNothing(PAGE + 1));
    assertEquals(1, file.mapping().dirtyPages().count());
    file.hole = true;
    assertEquals(0, file.mapping().writeNothing(3 * PAGE));
    assertEquals(2, file.mapping().dirtyPages().count());
    assertEquals(4 * PAGE, file.mapping().bytes());
  }

  @Test
  void whatAWriteOfNothingLeftBehindTheEndGoesEvenIfTheSizeStays() {
    TestFile file = TestFile.of(space.pageCache, 0);
    assertEquals(0, file.mapping().writeNothing(0));
    assertEquals(1, file.mapping().cachedPages());
    assertEquals(0, file.mapping().truncate(0));
    assertEquals(0, file.mapping().cachedPages());
  }

  @Test
  void mappingsReadAndWriteAgreeAlways() {
    Random random = new Random(3);
    TestFile file = TestFile.of(space.pageCache, 8 * PAGE);
    byte[] expected = file.content.clone();
    long at = space.mapFile(file, 8 * PAGE, RW, SHARED, 0);
    long twice = space.mapFile(file, 8 * PAGE, RW, SHARED, 0);
    byte[] buffer = new byte[3 * PAGE];
    for (int step = 0; step < 2000; step++) {
      int where = random.nextInt(8 * PAGE);
      int count = random.nextInt(Math.min(buffer.length, 8 * PAGE - where));
      switch (random.nextInt(5)) {
        case 0 -> {
          random.nextBytes(buffer);
          file.mapping().write(where, buffer, 0, count);
          System.arraycopy(buffer, 0, expected, where, count);
        }
        case 1 -> {
          expected[where] = (byte) step;
          space.mmu.writeByte((random.nextBoolean() ? at : twice) + where, step);
        }
        case 2 -> {
          file.mapping().read(where, buffer, 0, count);
          assertArrayEquals(
              Arrays.copyOfRange(expected, where, where + count), Arrays.copyOf(buffer, count));
        }
        case 3 -> assertEquals(expected[where], (byte) space.mmu.readByte(twice + where));
        default -> {
          if (random.nextInt(20) == 0) {
            assertEquals(0, file.mapping().dirtyPages().writeBack());
            assertArrayEquals(expected, file.content);
          }
        }
      }
    }
    space.audit();
  }

  @Test
  void aStoreThatFailsLeavesPagesDirty() {
    TestFile file = TestFile.of(space.pageCache, PAGE);
    byte[] bytes = new byte[4];
    assertEquals(4, file.mapping().write(0, bytes, 0, 4));
    file.broken = true;
    assertEquals(-Errno.EIO, file.mapping().dirtyPages().writeBack());
    assertEquals(1, file.mapping().dirtyPages().count());
    file.broken = false;
    assertEquals(0, file.mapping().dirtyPages().writeBack());
    assertEquals(0, file.mapping().dirtyPages().count());
    TestFile other = TestFile.of(space.pageCache, PAGE);
    other.broken = true;
    assertEquals(-Errno.EIO, other.mapping().read(0, bytes, 0, 4));
    assertEquals(0, other.mapping().cachedPages());
  }

  @Test
  void evictionGivesEveryFrameBackButNotWhileTheFileIsMapped() {
    long free = space.memory.allocator.node().freeFrames();
    TestFile file = TestFile.of(space.pageCache, 300 * PAGE);
    file.mapping().read(0, new byte[300 * PAGE], 0, 300 * PAGE);
    // And a slab for the five nodes of the tree.
    assertEquals(free - 300 - 1, space.memory.allocator.node().freeFrames());
    long at = space.mapFile(file, PAGE, RW, SHARED, 0);
    assertThrows(IllegalStateException.class, () -> file.mapping().evict());
    space.mm.munmap(at, PAGE);
    file.mapping().evict();
    // The slabs of the tree's nodes and of the area are kept, until they are asked for.
    assertFalse(space.pageCache.nodes.shrink());
    assertFalse(space.slab.kernelCaches().vmAreaStruct().shrink());
    assertEquals(free, space.memory.allocator.node().freeFrames());
    assertEquals(0, space.pageCache.spaces().size());
  }

  @Test
  void cleanPagesGoInTheOrderInWhichTheyCame() {
    TestFile first = TestFile.of(space.pageCache, 40 * PAGE);
    TestFile second = TestFile.of(space.pageCache, 40 * PAGE);
    first.mapping().read(0, new byte[40 * PAGE], 0, 40 * PAGE);
    second.mapping().read(0, new byte[40 * PAGE], 0, 40 * PAGE);
    assertEquals(32, space.reclaim.tryToFreePages());
    assertEquals(8, first.mapping().cachedPages());
    // 48 pages: 1, 2, 5, 10 and 15 at priorities 5 to 1.
    assertEquals(33, space.reclaim.tryToFreePages());
    assertEquals(0, first.mapping().cachedPages());
    assertEquals(15, second.mapping().cachedPages());
    assertEquals(15, space.reclaim.tryToFreePages());
    assertEquals(0, space.reclaim.tryToFreePages());
  }

  @Test
  void theOrderOfPagesSurvivesManyArrivalsAndDepartures() {
    TestFile file = TestFile.of(space.pageCache, 64 * PAGE);
    byte[] bytes = new byte[64 * PAGE];
    for (int round = 0; round < 100; round++) {
      file.mapping().read(0, bytes, 0, bytes.length);
      file.mapping().truncate((round % 8) * (long) PAGE);
      file.mapping().truncate(64 * PAGE);
    }
    space.audit();
  }

  @Test
  void indexesFarApartShareATree() {
    PageTree tree = new PageTree(space.pageCache.nodes, null);
    long[] indexes = {0, 63, 64, 4095, 4096, 1L << 20, (1L << 32) - 1, 1L << 40};
    for (int i = 0; i < indexes.length; i++) {
      assertEquals(PageTree.NONE, tree.get(indexes[i]));
      assertTrue(tree.put(indexes[i], i, Gfp.GFP_KERNEL));
    }
    long at = -1;
    for (int i = 0; i < indexes.length; i++) {
      at = tree.next(at + 1);
      assertEquals(indexes[i], at);
      assertEquals(i, tree.get(at));
    }
    assertEquals(PageTree.NONE, tree.next(at + 1));
    assertThrows(IllegalStateException.class, () -> tree.put(63, 9, Gfp.GFP_KERNEL));
    assertEquals(1, tree.remove(63));
    assertEquals(PageTree.NONE, tree.remove(63));
    assertEquals(64, tree.next(1));
    assertEquals(7, tree.size());
    for (long index = tree.next(0); index >= 0; index = tree.next(index + 1)) {
      assertTrue(tree.remove(index) >= 0);
    }
    assertEquals(0, tree.auditNodes());
  }

  @Test
  void aTreeHasTheNodesOfAnXarray() {
    long seed = 61;
    Random random = new Random(seed);
    PageTree tree = new PageTree(space.pageCache.nodes, null);
    Set<Long> indexes = new TreeSet<>();
    for (int step = 0; step < 3000; step++) {
      long index = random.nextLong(1L << random.nextInt(1, 20));
      if (indexes.contains(index)) {
        assertEquals(0, tree.remove(index));
        indexes.remove(index);
      } else if (indexes.size() < 40) {
        assertTrue(tree.put(index, 0, Gfp.GFP_KERNEL));
        indexes.add(index);
      }
      assertEquals(nodesFor(indexes), tree.auditNodes(), "seed " + seed + " step " + step);
    }
    for (long index : indexes) {
      assertEquals(0, tree.remove(index));
    }
  }

  /** What {@code lib/xarray.c} has for these indexes: a node for each prefix of six bits more. */
  private static long nodesFor(Set<Long> indexes) {
    if (indexes.isEmpty() || indexes.equals(Set.of(0L))) {
      return 0;
    }
    long highest = 0;
    for (long index : indexes) {
      highest = Math.max(highest, index);
    }
    long nodes = 0;
    int shift = 6;
    do {
      Set<Long> prefixes = new TreeSet<>();
      for (long index : indexes) {
        prefixes.add(index >>> shift);
      }
      nodes += prefixes.size();
      shift += 6;
    } while (highest >>> (shift - 6) != 0);
    return nodes;
  }
}
