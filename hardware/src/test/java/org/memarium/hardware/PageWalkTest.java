package org.memarium.hardware;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The page walk, against a second one that was written from the manual alone. */
class PageWalkTest {
  private static final long RAM_BYTES = 3L << 30;
  private static final int TABLE_BYTES = RandomTables.TABLE_FRAMES * Ram.PAGE_SIZE;

  /** A walk that went wrong must not pass because no walk of its kind was tried. */
  private enum Kind {
    NOT_PRESENT,
    FORBIDDEN,
    RESERVED,
    SMALL_PAGE,
    LARGE_PAGE,
    GIANT_PAGE,
    NX_FETCH
  }

  @ParameterizedTest
  @EnumSource
  void agreesWithThePlainWalkOnRandomTables(PageTableFormat format) {
    compare(format, true, 0x5eed_0000L);
  }

  @ParameterizedTest
  @EnumSource
  void agreesWithThePlainWalkOnRandomTablesWithoutNx(PageTableFormat format) {
    compare(format, false, 0x5eed_1000L);
  }

  private static void compare(PageTableFormat format, boolean nxe, long firstSeed) {
    Map<Kind, Integer> seen = new EnumMap<>(Kind.class);
    try (Ram ours = Ram.reserve(RAM_BYTES);
        Ram plain = Ram.reserve(RAM_BYTES)) {
      byte[] oursBytes = new byte[TABLE_BYTES];
      byte[] plainBytes = new byte[TABLE_BYTES];
      for (long seed = firstSeed; seed < firstSeed + 20; seed++) {
        Random random = new Random(seed);
        RandomTables tables = new RandomTables(format, random, RAM_BYTES);
        tables.fill(ours, plain);
        PageWalker walker = new PageWalker(ours, format, nxe);
        PlainWalker plainWalker = new PlainWalker(plain, nxe);
        for (int i = 0; i < 500; i++) {
          long root = (long) random.nextInt(RandomTables.TABLE_FRAMES) << Ram.PAGE_SHIFT;
          long linear = tables.linear();
          boolean fetch = random.nextInt(4) == 0;
          boolean write = !fetch && random.nextInt(2) == 0;
          boolean user = random.nextInt(4) != 0;
          int access =
              (write ? PageFaultCode.WRITE : 0)
                  | (user ? PageFaultCode.USER : 0)
                  | (fetch ? PageFaultCode.INSTRUCTION : 0);
          long ofSeed = seed;
          int walk = i;
          Supplier<String> where =
              () ->
                  "seed %d, walk %d: %s of 0x%x from 0x%x"
                      .formatted(ofSeed, walk, Integer.toBinaryString(access), linear, root);

          PlainWalker.Translation expected =
              plainWalker.walk(format, root, linear, new PlainWalker.Access(write, user, fetch));
          boolean found = walker.walk(root, linear, access, true);
          assertEquals(expected != null, found, where);
          if (expected == null) {
            assertEquals(plainWalker.errorCode, walker.errorCode, where);
          } else {
            assertEquals(expected, translation(walker, format), where);
          }
          count(seen, expected, plainWalker.errorCode);

          ours.read(0, oursBytes, 0, TABLE_BYTES);
          plain.read(0, plainBytes, 0, TABLE_BYTES);
          assertEquals(-1, Arrays.mismatch(plainBytes, oursBytes), where);
        }
      }
    }
    assertCoverage(format, nxe, seen);
  }

  private static PlainWalker.Translation translation(PageWalker walker, PageTableFormat format) {
    long permissions = walker.permissions;
    return new PlainWalker.Translation(
        walker.physicalPage,
        (permissions & PageTableEntry.WRITABLE) != 0,
        (permissions & PageTableEntry.USER) != 0,
        (permissions & PageTableEntry.NX) != 0,
        (permissions & PageTableEntry.GLOBAL) != 0,
        (permissions & PageTableEntry.DIRTY) != 0,
        1L << format.shift(walker.pageLevel));
  }

