package org.memarium.malloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memarium.malloc.HeapErrorException.Kind;

class BoundaryTagsTest {
  private static final long BASE = PlainMemory.BASE;

  private final PlainMemory memory = new PlainMemory(256 << 20);
  private final BoundaryTags malloc = new BoundaryTags(memory);

  @Test
  void chunksLieAsGlibcLaysThem() {
    long a = malloc.malloc(12);
    long b = malloc.malloc(13);
    long c = malloc.malloc(1);
    assertEquals(List.of(BASE + 16, a + 16, b + 32), List.of(a, b, c));
    assertEquals(16 | 1, memory.readInt(a - 4));
    assertEquals(32 | 1, memory.readInt(b - 4));
    assertEquals(BASE + 33 * 4096, memory.brk(0), "what is needed, and 128 KiB");
    assertEquals(List.of(12L, 28L, 12L), usable(a, b, c));
  }

  private List<Long> usable(long... blocks) {
    List<Long> sizes = new ArrayList<>();
    for (long block : blocks) {
      sizes.add(malloc.mallocUsableSize(block));
    }
    return sizes;
  }

  @Test
  void aFreeChunkHasLinksAndATagAtItsEnd() {
    long a = malloc.malloc(300);
    long b = malloc.malloc(300);
    malloc.free(a);
    int chunk = (int) a - 8;
    assertEquals(304 | 1, memory.readInt(a - 4));
    assertEquals(memory.readInt(a), memory.readInt(a + 4), "fd and bk: the bin alone");
    assertEquals(304, memory.readInt(chunk + 304), "prev_size");
    assertEquals(304, memory.readInt(b - 4), "P is cleared");
  }

  @Test
  void aFastChunkComesBackFirstAndIsNotFused() {
    long a = malloc.malloc(40);
    long b = malloc.malloc(40);
    malloc.malloc(40);
    malloc.free(a);
    malloc.free(b);
    assertEquals(2, malloc.mallinfo2().smblks());
    assertEquals(b, malloc.malloc(40));
    assertEquals(a, malloc.malloc(40));
    assertTrue(malloc.mallopt(MallocParameter.M_MXFAST, 0));
    malloc.free(a);
    malloc.free(b);
    assertEquals(0, malloc.mallinfo2().smblks());
    assertEquals(a, malloc.malloc(90), "fused");
    assertFalse(malloc.mallopt(MallocParameter.M_MXFAST, 81));
  }

  @Test
  void smallRequestsGoOnInTheLastRemainder() {
    long a = malloc.malloc(2000);
    malloc.malloc(100);
    malloc.free(a);
    assertEquals(a, malloc.malloc(100));
    assertEquals(a + 112, malloc.malloc(100));
    assertEquals(a + 224, malloc.malloc(100));
    malloc.check();
  }

