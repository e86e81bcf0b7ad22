package org.memarium.hardware;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.memarium.hardware.PageFaultCode.INSTRUCTION;
import static org.memarium.hardware.PageFaultCode.PRESENT;
import static org.memarium.hardware.PageFaultCode.USER;
import static org.memarium.hardware.PageFaultCode.WRITE;
import static org.memarium.hardware.TestTables.RW_USER;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** What the MMU promises to the processor and to the kernel above it. */
class MmuTest {
  private static final long CODE = 0x0804_8000L;
  private static final long DATA = 0x0804_a000L;
  private static final long NEXT = 0x0804_b000L;
  private static final long HOLE = 0x0804_c000L;
  private static final long KERNEL = 0xc000_0000L;

  private static final long DATA_FRAME = 0x10_0000;
  private static final long NEXT_FRAME = 0x20_0000;
  private static final long OTHER_FRAME = 0x30_0000;
  private static final long CODE_FRAME = 0x40_0000;
  private static final long KERNEL_FRAME = 0x50_0000;

  private Ram ram;
  private Mmu mmu;
  private TestTables tables;

  @BeforeEach
  void mapAFewPages() {
    ram = Ram.reserve(8 << 20);
    use(PageTableFormat.PAE);
  }

  private void use(PageTableFormat format) {
    tables = new TestTables(ram, format, 1);
    tables.map(CODE, CODE_FRAME, PageTableEntry.PRESENT | PageTableEntry.USER);
    tables.map(DATA, DATA_FRAME, RW_USER);
    tables.map(NEXT, NEXT_FRAME, RW_USER);
    tables.map(KERNEL, KERNEL_FRAME, PageTableEntry.PRESENT | PageTableEntry.WRITABLE);
    mmu = new Mmu(ram, format, 64, 4);
    mmu.loadCr3(tables.root());
  }

  @AfterEach
  void close() {
    ram.close();
  }

  @Test
  void everySizeReadsBackWhatItWrote() {
    mmu.writeByte(DATA, 0x1ff);
    mmu.writeShort(DATA + 1, 0x1_fffe);
    mmu.writeInt(DATA + 3, -2);
    mmu.writeLong(DATA + 7, -3);
    for (int round = 0; round < 2; round++) {
      assertEquals(0xff, mmu.readByte(DATA));
      assertEquals(0xfffe, mmu.readShort(DATA + 1));
      assertEquals(-2, mmu.readInt(DATA + 3));
      assertEquals(-3, mmu.readLong(DATA + 7));
      mmu.setFastPath(false);
    }
    assertEquals(-2, ram.getInt(DATA_FRAME + 3));
  }

  @Test
  void accessesAcrossAPageMeetBothFrames() {
    for (int bytes = 2; bytes <= 8; bytes *= 2) {
      for (int before = 1; before < bytes; before++) {
        long at = NEXT - before;
        long value = 0x8877_6655_4433_2211L + bytes + before;
        switch (bytes) {
          case 2 -> mmu.writeShort(at, (int) value);
          case 4 -> mmu.writeInt(at, (int) value);
          default -> mmu.writeLong(at, value);
        }
        switch (bytes) {
          case 2 -> assertEquals(value & 0xffff, mmu.readShort(at));
          case 4 -> assertEquals((int) value, mmu.readInt(at));
          default -> assertEquals(value, mmu.readLong(at));
        }
        assertEquals((byte) value, ram.getByte(DATA_FRAME + 4096 - before));
        assertEquals((byte) (value >>> (8 * before)), ram.getByte(NEXT_FRAME));
      }
    }
  }

  @Test
  void aWriteAcrossAPageThatFaultsHasWrittenNothing() {
    mmu.writeInt(HOLE - 4, 0x1111_1111);
    pageFault(HOLE, WRITE | USER, () -> mmu.writeInt(HOLE - 2, 0x2222_2222));
    pageFault(HOLE, WRITE | USER, () -> mmu.writeLong(HOLE - 7, 0x2222_2222));
    pageFault(HOLE, WRITE | USER, () -> mmu.writeShort(HOLE - 1, 0x2222));
    assertEquals(0x1111_1111, mmu.readInt(HOLE - 4));
    pageFault(DATA - 2, WRITE | USER, () -> mmu.writeInt(DATA - 2, -1));
    assertEquals(0, mmu.readInt(DATA));
  }

