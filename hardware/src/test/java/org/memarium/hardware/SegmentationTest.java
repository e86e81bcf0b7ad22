package org.memarium.hardware;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.memarium.hardware.ProcessorException.GENERAL_PROTECTION;
import static org.memarium.hardware.ProcessorException.SEGMENT_NOT_PRESENT;
import static org.memarium.hardware.ProcessorException.STACK_FAULT;
import static org.memarium.hardware.Segmentation.CS;
import static org.memarium.hardware.Segmentation.DS;
import static org.memarium.hardware.Segmentation.ES;
import static org.memarium.hardware.Segmentation.FS;
import static org.memarium.hardware.Segmentation.GS;
import static org.memarium.hardware.Segmentation.SS;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Segment registers: loads that fault as the manual says, and the way to linear addresses. */
class SegmentationTest {
  private static final int USER_CODE = 0x0b;
  private static final int USER_DATA = 0x13;
  private static final int KERNEL_DATA = 0x18;
  private static final int ABSENT = 0x23;
  private static final int READ_ONLY = 0x2b;
  private static final int EXECUTE_ONLY = 0x33;
  private static final int CONFORMING = 0x3b;
  private static final int SYSTEM = 0x43;
  private static final int ABSENT_CODE = 0x4b;
  private static final int KERNEL_CODE = 0x50;
  private static final int EXPAND_DOWN = 0x5b;
  private static final int ENTRIES = 12;
  private static final int LDT_TLS = 0x0f;

  private Ram ram;
  private DescriptorTable gdt;
  private Segmentation segmentation;

  @BeforeEach
  void bootIntoUserMode() {
    ram = Ram.reserve(Ram.PAGE_SIZE);
    gdt = new DescriptorTable(ram, 0, ENTRIES);
    gdt.set(USER_CODE >>> 3, SegmentDescriptor.flat(true, 3));
    gdt.set(USER_DATA >>> 3, SegmentDescriptor.flat(false, 3));
    gdt.set(KERNEL_DATA >>> 3, SegmentDescriptor.flat(false, 0));
    gdt.set(ABSENT >>> 3, segment(0, 0xfff, 2, true, false));
    gdt.set(READ_ONLY >>> 3, segment(0, 0xfff, 0, true, true));
    gdt.set(EXECUTE_ONLY >>> 3, segment(0, 0xfff, 8, true, true));
    gdt.set(CONFORMING >>> 3, conforming());
    gdt.set(SYSTEM >>> 3, segment(0, 0xfff, 2, false, true));
    gdt.set(ABSENT_CODE >>> 3, segment(0, 0xfff, 0xa, true, false));
    gdt.set(KERNEL_CODE >>> 3, SegmentDescriptor.flat(true, 0));
    gdt.set(EXPAND_DOWN >>> 3, segment(0x1000, 0xfff, 6, true, true));
    DescriptorTable ldt = new DescriptorTable(ram, 0x800, 2);
    ldt.set(1, segment(0xffff_f000L, 0x1fff, 2, true, true));
    segmentation = new Segmentation();
    segmentation.setGdt(gdt);
    segmentation.setLdt(ldt);
    segmentation.force(CS, USER_CODE);
    for (int register : new int[] {ES, SS, DS}) {
      segmentation.force(register, USER_DATA);
    }
  }

  @AfterEach
  void close() {
    ram.close();
  }

  private static SegmentDescriptor segment(
      long base, long limit, int type, boolean codeOrData, boolean present) {
    return new SegmentDescriptor(
        base, limit, type, codeOrData, 3, present, false, false, true, false);
  }

  private static SegmentDescriptor conforming() {
    return new SegmentDescriptor(0, 0xfff, 0xe, true, 0, true, false, false, true, false);
  }

  @Test
  void linuxsSegmentsAreFlatAndPassOffsetsThrough() {
    assertTrue(segmentation.isFlat());
    assertEquals(3, segmentation.privilege());
    assertEquals(0xdead_beefL, segmentation.linear(DS, 0xdead_beefL, 4, true));
    assertEquals(0xffff_ffffL, segmentation.linear(SS, 0xffff_ffffL, 1, true));
  }

