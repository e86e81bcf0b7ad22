package org.memarium.malloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.memarium.malloc.HeapErrorException.Kind;

class FirstFitTest {
  private final PlainMemory memory = new PlainMemory(64 << 20);
  private final FirstFit malloc = new FirstFit(memory);

  @Test
  void aHeaderIsTheTutorialsToTheByte() {
    long a = malloc.malloc(5);
    long b = malloc.malloc(16);
    assertEquals(PlainMemory.BASE + 24, a);
    assertEquals(a + 8 + 24, b);
    assertEquals(List.of(8, 0, (int) b - 24, 0, 0, (int) a), header(a));
    assertEquals(List.of(16, (int) a - 24, 0, 0, 0, (int) b), header(b));
    assertEquals(b + 16, memory.brk(0));
  }

  private List<Integer> header(long address) {
    List<Integer> words = new ArrayList<>();
    for (int offset = -24; offset < 0; offset += 4) {
      words.add(memory.readInt(address + offset));
    }
    return words;
  }

  @Test
  void theFirstBlockThatIsLargeEnoughIsTakenAndSplit() {
    long a = malloc.malloc(200);
    malloc.malloc(8);
    long b = malloc.malloc(100);
    malloc.malloc(8);
    malloc.free(a);
    malloc.free(b);
    assertEquals(a, malloc.malloc(100));
    assertEquals(a + 104 + 24, malloc.malloc(72), "what splitting has left: 200 - 104 - 24 bytes");
    assertEquals(b, malloc.malloc(80));
    assertEquals(104, malloc.mallocUsableSize(b), "a rest of 24 bytes is no block");
    malloc.check();
  }

  @Test
  void freedBlocksAreFusedOnBothSidesAndTheEndIsGivenBack() {
    long[] blocks = new long[5];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = malloc.malloc(40);
    }
    malloc.free(blocks[1]);
    malloc.free(blocks[3]);
    malloc.free(blocks[2]);
    assertEquals(3 * 40 + 2 * 24, memory.readInt(blocks[1] - 24));
    malloc.check();
    malloc.free(blocks[4]);
    assertEquals(blocks[0] + 40, memory.brk(0));
    malloc.free(blocks[0]);
    assertEquals(PlainMemory.BASE, memory.brk(0));
    assertEquals(0, malloc.statistics().systemBytes());
  }

  @Test
  void badFreesAreCalledByTheirNames() {
    long a = malloc.malloc(24);
    long b = malloc.malloc(24);
    long c = malloc.malloc(24);
    malloc.free(a);
    assertError(Kind.DOUBLE_FREE, a, "double free of 0x0804c018 (freed block of 24 bytes)");
    malloc.free(b);
    assertError(
        Kind.DOUBLE_FREE,
        b,
        "double free of 0x0804c048 (in the free block 0x0804c018 of 72 bytes)");
    assertError(
        Kind.INTERIOR_POINTER,
        c + 8,
        "interior pointer 0x0804c080 (8 bytes into the block 0x0804c078 of 24 bytes)");
    assertError(
        Kind.FOREIGN_POINTER,
        0x12345678,
        "foreign pointer 0x12345678 (the heap is 0x0804c000 to 0x0804c090)");
    memory.writeInt(c - 24 + FirstFit.SIZE, 0x1000);
    assertError(
        Kind.CORRUPTED_HEADER,
        c,
        "corrupted header at 0x0804c060 (size 4096, prev 0x0804c000, next 0x00000000, free 0,"
            + " ptr 0x0804c078)");
    memory.writeInt(c - 24 + FirstFit.SIZE, 24);
    malloc.free(c);
    assertError(
        Kind.DOUBLE_FREE,
        c,
        "double free of 0x0804c078 (in memory that was given back: the heap ended at 0x0804c090"
            + " once, and ends at 0x0804c000)");
  }

  private void assertError(Kind kind, long address, String message) {
    HeapErrorException error = assertThrows(HeapErrorException.class, () -> malloc.free(address));
    assertEquals("free(): " + message, error.getMessage());
    assertEquals(kind, error.kind());
  }

  @Test
  void theHeapGoesOnBehindMemoryThatSomebodyElseTookFromBrk() {
    long a = malloc.malloc(100);
    memory.brk(memory.brk(0) + 1001);
    long b = malloc.malloc(100);
    assertTrue(b > a + 1001 + 100);
    malloc.free(a);
    malloc.check();
    malloc.free(b);
    malloc.check();
    assertEquals(0, b % 8);
  }
}
