package org.memarium.mm.vmalloc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.frame.Gfp;

final class VmallocTest {
  private static final int PAGE = Ram.PAGE_SIZE;

  private static List<Architecture> architectures() {
    return List.of(Architecture.I386, Architecture.I386_PAE, Architecture.X86_64);
  }

  private static String message(Executable executable) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, executable).getMessage());
  }

  // ---- Where it lies ----

  @Test
  void theAreaHasTheSizeThatLinuxPrints() {
    // VmallocTotal of the reference machines.
    try (TestVmalloc test = new TestVmalloc(Architecture.I386, 128)) {
      assertEquals(888_952, test.vmalloc.totalBytes() >> 10);
      assertEquals(0xc87e_0000L, test.layout.vmallocStart());
    }
    try (TestVmalloc test = new TestVmalloc(Architecture.I386, 1200)) {
      assertEquals(122_880, test.vmalloc.totalBytes() >> 10);
      assertEquals(0xf73f_e000L, test.layout.vmallocStart());
    }
    try (TestVmalloc test = new TestVmalloc(Architecture.X86_64, 128)) {
      assertEquals(34_359_738_367L, test.vmalloc.totalBytes() >> 10);
      assertEquals(0xffff_c900_0000_0000L, test.layout.vmallocStart());
    }
    try (TestVmalloc test = new TestVmalloc(Architecture.I386_PAE, 1200)) {
      assertEquals(122_880, test.vmalloc.totalBytes() >> 10);
    }
  }

  // ---- vmalloc and vfree ----

  @ParameterizedTest
  @MethodSource("architectures")
  void memoryOfManyPagesIsReadableAndWritableToItsLastByte(Architecture architecture) {
    try (TestVmalloc test = new TestVmalloc(architecture, 64)) {
      // The first time page tables and slabs are made, which stay.
      test.vmalloc.vfree(test.vmalloc.vmalloc(100 * PAGE + 1));
      test.vmalloc.vmUnmapAliases();
      long free = test.freePages();
      long address = test.vmalloc.vmalloc(100 * PAGE + 1);
      assertEquals(test.layout.vmallocStart(), address);
      assertEquals(101, test.vmalloc.usedPages());
      for (int i = 0; i < 101; i++) {
        test.kernel.writeInt(address + (long) i * PAGE, i + 1000);
      }
      test.kernel.writeByte(address + 101 * PAGE - 1, 0x5a);
      test.audit();
      for (int i = 0; i < 101; i++) {
        assertEquals(i + 1000, test.kernel.readInt(address + (long) i * PAGE));
      }
      assertEquals(0x5a, test.kernel.readByte(address + 101 * PAGE - 1));
      test.vmalloc.vfree(address);
      assertEquals(0, test.vmalloc.usedPages());
      test.audit();
      assertEquals(free, test.freePages());
    }
  }

  @Test
  void aGuardPageFollowsEachAreaAndFaults() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long first = test.vmalloc.vmalloc(2 * PAGE);
      long second = test.vmalloc.vmalloc(PAGE);
      assertEquals(first + 3 * PAGE, second);
      String message = message(() -> test.kernel.readByte(first + 2 * PAGE));
      assertEquals(
          "unable to handle kernel paging request at 0x%08x (read, error code 0x0)"
              .formatted(first + 2 * PAGE),
          message);
      assertThrows(
          IllegalArgumentException.class,
          () -> test.kernel.writeInt(first + 2 * PAGE - 2, 0x1234_5678));
      assertNotEquals(0x5678, test.kernel.readInt(first + 2 * PAGE - 4) >>> 16);
    }
  }

  @Test
  void pagesComeFromHighMemoryAndNeedNotFollowEachOther() {
    try (TestVmalloc test = new TestVmalloc(Architecture.I386, 1200)) {
      long address = test.vmalloc.vmalloc(64 * PAGE);
      int pfn = test.vmalloc.vmallocToPfn(address + 17 * PAGE + 5);
      assertTrue(pfn >= test.pages.memblock().maxLowPfn(), "frame " + pfn);
      assertEquals(-1, test.vmalloc.vmallocToPfn(address + 64 * PAGE));
      assertEquals(-1, test.vmalloc.vmallocToPfn(0xc010_0000L));
      long low = test.vmalloc.vmalloc32(PAGE);
      assertTrue(test.vmalloc.vmallocToPfn(low) < test.pages.memblock().maxLowPfn());
      long dma = test.vmalloc.vmalloc(PAGE, Gfp.GFP_KERNEL | Gfp.DMA);
      assertTrue(test.vmalloc.vmallocToPfn(dma) < 4096);
    }
  }

  @Test
  void vzallocClearsWhatOthersLeft() {
    try (TestVmalloc test = new TestVmalloc(Architecture.I386, 16)) {
      long address = test.vmalloc.vmalloc(256 * PAGE);
      test.kernel.fill(address, 256 * PAGE, 0xff);
      test.vmalloc.vfree(address);
      long cleared = test.vmalloc.vzalloc(256 * PAGE);
      byte[] read = new byte[256 * PAGE];
      test.kernel.read(cleared, read, 0, read.length);
      assertArrayEquals(new byte[256 * PAGE], read);
    }
  }

  @Test
  void nothingAndTooMuchAreRefusedWithoutATrace() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long free = test.freePages();
      assertEquals(0, test.vmalloc.vmalloc(0));
      assertEquals(0, test.vmalloc.vmalloc(-1));
      assertEquals(0, test.vmalloc.vmalloc(1L << 40));
      assertEquals(0, test.vmalloc.vmalloc(128L << 20));
      assertEquals(free, test.freePages());
      test.vmalloc.vfree(0);
      test.vmalloc.vunmap(0);
      test.audit();
    }
  }

  @Test
  void aLargeAreaHasItsArrayOfPagesInTheAreaToo() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long address = test.vmalloc.vmalloc(1025 * PAGE, 1, Gfp.GFP_KERNEL, 0, "large");
      List<VmallocInfo> info = test.vmalloc.info();
      assertEquals(2, info.size());
      assertTrue(info.get(0).vpages());
      assertEquals(1025, info.get(0).pages());
      assertFalse(info.get(1).vpages());
      assertEquals(2, info.get(1).pages());
      assertEquals("large", info.get(1).caller());
      assertEquals(1027, test.vmalloc.usedPages());
      test.audit();
      test.vmalloc.vfree(address);
      assertTrue(test.vmalloc.info().isEmpty());
      test.audit();
    }
  }

  @Test
  void alignmentAndRangeAreKept() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      test.vmalloc.vmalloc(PAGE);
      long aligned = test.vmalloc.vmalloc(PAGE, 1 << 20, Gfp.GFP_KERNEL, 0, "aligned");
      assertEquals(0, aligned & ((1 << 20) - 1));
      long start = test.layout.vmallocStart() + (64 << 20);
      long inRange =
          test.vmalloc.vmallocRange(PAGE, 1, start, start + 2 * PAGE, Gfp.GFP_KERNEL, 0, "range");
      assertEquals(start, inRange);
      assertEquals(
          0,
          test.vmalloc.vmallocRange(PAGE, 1, start, start + 2 * PAGE, Gfp.GFP_KERNEL, 0, "full"));
      assertTrue(
          message(() -> test.vmalloc.vmalloc(PAGE, 3, Gfp.GFP_KERNEL, 0, "three"))
              .contains("power of two, not 3"));
      assertTrue(
          message(() -> test.vmalloc.vmallocRange(PAGE, 1, 0, PAGE, Gfp.GFP_KERNEL, 0, "user"))
              .contains("is not in the area for vmalloc"));
      test.audit();
    }
  }

  @Test
  void misuseIsOneClearLine() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long address = test.vmalloc.vmalloc(2 * PAGE);
      assertEquals(
          "trying to vfree bad address 0xc87e0001: it does not begin a page",
          message(() -> test.vmalloc.vfree(address + 1)));
      assertTrue(
          message(() -> test.vmalloc.vfree(address + PAGE)).contains("of the area 0xc87e0000"));
      assertTrue(message(() -> test.vmalloc.vunmap(address)).contains("made by vmalloc"));
      test.vmalloc.vfree(address);
      assertEquals(
          "trying to vfree nonexistent vm area 0xc87e0000",
          message(() -> test.vmalloc.vfree(address)));
      assertTrue(message(() -> test.vmalloc.vfree(0xc010_0000L)).contains("nonexistent vm area"));
      assertTrue(message(() -> test.kernel.readByte(0x1000)).contains("no kernel address"));
    }
  }

  // ---- Lazy purge ----

  @Test
  void freedAddressesWaitForOneFlushOfAll() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long first = test.vmalloc.vmalloc(15 * PAGE);
      test.vmalloc.vfree(first);
      assertEquals(16, test.vmalloc.lazyPages());
      long second = test.vmalloc.vmalloc(15 * PAGE);
      assertEquals(first + 16 * PAGE, second);
      test.vmalloc.vfree(second);
      long flushes = test.mmu.statistics().flushesOfAll();
      int rounds = 2;
      while (test.vmalloc.purges() == 0) {
        test.vmalloc.vfree(test.vmalloc.vmalloc(15 * PAGE));
        rounds++;
      }
      // 8,192 pages may wait, the next one is too much.
      assertEquals(513, rounds);
      assertEquals(0, test.vmalloc.lazyPages());
      assertEquals(flushes + 1, test.mmu.statistics().flushesOfAll());
      assertEquals(first, test.vmalloc.vmalloc(PAGE));
      test.audit();
    }
  }

  @Test
  void whatWaitsIsPurgedWhenThereIsNoOtherRoom() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long start = test.layout.vmallocStart();
      long end = start + 4 * PAGE;
      long only = test.vmalloc.vmallocRange(3 * PAGE, 1, start, end, Gfp.GFP_KERNEL, 0, "only");
      test.vmalloc.vfree(only);
      assertEquals(0, test.vmalloc.purges());
      assertEquals(
          only, test.vmalloc.vmallocRange(3 * PAGE, 1, start, end, Gfp.GFP_KERNEL, 0, "again"));
      assertEquals(1, test.vmalloc.purges());
    }
  }

  @Test
  void whatIsPurgedIsKnownToTheTlbNoMore() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long address = test.vmalloc.vmalloc(PAGE);
      test.kernel.writeInt(address, 42);
      test.vmalloc.vfree(address);
      test.vmalloc.vmUnmapAliases();
      assertThrows(IllegalArgumentException.class, () -> test.kernel.readInt(address));
      test.audit();
    }
  }

  // ---- vmap, ioremap, info ----

  @ParameterizedTest
  @MethodSource("architectures")
  void vmapShowsTheCallersPagesTwice(Architecture architecture) {
    try (TestVmalloc test = new TestVmalloc(architecture, 64)) {
      int pfn = test.pages.allocPages(Gfp.GFP_KERNEL, 0);
      long address = test.vmalloc.vmap(new int[] {pfn, pfn});
      test.kernel.writeInt(address + 4, 77);
      assertEquals(77, test.kernel.readInt(address + PAGE + 4));
      assertEquals(77, test.kernel.readInt(test.pages.directMap().pageAddress(pfn) + 4));
      assertEquals(0, test.vmalloc.usedPages());
      VmallocInfo info = test.vmalloc.info().getFirst();
      assertTrue(info.has(VmStruct.MAP));
      assertEquals(0, info.pages());
      assertTrue(message(() -> test.vmalloc.vfree(address)).contains("made by vmap"));
      test.vmalloc.vunmap(address);
      test.pages.freePages(pfn, 0);
      assertEquals(0, test.vmalloc.vmap(new int[0]));
      assertThrows(IllegalArgumentException.class, () -> test.vmalloc.vmap(new int[] {-1}));
      test.audit();
    }
  }

  @ParameterizedTest
  @MethodSource("architectures")
  void ioremapIsForDevicesAndRefusesRam(Architecture architecture) {
    try (TestVmalloc test = new TestVmalloc(architecture, 64)) {
      // Video memory: a hole among the RAM of a PC, which nobody has mapped yet.
      long address = test.vmalloc.ioremap(0xb_8010, 0x1000);
      assertEquals(0x10, address & (PAGE - 1));
      VmallocInfo info = test.vmalloc.info().getFirst();
      assertEquals(0xb_8000, info.physicalAddress());
      assertEquals(3 * PAGE, info.bytes());
      assertTrue(info.has(VmStruct.IOREMAP));
      test.kernel.writeByte(address, 'A');
      assertEquals('A', test.memory.ram.getByte(0xb_8010));
      test.audit();
      test.vmalloc.iounmap(address);
      long hpet = test.vmalloc.ioremap(0xfed0_0000L, 0x400);
      assertTrue(
          message(() -> test.kernel.readInt(hpet)).contains("unable to handle kernel paging"));
      test.audit();
      test.vmalloc.iounmap(hpet);
      assertEquals(0, test.vmalloc.ioremap(0x20_0000, PAGE));
      assertEquals(0, test.vmalloc.ioremap(0x1000, 0));
      assertEquals(0, test.vmalloc.ioremap(Long.MAX_VALUE - 10, 100));
      assertTrue(message(() -> test.vmalloc.iounmap(hpet)).contains("nonexistent vm area"));
      test.audit();
    }
  }

  @Test
  void infoTellsWhoHasWhatInTheOrderOfAddresses() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long first = test.vmalloc.vmalloc(3 * PAGE);
      test.vmalloc.vmallocUser(PAGE);
      test.vmalloc.vmalloc(32 * PAGE, 1, Gfp.GFP_KERNEL, 0, "crypto_scomp_init_tfm");
      test.vmalloc.vfree(first);
      List<VmallocInfo> info = test.vmalloc.info();
      assertEquals(3, info.size());
      assertTrue(info.get(0).has(VmStruct.USERMAP));
      assertEquals("VmallocTest.infoTellsWhoHasWhatInTheOrderOfAddresses", info.get(0).caller());
      assertEquals(135_168, info.get(1).bytes());
      assertEquals("crypto_scomp_init_tfm", info.get(1).caller());
      assertEquals(VmallocInfo.Kind.UNPURGED, info.get(2).kind());
      assertEquals(first, info.get(2).start());
      assertEquals(4 * PAGE, info.get(2).bytes());
    }
  }

  // ---- Failure ----

  @Test
  void whateverRunsOutNothingRemains() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      // Slabs for descriptors and arrays are there, and stay.
      test.vmalloc.vfree(test.vmalloc.vmalloc(40 * PAGE));
      long warm = test.vmalloc.vmalloc(PAGE);
      try (TestVmalloc.Hog hog = test.takeAllBut(0)) {
        Set<Boolean> seen = new HashSet<>();
        // Of 40 pages, tables and an array of pages, each time a few more are there.
        for (int round = 0; round < 200 && seen.size() < 2; round++) {
          long free = test.freePages();
          long used = test.vmalloc.usedPages();
          // Far from other areas, so that a new page table is needed too.
          long start = test.layout.vmallocStart() + (round + 1L) * (4 << 20);
          long address =
              test.vmalloc.vmallocRange(
                  40 * PAGE, 1, start, test.layout.vmallocEnd(), Gfp.GFP_KERNEL, 0, "last");
          seen.add(address != 0);
          if (address == 0) {
            assertEquals(free, test.freePages());
            assertEquals(used, test.vmalloc.usedPages());
          } else {
            test.vmalloc.vfree(address);
          }
          hog.audit();
          hog.give(5);
        }
        assertEquals(Set.of(true, false), seen);
      }
      test.vmalloc.vfree(warm);
      test.audit();
    }
  }

  // ---- vm_map_ram ----

  @Test
  void fewPagesShareABlockAndTheBlockGoesWhenAllAreBack() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      int pfn = test.pages.allocPages(Gfp.GFP_KERNEL, 0);
      long first = test.vmalloc.vmMapRam(new int[] {pfn, pfn, pfn});
      long second = test.vmalloc.vmMapRam(new int[] {pfn});
      assertEquals(first + 4 * PAGE, second);
      assertEquals(1, test.vmalloc.info().size());
      assertEquals(VmallocInfo.Kind.VM_MAP_RAM, test.vmalloc.info().getFirst().kind());
      test.kernel.writeInt(second, 9);
      assertEquals(9, test.kernel.readInt(first + 2 * PAGE));
      test.vmalloc.vmUnmapRam(first, 3);
      assertThrows(IllegalArgumentException.class, () -> test.vmalloc.vmUnmapRam(first, 0));
      test.vmalloc.vmUnmapRam(second, 1);
      assertEquals(1, test.vmalloc.info().size());
      test.vmalloc.vmUnmapAliases();
      assertTrue(test.vmalloc.info().isEmpty());
      int[] many = new int[40];
      Arrays.fill(many, pfn);
      long large = test.vmalloc.vmMapRam(many);
      assertThrows(IllegalArgumentException.class, () -> test.vmalloc.vmUnmapRam(large, 39));
      test.vmalloc.vmUnmapRam(large, 40);
      test.pages.freePages(pfn, 0);
      test.audit();
    }
  }

  // ---- pcpu_get_vm_areas ----

  @Test
  void areasForProcessorsKeepTheirDistances() {
    try (TestVmalloc test = TestVmalloc.i386()) {
      long[] offsets = {0, 8 * PAGE, 32 * PAGE};
      long[] bytes = {4 * PAGE, 4 * PAGE, 8 * PAGE};
      long[] first = Objects.requireNonNull(test.vmalloc.pcpuGetVmAreas(offsets, bytes, PAGE));
      long[] second = Objects.requireNonNull(test.vmalloc.pcpuGetVmAreas(offsets, bytes, PAGE));
      assertEquals(test.layout.vmallocEnd(), first[2] + bytes[2]);
      for (long[] areas : List.of(first, second)) {
        assertEquals(8 * PAGE, areas[1] - areas[0]);
        assertEquals(32 * PAGE, areas[2] - areas[0]);
      }
      test.audit();
      test.vmalloc.pcpuFreeVmAreas(first);
      test.vmalloc.pcpuFreeVmAreas(second);
      test.vmalloc.vmUnmapAliases();
      test.audit();
      assertThrows(
          IllegalArgumentException.class,
          () -> test.vmalloc.pcpuGetVmAreas(new long[] {0, PAGE}, bytes, PAGE));
    }
  }
}
