package org.memarium.hardware;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Descriptors: their eight bytes, and what their limits let through. */
class SegmentDescriptorTest {
  @Test
  void linuxsOwnDescriptorsReadAsLinuxMeansThem() {
    // Linux arch/x86/kernel/cpu/common.c, GDT_ENTRY_DEFAULT_USER_CS and _DS.
    SegmentDescriptor userCode = SegmentDescriptor.decode(0x00cf_fb00_0000_ffffL);
    assertEquals(SegmentDescriptor.flat(true, 3), userCode);
    assertTrue(userCode.isCode() && userCode.isReadable() && !userCode.isWritable());
    SegmentDescriptor userData = SegmentDescriptor.decode(0x00cf_f300_0000_ffffL);
    assertEquals(SegmentDescriptor.flat(false, 3), userData);
    assertTrue(userData.isData() && userData.isReadable() && userData.isWritable());
  }

  @Test
  void baseAndLimitAreGatheredFromTheirPieces() {
    SegmentDescriptor descriptor = SegmentDescriptor.decode(0xfe54_f2dc_ba98_1234L);
    assertEquals(0xfedc_ba98L, descriptor.base());
    assertEquals(0x4_1234L, descriptor.limit());
    assertEquals(3, descriptor.privilege());
    assertTrue(descriptor.present() && descriptor.codeOrData() && descriptor.available());
    assertTrue(descriptor.big());
    assertFalse(descriptor.pages());
    assertEquals(
        0x4123_4fffL, SegmentDescriptor.decode(0xfed4_f2dc_ba98_1234L).limit(), "in pages");
  }

  @Test
  void everyPatternOfBitsSurvivesDecodeAndEncode() {
    Random random = new Random(1);
    for (int i = 0; i < 10_000; i++) {
      long raw = random.nextLong();
      assertEquals(raw, SegmentDescriptor.decode(raw).encode(), () -> Long.toHexString(raw));
    }
  }

  @Test
  void limitsEndWhereTheySay() {
    SegmentDescriptor small = data(0xfff, false, true);
    assertTrue(small.contains(0, 1));
    assertTrue(small.contains(0xffc, 4));
    assertFalse(small.contains(0xffd, 4));
    assertFalse(small.contains(0x1000, 1));
    assertFalse(small.contains(0xffff_ffffL, 1));
    SegmentDescriptor flat = SegmentDescriptor.flat(false, 3);
    assertTrue(flat.contains(0xffff_fffcL, 4));
    assertFalse(flat.contains(0xffff_fffdL, 4));
  }

  @Test
  void expandDownSegmentsBeginAboveTheirLimit() {
    SegmentDescriptor wide = data(0xfff, true, true);
    assertFalse(wide.contains(0, 1));
    assertFalse(wide.contains(0xfff, 4));
    assertTrue(wide.contains(0x1000, 4));
    assertTrue(wide.contains(0xffff_fffcL, 4));
    assertFalse(wide.contains(0xffff_fffdL, 4));
    SegmentDescriptor narrow = data(0xfff, true, false);
    assertTrue(narrow.contains(0xfffc, 4));
    assertFalse(narrow.contains(0xfffd, 4));
    assertFalse(narrow.contains(0x1_0000, 1));
  }

  private static SegmentDescriptor data(long limit, boolean expandDown, boolean big) {
    int type =
        SegmentDescriptor.READABLE_OR_WRITABLE
            | (expandDown ? SegmentDescriptor.CONFORMING_OR_EXPAND_DOWN : 0);
    return new SegmentDescriptor(0, limit, type, true, 3, true, false, false, big, false);
  }

  @Test
  void tablesLiveInRamAndEndWhereTheySay() {
    try (Ram ram = Ram.reserve(Ram.PAGE_SIZE)) {
      DescriptorTable table = new DescriptorTable(ram, 0x100, 3);
      table.set(2, SegmentDescriptor.flat(true, 3));
      assertEquals(0x00cf_fb00_0000_ffffL, ram.getLong(0x110));
      ram.putLong(0x108, 0x00cf_f300_0000_ffffL);
      assertEquals(SegmentDescriptor.flat(false, 3), table.get(1));
      assertThrows(IndexOutOfBoundsException.class, () -> table.raw(3));
      assertThrows(IndexOutOfBoundsException.class, () -> table.setRaw(-1, 0));
      assertThrows(IllegalArgumentException.class, () -> new DescriptorTable(ram, 0, 8193));
    }
  }
}