  @Test
  void theFaultIsOnTheFirstBytePastTheBoundary() {
    pageFault(HOLE, USER, () -> mmu.readInt(HOLE - 3));
    pageFault(HOLE, USER, () -> mmu.readLong(HOLE - 1));
    pageFault(HOLE + 5, USER, () -> mmu.readLong(HOLE + 5));
    pageFault(HOLE, WRITE | USER, () -> mmu.probeWrite(HOLE - 1, 28));
    pageFault(HOLE, USER, () -> mmu.probeRead(HOLE - 1, 4096));
    pageFault(DATA - 1, USER, () -> mmu.readInt(DATA - 1));
  }

  @Test
  void anAccessPastTheEndOfTheAddressSpaceWraps() {
    tables.map(0xffff_f000L, DATA_FRAME, RW_USER);
    tables.map(0, NEXT_FRAME, RW_USER);
    mmu.writeInt(0xffff_fffeL, 0x4433_2211);
    assertEquals(0x2211, ram.getShort(DATA_FRAME + 4094));
    assertEquals(0x4433, ram.getShort(NEXT_FRAME));
    assertEquals(0x4433_2211, mmu.readInt(0xffff_fffeL));
    tables.map(0, NEXT_FRAME, 0);
    mmu.invlpg(0);
    pageFault(0, USER, () -> mmu.readInt(0xffff_fffdL));
  }

  @Test
  void userModeMayNotTouchSupervisorPages() {
    assertEquals(0, mmu.supervisorReadInt(KERNEL));
    pageFault(KERNEL, PRESENT | USER, () -> mmu.readInt(KERNEL));
    pageFault(KERNEL, PRESENT | USER | WRITE, () -> mmu.writeByte(KERNEL, 1));
    pageFault(KERNEL, PRESENT | USER | INSTRUCTION, () -> mmu.physicalForFetch(KERNEL));
    mmu.supervisorWriteByte(KERNEL, 5);
    assertEquals(5, mmu.supervisorReadByte(KERNEL));
    pageFault(KERNEL, PRESENT | USER, () -> mmu.readByte(KERNEL));
  }

  @Test
  void theSupervisorRespectsReadOnlyPagesToo() {
    pageFault(CODE, PRESENT | WRITE, () -> mmu.supervisorWriteByte(CODE, 1));
    pageFault(CODE, PRESENT | WRITE | USER, () -> mmu.writeByte(CODE, 1));
  }

  @Test
  void withoutNxAFetchIsAReadInTheErrorCode() {
    use(PageTableFormat.TWO_LEVEL);
    pageFault(HOLE, USER, () -> mmu.physicalForFetch(HOLE));
    use(PageTableFormat.FOUR_LEVEL);
    pageFault(HOLE, USER | INSTRUCTION, () -> mmu.physicalForFetch(HOLE));
  }

  @Test
  void noExecutePagesMayBeReadAndNotFetched() {
    tables.map(DATA, DATA_FRAME, RW_USER | PageTableEntry.NX);
    assertEquals(0, mmu.readInt(DATA));
    pageFault(DATA + 1, PRESENT | USER | INSTRUCTION, () -> mmu.physicalForFetch(DATA + 1));
    assertEquals(CODE_FRAME + 9, mmu.physicalForFetch(CODE + 9));
  }

  @Test
  void theDirtyBitIsSetByTheFirstWriteAlthoughTheTranslationIsCached() {
    assertEquals(0, mmu.readInt(DATA));
    assertEquals(PageTableEntry.ACCESSED, marks(DATA));
    mmu.writeInt(DATA, 1);
    assertEquals(PageTableEntry.ACCESSED | PageTableEntry.DIRTY, marks(DATA));
    // While the translation stays cached, nobody looks at the table again.
    tables.map(DATA, DATA_FRAME, RW_USER);
    mmu.writeInt(DATA, 2);
    assertEquals(0, marks(DATA));
    mmu.invlpg(DATA);
    mmu.writeInt(DATA, 3);
    assertEquals(PageTableEntry.ACCESSED | PageTableEntry.DIRTY, marks(DATA));
  }

