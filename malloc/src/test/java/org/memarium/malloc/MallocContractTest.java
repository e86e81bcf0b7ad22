package org.memarium.malloc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.memarium.malloc.HeapErrorException.Kind;

/** What every design does: malloc(3). */
class MallocContractTest {
  private final PlainMemory memory = new PlainMemory(64 << 20);

  @ParameterizedTest
  @EnumSource
  void aBlockOfNothingHasAnAddressOfItsOwn(MallocDesign design) {
    Malloc malloc = design.create(memory);
    long a = malloc.malloc(0);
    long b = malloc.malloc(0);
    assertNotEquals(0, a);
    assertNotEquals(a, b);
    malloc.free(a);
    malloc.free(b);
    malloc.free(0);
    malloc.check();
  }

  @ParameterizedTest
  @EnumSource
  void requestsBeyondPtrdiffMaxAreRefused(MallocDesign design) {
    Malloc malloc = design.create(memory);
    long a = malloc.malloc(100);
    assertEquals(0, malloc.malloc(0x8000_0000L));
    assertEquals(0, malloc.malloc(-1));
    assertEquals(0, malloc.calloc(0x1_0000, 0x1_0000));
    assertEquals(0, malloc.calloc(3, 0x7fff_ffffL));
    assertEquals(0, malloc.realloc(a, 0xffff_ffffL));
    assertEquals(0, malloc.memalign(16, 0x7fff_ffffL + 1));
    assertEquals(0, malloc.memalign(1L << 31, 16));
    assertEquals(7, malloc.statistics().failures());
    malloc.check();
    malloc.free(a);
  }

  @ParameterizedTest
  @EnumSource
  void alignmentsArePowersOfTwo(MallocDesign design) {
    Malloc malloc = design.create(memory);
    for (long alignment = 1; alignment <= 1 << 21; alignment *= 2) {
      for (long bytes : new long[] {0, 1, 40, 5000, 70_000}) {
        assertEquals(0, malloc.memalign(alignment, bytes) % alignment);
      }
    }
    assertEquals(0, malloc.memalign(48, 100) % 64, "rounded up");
    assertEquals(0, malloc.alignedAlloc(48, 100));
    assertNotEquals(0, malloc.alignedAlloc(64, 100));
    malloc.check();
  }

  @ParameterizedTest
  @EnumSource
  void reallocKeepsWhatBothSizesHave(MallocDesign design) {
    Malloc malloc = design.create(memory);
    byte[] contents = new byte[300];
    new SplittableRandom(5).nextBytes(contents);
    long a = malloc.realloc(0, contents.length);
    memory.write(a, contents, 0, contents.length);
    for (long bytes : new long[] {400, 30_000, 200_000, 3_000_000, 900_000, 20_000, 300, 100}) {
      a = malloc.realloc(a, bytes);
      byte[] seen = new byte[(int) Math.min(bytes, contents.length)];
      memory.read(a, seen, 0, seen.length);
      assertArrayEquals(Arrays.copyOf(contents, seen.length), seen, () -> bytes + " bytes");
      malloc.check();
    }
    assertEquals(0, malloc.realloc(a, 0));
    assertEquals(0, malloc.statistics().inUseBytes());
  }

  @ParameterizedTest
  @EnumSource
  void badFreesAreCalledByTheirNames(MallocDesign design) {
    Malloc malloc = design.create(memory);
    for (long bytes : new long[] {24, 500, 20_000}) {
      long before = malloc.malloc(bytes);
      long a = malloc.malloc(bytes);
      malloc.malloc(bytes);
      assertError(Kind.INTERIOR_POINTER, malloc, a + 16, "16 bytes into the block");
      assertError(Kind.INTERIOR_POINTER, malloc, a + 1, "1 bytes into the block");
      malloc.free(a);
      assertError(Kind.DOUBLE_FREE, malloc, a, "double free of 0x%08x".formatted(a));
      malloc.free(before);
      assertError(Kind.DOUBLE_FREE, malloc, a, "double free of 0x%08x".formatted(a));
      assertError(Kind.DOUBLE_FREE, malloc, before, "double free of 0x%08x".formatted(before));
    }
    assertError(Kind.FOREIGN_POINTER, malloc, 0x1000, "foreign pointer 0x00001000");
    assertError(Kind.FOREIGN_POINTER, malloc, 0xbfff_fff0L, "foreign pointer 0xbffffff0");
    malloc.check();
  }