  @Test
  void tlsThroughTheLdtAddsItsBaseAndWraps() {
    segmentation.load(GS, LDT_TLS);
    assertEquals(LDT_TLS, segmentation.selector(GS));
    assertEquals(0xffff_f000L, segmentation.base(GS));
    assertEquals(0xffff_f008L, segmentation.linear(GS, 8, 4, true));
    assertEquals(0x0000_0010L, segmentation.linear(GS, 0x1010, 4, false));
    fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(GS, 0x1ffd, 4, false));
    assertTrue(segmentation.isFlat(), "GS does not count");
  }

  @Test
  void nullSelectorsLoadAndLaterAccessesFault() {
    for (int selector = 0; selector < 4; selector++) {
      segmentation.load(ES, selector);
      assertEquals(selector, segmentation.selector(ES));
      fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(ES, 0, 1, false));
      assertFalse(segmentation.isFlat());
      int nullSelector = selector;
      fault(GENERAL_PROTECTION, 0, () -> segmentation.load(SS, nullSelector));
    }
    segmentation.load(ES, USER_DATA);
    assertTrue(segmentation.isFlat());
  }

  @Test
  void dataRegistersTakeReadableSegmentsOfTheirPrivilege() {
    for (int selector : new int[] {USER_CODE, USER_DATA, READ_ONLY, CONFORMING, 0x10, 0x38}) {
      segmentation.load(FS, selector);
      assertEquals(selector, segmentation.selector(FS));
    }
  }

  @Test
  void loadsOfWhatMayNotBeLoadedFaultWithTheSelector() {
    for (int register : new int[] {ES, DS, FS, GS}) {
      for (int selector : new int[] {KERNEL_DATA, KERNEL_DATA | 3, EXECUTE_ONLY, SYSTEM}) {
        fault(GENERAL_PROTECTION, selector & 0xfffc, () -> segmentation.load(register, selector));
      }
      fault(SEGMENT_NOT_PRESENT, ABSENT & 0xfffc, () -> segmentation.load(register, ABSENT));
      fault(GENERAL_PROTECTION, 0x60, () -> segmentation.load(register, 0x63));
      fault(GENERAL_PROTECTION, 0x14, () -> segmentation.load(register, 0x17));
      fault(GENERAL_PROTECTION, 0xfffc, () -> segmentation.load(register, 0xffff));
    }
    assertTrue(segmentation.isFlat(), "a load that faults changes nothing");
    assertEquals(USER_DATA, segmentation.selector(DS));
  }

  @Test
  void theStackWantsWritableDataOfExactlyItsPrivilege() {
    segmentation.load(SS, USER_DATA);
    for (int selector : new int[] {0x10, 0x12, KERNEL_DATA, USER_CODE, READ_ONLY, CONFORMING}) {
      fault(GENERAL_PROTECTION, selector & 0xfffc, () -> segmentation.load(SS, selector));
    }
    fault(STACK_FAULT, ABSENT & 0xfffc, () -> segmentation.load(SS, ABSENT));
    fault(GENERAL_PROTECTION, 0x14, () -> segmentation.load(SS, 0x17));
  }

  @Test
  void withoutAnLdtItsSelectorsNameNothing() {
    segmentation.setLdt(null);
    fault(GENERAL_PROTECTION, LDT_TLS & 0xfffc, () -> segmentation.load(GS, LDT_TLS));
    fault(GENERAL_PROTECTION, 4, () -> segmentation.load(GS, 7));
  }

  @Test
  void writesThroughReadOnlyDataAndThroughCodeFault() {
    segmentation.load(ES, READ_ONLY);
    assertEquals(4, segmentation.linear(ES, 4, 4, false));
    fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(ES, 4, 4, true));
    assertEquals(4, segmentation.linear(CS, 4, 4, false));
    fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(CS, 4, 4, true));
    segmentation.force(CS, EXECUTE_ONLY);
    fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(CS, 4, 4, false));
  }

  @Test
  void limitsFaultWithTheVectorOfTheirRegister() {
    segmentation.load(ES, EXPAND_DOWN);
    segmentation.load(SS, EXPAND_DOWN);
    fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(ES, 0xffe, 4, false));
    fault(STACK_FAULT, 0, () -> segmentation.linear(SS, 0xffe, 4, false));
    assertEquals(0x2000, segmentation.linear(ES, 0x1000, 4, true));
    assertEquals(0x0fff, segmentation.linear(SS, 0xffff_ffffL, 1, true));
    assertFalse(segmentation.isFlat());
  }

  @Test
  void theDescriptorIsCachedUntilTheNextLoad() {
    segmentation.load(GS, LDT_TLS);
    ram.putLong(0x808, 0);
    assertEquals(0xffff_f004L, segmentation.linear(GS, 4, 4, true));
    fault(GENERAL_PROTECTION, LDT_TLS & 0xfffc, () -> segmentation.load(GS, LDT_TLS));
  }

  @Test
  void codeThatDataIsReachedThroughTakesNoWrites() {
    assertTrue(segmentation.isFlat());
    segmentation.load(ES, USER_CODE);
    assertFalse(segmentation.isFlat(), "a write must be checked");
    assertEquals(8, segmentation.linear(ES, 8, 4, false));
    fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(ES, 8, 4, true));
    segmentation.load(ES, USER_DATA);
    assertTrue(segmentation.isFlat());
  }

  @Test
  void codeOf64BitsIsReadThroughAndNeverRun() {
    int code64 = KERNEL_CODE | 3;
    gdt.set(code64 >>> 3, SegmentDescriptor.flatUser64());
    assertEquals(0x00af_fb00_0000_ffffL, gdt.raw(code64 >>> 3));
    segmentation.load(ES, code64);
    assertEquals(8, segmentation.linear(ES, 8, 4, false));
    fault(GENERAL_PROTECTION, code64 & ~3, () -> segmentation.loadCode(code64));
  }

  @Test
  void aSegmentForItsLimitTellsItAndNoMore() {
    int number = KERNEL_CODE | 3;
    gdt.set(number >>> 3, SegmentDescriptor.limitOnly(1));
    assertEquals(0x0040_f500_0000_0001L, gdt.raw(number >>> 3));
    segmentation.load(GS, number);
    fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(GS, 1, 1, false));
  }

  @Test
  void farTransfersTakeCodeOfTheSamePrivilege() {
    assertEquals(SegmentDescriptor.flat(true, 3), segmentation.checkCode(USER_CODE));
    assertEquals(conforming(), segmentation.checkCode(CONFORMING));
    segmentation.loadCode(0x08);
    assertEquals(USER_CODE, segmentation.selector(CS), "RPL becomes the privilege");
    for (int selector : new int[] {USER_DATA, KERNEL_CODE, KERNEL_CODE | 3, SYSTEM, 0x63, 7}) {
      fault(GENERAL_PROTECTION, selector & 0xfffc, () -> segmentation.checkCode(selector));
    }
    fault(GENERAL_PROTECTION, 0, () -> segmentation.checkCode(3));
    fault(SEGMENT_NOT_PRESENT, ABSENT_CODE & 0xfffc, () -> segmentation.loadCode(ABSENT_CODE));
    assertEquals(USER_CODE, segmentation.selector(CS));
    segmentation.loadCode(CONFORMING);
    assertEquals(3, segmentation.privilege(), "conforming code keeps the caller's privilege");
  }

  @Test
  void forcingASelectorThatNamesNothingIsABug() {
    assertThrows(IllegalArgumentException.class, () -> segmentation.force(DS, ABSENT));
    assertThrows(IllegalArgumentException.class, () -> segmentation.force(DS, 0x63));
    segmentation.force(DS, 0);
    fault(GENERAL_PROTECTION, 0, () -> segmentation.linear(DS, 0, 1, false));
  }

  @Test
  void savedRegistersComeBackWithTheirHiddenParts() {
    segmentation.load(GS, LDT_TLS);
    Segmentation.Saved saved = segmentation.save();
    segmentation.load(GS, 0);
    segmentation.load(DS, 0);
    ram.putLong(0x808, 0);
    segmentation.restore(saved);
    assertEquals(0xffff_f000L, segmentation.base(GS));
    assertEquals(USER_DATA, segmentation.selector(DS));
    assertTrue(segmentation.isFlat());
  }

  private static void fault(int vector, int errorCode, Executable action) {
    ProcessorException fault = assertThrows(ProcessorException.class, action);
    assertEquals(vector, fault.vector());
    assertEquals(errorCode, fault.errorCode());
  }
}
