package org.memarium.mm.vmalloc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;

final class KmapTest {
  private static TestVmalloc boot() {
    return new TestVmalloc(Architecture.I386, 1024);
  }

  private static int high(TestVmalloc test) {
    int pfn = test.pages.allocPages(Gfp.GFP_HIGHUSER, 0);
    assertTrue(pfn >= test.pages.memblock().maxLowPfn(), "frame " + pfn);
    return pfn;
  }

  @Test
  void lowMemoryIsInTheDirectMap() {
    try (TestVmalloc test = boot()) {
      assertEquals(0xc010_0000L, test.kmap.kmap(0x100));
      assertEquals(0xc010_0000L, test.kmap.kmapLocalPage(0x100));
      test.kmap.kunmapLocal(0xc010_0000L);
      test.kmap.kunmap(0x100);
      assertEquals(0xc010_0000L, test.kmap.pageAddress(0x100));
      assertThrows(IllegalArgumentException.class, () -> test.kmap.kmap(-1));
      assertThrows(IllegalArgumentException.class, () -> test.kmap.kmap(1 << 20));
    }
  }

  @Test
  void highMemoryGetsASlotThatItsUsersShare() {
    try (TestVmalloc test = boot()) {
      int pfn = high(test);
      assertEquals(0, test.kmap.pageAddress(pfn));
      long address = test.kmap.kmap(pfn);
      assertEquals(test.layout.pkmapBase() + 0x1000, address);
      assertEquals(address, test.kmap.kmap(pfn));
      test.kernel.writeInt(address + 8, 99);
      assertEquals(99, test.memory.ram.getInt(((long) pfn << 12) + 8));
      assertEquals(2, test.kmap.users(pfn));
      test.kmap.kunmap(pfn);
      test.kmap.kunmap(pfn);
      // Nobody uses it, and it is still mapped: the next user finds it there.
      assertEquals(address, test.kmap.pageAddress(pfn));
      assertEquals(address, test.kmap.kmap(pfn));
      test.kmap.kunmap(pfn);
      assertThrows(IllegalArgumentException.class, () -> test.kmap.kunmap(pfn));
      test.pages.freePages(pfn, 0);
      test.audit();
    }
  }

  @Test
  void slotsThatNobodyUsesAreEmptiedTogether() {
    try (TestVmalloc test = boot()) {
      int kept = high(test);
      long keptAddress = test.kmap.kmap(kept);
      int[] frames = new int[1100];
      for (int i = 0; i < frames.length; i++) {
        frames[i] = high(test);
        long address = test.kmap.kmap(frames[i]);
        assertNotEquals(keptAddress, address);
        test.kernel.writeInt(address, i);
        test.kmap.kunmap(frames[i]);
      }
      assertEquals(1, test.kmap.flushes());
      assertEquals(0, test.kmap.pageAddress(frames[0]));
      assertEquals(keptAddress, test.kmap.pageAddress(kept));
      for (int i = 0; i < frames.length; i++) {
        assertEquals(i, test.kernel.readInt(test.kmap.kmap(frames[i])));
        test.kmap.kunmap(frames[i]);
        test.pages.freePages(frames[i], 0);
      }
      test.kmap.kunmap(kept);
      test.pages.freePages(kept, 0);
      test.audit();
    }
  }

  @Test
  void whenAllSlotsAreInUseTheNextFailsLoudlyAndChangesNothing() {
    try (TestVmalloc test = boot()) {
      int[] frames = new int[1024];
      for (int i = 0; i < frames.length; i++) {
        frames[i] = high(test);
        test.kmap.kmap(frames[i]);
      }
      int more = high(test);
      String message =
          String.valueOf(
              assertThrows(IllegalStateException.class, () -> test.kmap.kmap(more)).getMessage());
      assertTrue(message.startsWith("kmap: all 1024 slots are in use"), message);
      test.kmap.kunmap(frames[500]);
      long address = test.kmap.kmap(more);
      assertEquals(address, test.kmap.pageAddress(more));
      assertEquals(0, test.kmap.pageAddress(frames[500]));
      for (int frame : frames) {
        test.pages.freePages(frame, 0);
      }
      test.pages.freePages(more, 0);
      test.audit();
    }
  }

  @Test
  void localMappingsAreAStack() {
    try (TestVmalloc test = boot()) {
      int pfn = high(test);
      long first = test.kmap.kmapLocalPage(pfn);
      long second = test.kmap.kmapLocalPage(pfn);
      assertEquals(0xfffb_b000L, first);
      assertEquals(first - 4096, second);
      test.kernel.writeInt(first, 5);
      assertEquals(5, test.kernel.readInt(second));
      test.audit(pfn);
      assertThrows(IllegalArgumentException.class, () -> test.kmap.kunmapLocal(first));
      test.kmap.kunmapLocal(second + 100);
      test.kmap.kunmapLocal(first);
      assertThrows(IllegalArgumentException.class, () -> test.kernel.readInt(first));
      for (int i = 0; i < 16; i++) {
        test.kmap.kmapLocalPage(pfn);
      }
      assertThrows(IllegalStateException.class, () -> test.kmap.kmapLocalPage(pfn));
      test.audit(pfn);
    }
  }
}
