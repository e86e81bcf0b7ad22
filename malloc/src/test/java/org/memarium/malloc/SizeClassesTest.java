package org.memarium.malloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.memarium.malloc.HeapErrorException.Kind;

class SizeClassesTest {
  private final PlainMemory memory = new PlainMemory(64 << 20);
  private final SizeClasses malloc = new SizeClasses(memory);

  @Test
  void everySizeGetsTheSmallestClassThatHoldsIt() {
    int before = 0;
    for (int i = 0; i < SizeClassTable.COUNT; i++) {
      int size = SizeClassTable.bytes(i);
      assertEquals(i, SizeClassTable.index(size));
      assertEquals(i, SizeClassTable.index(before + 1));
      assertEquals(0, size % 16);
      int run = SizeClassTable.runPages(i) * 4096;
      assertTrue(run % size <= run / 16 && SizeClassTable.slots(i) >= 4, size + " bytes");
      before = size;
    }
    assertEquals(SizeClassTable.LARGEST, before);
  }

  @Test
  void blocksOfASizeLieSideBySideWithoutHeaders() {
    long a = malloc.malloc(48);
    assertEquals(a + 48, malloc.malloc(40));
    assertEquals(a + 96, malloc.malloc(33));
    assertEquals(4096, malloc.malloc(49) - a & -4096L, "the next size has its own pages");
  }

  @Test
  void eachThreadHasMagazinesOfItsOwn() {
    long a = malloc.malloc(100);
    malloc.callingThread(1);
    long b = malloc.malloc(100);
    assertTrue(b > a + 112, "the first thread has taken more than one");
    malloc.free(a);
    assertEquals(a, malloc.malloc(100), "whoever frees a block has it next");
    malloc.callingThread(0);
    assertNotEquals(a, malloc.malloc(100));
    long cached = malloc.mallinfo2().smblks();
    malloc.threadEnded(1);
    assertTrue(malloc.mallinfo2().smblks() < cached);
    malloc.check();
  }

  @Test
  void magazinesCanBeTurnedOff() {
    assertTrue(malloc.mallopt(MallocParameter.M_MXFAST, 0));
    long a = malloc.malloc(100);
    malloc.free(a);
    assertEquals(0, malloc.mallinfo2().smblks());
    assertEquals(a, malloc.malloc(100));
    malloc.check();
  }

  @Test
  void largeBlocksAreMappingsAndGrowByMremap() {
    long a = malloc.malloc(600 << 10);
    assertEquals(0, a % (1 << 20));
    assertEquals(1, malloc.mallinfo2().hblks());
    memory.writeInt(a + 5000, 99);
    long b = malloc.realloc(a, 5 << 20);
    assertEquals(0, b % (1 << 20));
    assertEquals(99, memory.readInt(b + 5000));
    malloc.check();
    assertEquals(b, malloc.realloc(b, 3 << 20));
    HeapErrorException error =
        assertThrows(HeapErrorException.class, () -> malloc.free(b + (2 << 20)));
    assertEquals(Kind.INTERIOR_POINTER, error.kind());
    malloc.free(b);
    assertEquals(0, malloc.mallinfo2().hblks());
    malloc.check();
  }

  @Test
  void spansOfPagesGrowAndShrinkWhereTheyAre() {
    long a = malloc.malloc(100_000);
    assertEquals(a, malloc.realloc(a, 200_000));
    assertEquals(a, malloc.realloc(a, 20_000));
    malloc.check();
    long b = malloc.malloc(30_000);
    assertEquals(a + 20_480, b, "what was given back is taken again");
    malloc.free(a);
    malloc.free(b);
    malloc.check();
  }

  @Test
  void freePagesThatWereWrittenGoBackToTheKernelBeyondTheThreshold() {
    long[] blocks = new long[20];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = malloc.malloc(100_000);
    }
    for (long block : blocks) {
      malloc.free(block);
    }
    assertTrue(malloc.statistics().madviseCalls() + malloc.statistics().munmapCalls() > 0);
    assertTrue(malloc.mallinfo2().keepcost() <= SizeClasses.TRIM_THRESHOLD);
    malloc.mallocTrim(0);
    assertEquals(0, malloc.mallinfo2().keepcost());
  }

  @Test
  void aFreeSlotThatWasWrittenToIsFound() {
    malloc.mallopt(MallocParameter.M_MXFAST, 0);
    long a = malloc.malloc(64);
    malloc.malloc(64);
    malloc.free(malloc.malloc(64));
    malloc.free(a);
    memory.writeInt(a, 0x1234);
    malloc.malloc(64);
    HeapErrorException error = assertThrows(HeapErrorException.class, () -> malloc.malloc(64));
    assertEquals(Kind.CORRUPTED_HEADER, error.kind());
  }
}