  private long marks(long linear) {
    return tables.entry(linear) & (PageTableEntry.ACCESSED | PageTableEntry.DIRTY);
  }

  @Test
  void aCachedTranslationServesUntilItIsDropped() {
    ram.putInt(DATA_FRAME, 1);
    ram.putInt(OTHER_FRAME, 2);
    assertEquals(1, mmu.readInt(DATA));
    tables.map(DATA, OTHER_FRAME, RW_USER);
    assertEquals(1, mmu.readInt(DATA));
    mmu.invlpg(DATA + 123);
    assertEquals(2, mmu.readInt(DATA));
    tables.map(DATA, DATA_FRAME, RW_USER);
    mmu.loadCr3(mmu.cr3());
    assertEquals(1, mmu.readInt(DATA));
    tables.map(DATA, OTHER_FRAME, RW_USER);
    mmu.flushAll();
    assertEquals(2, mmu.readInt(DATA));
  }

  @Test
  void globalTranslationsOutliveCr3AndNotInvlpgOrFlushAll() {
    tables.map(DATA, DATA_FRAME, RW_USER | PageTableEntry.GLOBAL);
    ram.putInt(DATA_FRAME, 1);
    ram.putInt(OTHER_FRAME, 2);
    assertEquals(1, mmu.readInt(DATA));
    tables.map(DATA, OTHER_FRAME, RW_USER | PageTableEntry.GLOBAL);
    mmu.loadCr3(tables.root());
    assertEquals(1, mmu.readInt(DATA));
    mmu.invlpg(DATA);
    assertEquals(2, mmu.readInt(DATA));
    tables.map(DATA, DATA_FRAME, RW_USER | PageTableEntry.GLOBAL);
    mmu.flushAll();
    assertEquals(1, mmu.readInt(DATA));
  }

  @Test
  void invlpgOfOneByteDropsAWholeLargePage() {
    tables.mapLarge(2, 0x4000_0000L, 0x20_0000, RW_USER);
    ram.putInt(0x20_0000, 1);
    ram.putInt(0x3f_f000, 2);
    assertEquals(1, mmu.readInt(0x4000_0000L));
    assertEquals(2, mmu.readInt(0x401f_f000L));
    tables.mapLarge(2, 0x4000_0000L, 0x60_0000, RW_USER);
    assertEquals(2, mmu.readInt(0x401f_f000L));
    mmu.invlpg(0x4000_0000L);
    assertEquals(0, mmu.readInt(0x4000_0000L));
    assertEquals(0, mmu.readInt(0x401f_f000L));
  }

  @Test
  void aFaultDropsTheStaleTranslationThatCausedIt() {
    tables.map(DATA, DATA_FRAME, PageTableEntry.PRESENT | PageTableEntry.USER);
    assertEquals(0, mmu.readInt(DATA));
    tables.map(DATA, 0, 0);
    assertEquals(0, mmu.readInt(DATA), "still cached for reading");
    pageFault(DATA, WRITE | USER, () -> mmu.writeInt(DATA, 1));
    pageFault(DATA, USER, () -> mmu.readInt(DATA));
  }

  @Test
  void moreRightsNeedNoFlush() {
    tables.map(DATA, DATA_FRAME, PageTableEntry.PRESENT | PageTableEntry.USER);
    assertEquals(0, mmu.readInt(DATA));
    tables.map(DATA, OTHER_FRAME, RW_USER);
    mmu.writeInt(DATA, 7);
    assertEquals(7, ram.getInt(OTHER_FRAME));
    assertEquals(7, mmu.readInt(DATA));
  }