  private static void assertError(Kind kind, Malloc malloc, long address, String words) {
    HeapErrorException error = assertThrows(HeapErrorException.class, () -> malloc.free(address));
    assertEquals(kind, error.kind(), error.getMessage());
    assertEquals(address, error.address());
    String message = String.valueOf(error.getMessage());
    assertTrue(message.startsWith("free(): "), message);
    assertTrue(message.contains(words), message);
    assertThrows(HeapErrorException.class, () -> malloc.realloc(address, 50));
    assertThrows(HeapErrorException.class, () -> malloc.mallocUsableSize(address));
  }

  /** What is left of old headers in a reused block is never taken for a block. */
  @ParameterizedTest
  @EnumSource
  void everyAddressWithinReusedMemoryIsRefused(MallocDesign design) {
    Malloc malloc = design.create(memory);
    long[] blocks = new long[50];
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] = malloc.malloc(100);
    }
    for (long block : blocks) {
      malloc.free(block);
    }
    long large = malloc.malloc(5000);
    for (long offset = 8; offset < 5000; offset += 8) {
      long address = large + offset;
      HeapErrorException error = assertThrows(HeapErrorException.class, () -> malloc.free(address));
      assertEquals(Kind.INTERIOR_POINTER, error.kind());
    }
    malloc.check();
    malloc.free(large);
  }

  @ParameterizedTest
  @EnumSource
  void whatLooksLikeAHeaderIsNoneWhereEachFreeIsLookedUp(MallocDesign design) {
    Malloc malloc = design.create(memory);
    long a = malloc.malloc(2000);
    malloc.malloc(10);
    forgeHeaders(a);
    assertTrue(malloc.mallopt(MallocParameter.M_CHECK_ACTION, 1));
    assertError(Kind.INTERIOR_POINTER, malloc, a + 96, "96 bytes into the block");
    malloc.free(a);
    malloc.check();
  }

  /** Boundary tags of chunks in use, and a header of the list. */
  private void forgeHeaders(long block) {
    for (long at = block; at < block + 1024; at += 4) {
      memory.writeInt(at, 32 | 1);
    }
    memory.writeInt(block + 96 - 4, (int) block + 96);
  }

  @ParameterizedTest
  @EnumSource
  void perturbedMemoryIsNeitherOldNorZero(MallocDesign design) {
    Malloc malloc = design.create(memory);
    assertTrue(malloc.mallopt(MallocParameter.M_PERTURB, 0x5a));
    long a = malloc.malloc(40);
    assertEquals(0xa5a5_a5a5, memory.readInt(a));
    assertEquals(0xa5a5_a5a5, memory.readInt(a + 36));
    malloc.malloc(40);
    malloc.free(a);
    assertEquals(0x5a5a_5a5a, memory.readInt(a + 20));
    long b = malloc.calloc(10, 4);
    assertEquals(0, memory.readInt(b + 20));
    malloc.check();
  }

  @ParameterizedTest
  @EnumSource
  void theFiguresAddUp(MallocDesign design) {
    Malloc malloc = design.create(memory);
    SplittableRandom random = new SplittableRandom(3);
    long[] blocks = new long[500];
    for (int i = 0; i < 2000; i++) {
      int slot = random.nextInt(blocks.length);
      malloc.free(blocks[slot]);
      blocks[slot] = malloc.malloc(random.nextInt(random.nextInt(30) == 0 ? 700_000 : 600));
    }
    Mallinfo2 info = malloc.mallinfo2();
    assertEquals(info.arena(), info.uordblks() + info.fordblks());
    long[] sums = new long[2];
    malloc.forEachBlock(block -> {
      sums[0] += block.bytes();
      sums[1] += block.isInUse() ? malloc.mallocUsableSize(block.address()) : 0;
    });
    MallocStatistics statistics = malloc.statistics();
    assertEquals(statistics.inUseBytes(), sums[1]);
    assertTrue(statistics.systemBytes() - sums[0] < 64, "all of it is in some piece");
    assertTrue(statistics.systemBytes() <= memory.mappedPages() * 4096L);
    assertTrue(statistics.overhead() >= 0 && statistics.overhead() < 1);
    assertTrue(statistics.internalFragmentation() < 0.2);
    assertFalse(statistics.peakOverhead() < 0);
  }
}