  @Test
  void theSmallestLargeChunkThatFitsIsTaken() {
    long[] blocks = new long[6];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = malloc.malloc(2000 + 160 * i);
      malloc.malloc(100);
    }
    for (int i : new int[] {3, 0, 5, 1, 4, 2}) {
      malloc.free(blocks[i]);
    }
    malloc.malloc(9000); // sorts the unsorted bin
    malloc.check();
    assertEquals(blocks[2], malloc.malloc(2300));
    assertEquals(blocks[3], malloc.malloc(2330));
    malloc.check();
  }

  @Test
  void largeRequestsAreMappingsAndMoveTheThreshold() {
    long a = malloc.malloc(128 << 10);
    assertTrue(a > memory.brk(0));
    assertEquals(16, a % 4096);
    assertEquals(2, memory.readInt(a - 4) & 7, "IS_MMAPPED");
    assertEquals(1, malloc.mallinfo2().hblks());
    assertEquals(132 << 10, malloc.mallinfo2().hblkhd());
    malloc.free(a);
    assertEquals(0, malloc.mallinfo2().hblks());
    assertEquals((132 << 10) - 8, malloc.mmapThreshold());
    assertEquals(2 * malloc.mmapThreshold(), malloc.trimThreshold());
    assertTrue(malloc.malloc(128 << 10) < memory.brk(0), "from the heap, this time");
    malloc.free(malloc.malloc(33 << 20));
    assertEquals((132 << 10) - 8, malloc.mmapThreshold(), "32 MiB are the most");
    malloc.free(malloc.malloc(31 << 20));
    assertEquals((31 << 20) + 4096 - 8, malloc.mmapThreshold());
  }

  @Test
  void theThresholdOf32BitProgramsEndsAt512KiB() {
    BoundaryTags heap = new BoundaryTags(memory, BoundaryTags.MMAP_THRESHOLD_MAX_32);
    heap.free(heap.malloc(600 << 10));
    assertEquals(128 << 10, heap.mmapThreshold());
    heap.free(heap.malloc(500 << 10));
    assertEquals((504 << 10) - 8, heap.mmapThreshold());
  }

  @Test
  void aThresholdThatSomebodySetStays() {
    assertTrue(malloc.mallopt(MallocParameter.M_MMAP_THRESHOLD, 64 << 10));
    long a = malloc.malloc(70 << 10);
    assertEquals(1, malloc.mallinfo2().hblks());
    malloc.free(a);
    assertEquals(64 << 10, malloc.mmapThreshold());
    assertTrue(malloc.mallopt(MallocParameter.M_MMAP_MAX, 0));
    malloc.malloc(1 << 20);
    assertEquals(0, malloc.mallinfo2().hblks());
  }

  @Test
  void theEndOfTheHeapIsGivenBackBeyondTheTrimThreshold() {
    long[] blocks = new long[5];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = malloc.malloc(100 << 10);
    }
    long before = memory.brk(0);
    for (int i = 1; i < blocks.length; i++) {
      malloc.free(blocks[i]);
      assertTrue(malloc.mallinfo2().keepcost() < malloc.trimThreshold() + 8192);
    }
    assertTrue(memory.brk(0) < before - (256 << 10));
    malloc.mallopt(MallocParameter.M_TOP_PAD, 1 << 20);
    malloc.malloc(100 << 10);
    malloc.malloc(100 << 10);
    assertTrue(malloc.mallinfo2().keepcost() >= 1 << 20);
    assertTrue(malloc.mallocTrim(0));
    assertTrue(malloc.mallinfo2().keepcost() < 8192);
  }

  @Test
  void reallocOfAMappingIsMremap() {
    long a = malloc.malloc(1 << 20);
    memory.writeInt(a + 1000, 77);
    long other = malloc.malloc(1 << 20);
    long b = malloc.realloc(a, 4 << 20);
    assertNotEquals(a, b);
    assertEquals(77, memory.readInt(b + 1000));
    assertEquals(1, malloc.statistics().mremapCalls());
    malloc.check();
    assertEquals(b, malloc.realloc(b, 2 << 20));
    malloc.free(other);
    malloc.free(b);
    malloc.check();
  }

  @Test
  void whereTheBreakIsBlockedTheHeapGoesOnInAMapping() {
    long a = malloc.malloc(1000);
    long wall = memory.mmap(memory.pagesLeft() * 4096L - (1 << 20));
    assertTrue(wall > 0);
    memory.munmap(wall + (1 << 20), 4 << 20);
    long b = 0;
    for (int i = 0; i < 3000; i++) {
      b = malloc.malloc(1000);
      assertNotEquals(0, b);
    }
    assertTrue(b > wall, "from a mapping");
    malloc.check();
    assertEquals(0, malloc.mallinfo2().hblks());
    malloc.free(a);
    malloc.free(b);
    malloc.check();
  }

  @Test
  void theHeapGoesOnBehindMemoryThatSomebodyElseTookFromBrk() {
    long a = malloc.malloc(1000);
    long theirs = memory.brk(0);
    memory.brk(theirs + 5001);
    memory.fill(theirs, 5001, 9);
    long b = malloc.malloc(120 << 10);
    long c = malloc.malloc(120 << 10);
    assertTrue(Math.max(b, c) > theirs + 5001);
    malloc.check();
    malloc.free(a);
    malloc.free(b);
    malloc.free(c);
    malloc.check();
    assertEquals(0x09090909, memory.readInt(theirs + 4997));
  }

  @Test
  void brokenLinksAreFoundBeforeTheyAreFollowed() {
    long a = malloc.malloc(500);
    malloc.malloc(500);
    malloc.free(a);
    int fd = memory.readInt(a);
    memory.writeInt(a, (int) a + 100);
    HeapErrorException error = assertThrows(HeapErrorException.class, () -> malloc.malloc(500));
    assertEquals(Kind.CORRUPTED_HEADER, error.kind());
    assertThrows(HeapErrorException.class, malloc::check);
    memory.writeInt(a, fd);
    malloc.check();
  }

  @Test
  void anOverflowIntoTheNextSizeIsFound() {
    long a = malloc.malloc(500);
    long b = malloc.malloc(500);
    malloc.malloc(10);
    memory.writeInt(b - 4, 0x41414141);
    HeapErrorException error = assertThrows(HeapErrorException.class, () -> malloc.free(b));
    assertEquals(Kind.CORRUPTED_HEADER, error.kind());
    assertThrows(HeapErrorException.class, () -> malloc.free(a));
  }
}