  @Test
  void rightsTakenAwayAreGoneForUserModeOnceTheSupervisorSawIt() {
    assertEquals(0, mmu.readInt(DATA));
    tables.map(DATA, OTHER_FRAME, PageTableEntry.PRESENT | PageTableEntry.WRITABLE);
    // The write needs the dirty bit, so it walks, and replaces what was cached for user mode.
    mmu.supervisorWriteByte(DATA, 1);
    pageFault(DATA, PRESENT | USER, () -> mmu.readInt(DATA));
  }

  @Test
  void theHandlerResolvesFaultsInPlace() {
    List<String> asked = new ArrayList<>();
    mmu.setFaultHandler((linear, errorCode) -> {
      asked.add("%x %x".formatted(linear, errorCode));
      tables.map(linear & -4096L, OTHER_FRAME, RW_USER);
      return true;
    });
    mmu.writeInt(HOLE - 2, 0x4433_2211);
    assertEquals(0x4433_2211, mmu.readInt(HOLE - 2));
    assertEquals(0x4433, ram.getShort(OTHER_FRAME));
    assertEquals(List.of("804c000 6"), asked);
    assertEquals(1, mmu.statistics().faults());
  }

  @Test
  @Timeout(60)
  void theHandlerMayRefuse() {
    mmu.setFaultHandler((linear, errorCode) -> linear != HOLE);
    pageFault(HOLE, WRITE | USER, () -> mmu.writeLong(HOLE - 1, -1));
    assertEquals(0, mmu.readByte(HOLE - 1));
  }

  @Test
  void aHandlerThatTakesTheFirstPageForTheSecondIsAskedAgain() {
    tables.map(DATA, DATA_FRAME, 0);
    tables.map(NEXT, NEXT_FRAME, 0);
    List<Long> asked = new ArrayList<>();
    mmu.setFaultHandler((linear, errorCode) -> {
      asked.add(linear);
      if (asked.size() == 2) {
        tables.map(DATA, DATA_FRAME, 0);
        mmu.invlpg(DATA);
      }
      tables.map(linear & -4096L, linear >= NEXT ? NEXT_FRAME : DATA_FRAME, RW_USER);
      return true;
    });
    mmu.writeInt(NEXT - 2, 0x4433_2211);
    assertEquals(List.of(NEXT - 2, NEXT, NEXT - 2), asked);
    assertEquals(0x4433_2211, mmu.readInt(NEXT - 2));
  }

  @Test
  void aHandlerMayUseTheMmuItself() {
    mmu.setFaultHandler((linear, errorCode) -> {
      mmu.writeLong(NEXT - 3, 0x1111_1111_1111_1111L);
      assertNotEquals(-1, mmu.peek(mmu.cr3(), DATA));
      tables.map(HOLE, OTHER_FRAME, RW_USER);
      return true;
    });
    mmu.writeLong(HOLE - 4, 0x8877_6655_4433_2211L);
    assertEquals(0x8877_6655_4433_2211L, mmu.readLong(HOLE - 4));
    assertEquals(0x8877_6655, ram.getInt(OTHER_FRAME));
  }

  @Test
  void writesToDecodedFramesAreToldBeforeTheyHappen() {
    List<String> told = new ArrayList<>();
    ram.setCodeListener(
        (at, bytes) -> told.add("%x+%d was %x".formatted(at, bytes, ram.getByte(at))));
    mmu.writeInt(DATA, 0x11);
    mmu.watchCode(DATA_FRAME >>> 12);
    mmu.writeInt(DATA, 0x22);
    mmu.writeByte(DATA, 0x33);
    mmu.writeInt(NEXT - 1, 0x44);
    assertEquals(List.of("100000+4 was 11", "100000+1 was 22", "100fff+1 was 0"), told);
    told.clear();
    mmu.readInt(DATA);
    mmu.probeWrite(DATA, 4);
    mmu.writeInt(NEXT, 1);
    assertEquals(List.of(), told);
    ram.unwatchCode(DATA_FRAME >>> 12);
    mmu.writeInt(DATA, 0x55);
    mmu.writeInt(DATA, 0x66);
    assertEquals(List.of(), told);
    mmu.noticeWrite(DATA_FRAME, 1);
    assertEquals(List.of(), told);
  }