  private static void count(
      Map<Kind, Integer> seen, PlainWalker.@Nullable Translation translation, int errorCode) {
    Kind kind;
    if (translation == null) {
      kind =
          (errorCode & PageFaultCode.RESERVED) != 0
              ? Kind.RESERVED
              : (errorCode & PageFaultCode.PRESENT) == 0
                  ? Kind.NOT_PRESENT
                  : (errorCode & PageFaultCode.INSTRUCTION) != 0 ? Kind.NX_FETCH : Kind.FORBIDDEN;
    } else {
      kind =
          translation.pageBytes() == Ram.PAGE_SIZE
              ? Kind.SMALL_PAGE
              : translation.pageBytes() < 1L << 30 ? Kind.LARGE_PAGE : Kind.GIANT_PAGE;
    }
    seen.merge(kind, 1, Integer::sum);
  }

  private static void assertCoverage(PageTableFormat format, boolean nxe, Map<Kind, Integer> seen) {
    for (Kind kind : Kind.values()) {
      boolean possible =
          switch (kind) {
            case GIANT_PAGE -> format == PageTableFormat.FOUR_LEVEL;
            case NX_FETCH -> nxe && format != PageTableFormat.TWO_LEVEL;
            default -> true;
          };
      int count = seen.getOrDefault(kind, 0);
      assertEquals(possible, count > 0, kind + " in " + seen);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aLookLeavesNoTrace(PageTableFormat format) {
    Random random = new Random(4711);
    try (Ram ours = Ram.reserve(RAM_BYTES);
        Ram copy = Ram.reserve(RAM_BYTES)) {
      RandomTables tables = new RandomTables(format, random, RAM_BYTES);
      tables.fill(ours, copy);
      PageWalker walker = new PageWalker(ours, format, true);
      int found = 0;
      for (int i = 0; i < 5000; i++) {
        long root = (long) (i % RandomTables.TABLE_FRAMES) << Ram.PAGE_SHIFT;
        found += walker.walk(root, tables.linear(), i & 7, false) ? 1 : 0;
      }
      assertTrue(found > 0);
      byte[] before = new byte[TABLE_BYTES];
      byte[] after = new byte[TABLE_BYTES];
      copy.read(0, before, 0, TABLE_BYTES);
      ours.read(0, after, 0, TABLE_BYTES);
      assertEquals(-1, Arrays.mismatch(before, after));
    }
  }

  @Test
  void aTableBeyondRamIsAReservedBitFault() {
    try (Ram ram = Ram.reserve(1 << 20)) {
      PageWalker walker = new PageWalker(ram, PageTableFormat.TWO_LEVEL, true);
      ram.putInt(0, 0x8000_0007);
      assertFalse(walker.walk(0, 0, PageFaultCode.USER, true));
      assertEquals(
          PageFaultCode.PRESENT | PageFaultCode.RESERVED | PageFaultCode.USER, walker.errorCode);
    }
  }

  @Test
  void readsLikeTheFiguresOfTheManual() {
    // 4.3: linear 0x0804_9123 = directory 0x20, table 0x49, offset 0x123.
    assertEquals(0x20, PageTableFormat.TWO_LEVEL.index(2, 0x0804_9123L));
    assertEquals(0x49, PageTableFormat.TWO_LEVEL.index(1, 0x0804_9123L));
    // 4.4: linear 0xc012_3456 = pointer 3, directory 0, table 0x123.
    assertEquals(3, PageTableFormat.PAE.index(3, 0xc012_3456L));
    assertEquals(0, PageTableFormat.PAE.index(2, 0xc012_3456L));
    assertEquals(0x123, PageTableFormat.PAE.index(1, 0xc012_3456L));
    // 4.5: linear 0xffff_8880_0020_3000 = 0x111, 0, 1, 3.
    assertEquals(0x111, PageTableFormat.FOUR_LEVEL.index(4, 0xffff_8880_0020_3000L));
    assertEquals(0, PageTableFormat.FOUR_LEVEL.index(3, 0xffff_8880_0020_3000L));
    assertEquals(1, PageTableFormat.FOUR_LEVEL.index(2, 0xffff_8880_0020_3000L));
    assertEquals(3, PageTableFormat.FOUR_LEVEL.index(1, 0xffff_8880_0020_3000L));
  }
}