  @Test
  void aSecondMappingOfADecodedFrameIsWatchedToo() {
    tables.map(HOLE, DATA_FRAME, RW_USER);
    mmu.writeInt(HOLE, 1);
    List<Long> told = new ArrayList<>();
    ram.setCodeListener((at, bytes) -> told.add(at));
    mmu.watchCode(DATA_FRAME >>> 12);
    mmu.writeInt(HOLE + 8, 1);
    assertEquals(List.of(DATA_FRAME + 8), told);
  }

  @Test
  void fetchTranslationsChangeTheirGenerationWhenTheyMayBeStale() {
    assertEquals(CODE_FRAME, mmu.physicalForFetch(CODE));
    int generation = mmu.fetchGeneration();
    mmu.invlpg(DATA);
    assertEquals(generation, mmu.fetchGeneration(), "not a page that was fetched from");
    mmu.invlpg(CODE);
    assertNotEquals(generation, mmu.fetchGeneration());
    generation = mmu.fetchGeneration();
    mmu.loadCr3(tables.root());
    assertNotEquals(generation, mmu.fetchGeneration());
    Mmu tiny = new Mmu(ram, PageTableFormat.PAE, 1, 1);
    tiny.loadCr3(tables.root());
    tiny.physicalForFetch(CODE);
    generation = tiny.fetchGeneration();
    tiny.physicalForFetch(DATA);
    assertNotEquals(generation, tiny.fetchGeneration(), "the only entry was replaced");
  }

  @Test
  void countersCountEachThingOnce() {
    mmu.readInt(DATA);
    mmu.readInt(DATA);
    mmu.writeInt(DATA, 1);
    mmu.writeInt(DATA, 2);
    mmu.readLong(NEXT - 4);
    mmu.probeWrite(DATA, 4);
    mmu.physicalForFetch(CODE);
    mmu.countFetchHits(10);
    mmu.invlpg(DATA);
    mmu.flushAll();
    assertThrows(ProcessorException.class, () -> mmu.readInt(HOLE));
    // Misses: the first read, the first write (dirty bit), NEXT, HOLE; walks: these and the fetch.
    assertEquals(new TlbStatistics(4, 4, 10, 1, 5, 1, 1, 1, 1), mmu.statistics());
    assertEquals(14.0 / 19, mmu.statistics().hitRate());
  }

  @Test
  void aPeekSeesTheTablesAndLeavesNoTrace() {
    assertEquals(DATA_FRAME + 5, mmu.peek(tables.root(), DATA + 5));
    assertEquals(KERNEL_FRAME, mmu.peek(tables.root(), KERNEL));
    assertEquals(-1, mmu.peek(tables.root(), HOLE));
    assertEquals(0, marks(DATA));
    assertEquals(0, mmu.statistics().walks());
  }

  @Test
  void addressesThatAreNotCanonicalAreGeneralProtection() {
    use(PageTableFormat.FOUR_LEVEL);
    for (long linear : new long[] {0x8000_0000_0000L, 0xffff_7fff_ffff_ffffL, 1L << 62}) {
      ProcessorException fault = assertThrows(ProcessorException.class, () -> mmu.readByte(linear));
      assertEquals(ProcessorException.GENERAL_PROTECTION, fault.vector());
    }
    pageFault(0xffff_8000_0000_0000L, USER, () -> mmu.readByte(0xffff_8000_0000_0000L));
    pageFault(0x7fff_ffff_ffffL, USER, () -> mmu.readByte(0x7fff_ffff_ffffL));
  }

  private static void pageFault(long linearAddress, int errorCode, Executable access) {
    ProcessorException fault = assertThrows(ProcessorException.class, access);
    assertEquals(ProcessorException.PAGE_FAULT, fault.vector());
    assertEquals(linearAddress, fault.linearAddress());
    assertEquals(errorCode, fault.errorCode());
  }
}
