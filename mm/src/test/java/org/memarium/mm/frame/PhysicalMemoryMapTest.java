package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.memarium.mm.Architecture;

final class PhysicalMemoryMapTest {
  private static final long MIB = 1 << 20;

  private static String asIomem(PhysicalMemoryMap map) {
    return map.ranges().stream()
        .map(r -> "%08x-%08x : %s".formatted(r.start(), r.end() - 1, r.kind().iomemName()))
        .collect(Collectors.joining("\n"));
  }

  @Test
  void ramLiesWhereTheReferenceMachineHasIt() {
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(Architecture.I386, 128 * MIB);
    assertEquals(
        """
        00000000-00000fff : Reserved
        00001000-0009fbff : System RAM
        0009fc00-0009ffff : Reserved
        000f0000-000fffff : Reserved
        00100000-07fdffff : System RAM
        07fe0000-07ffffff : Reserved\
        """,
        asIomem(map));
    assertEquals(0x7fe0, map.maxPfn());
    assertEquals(128 * MIB, map.endPhysicalAddress());
  }

  @Test
  void ramThatMeetsThePciHoleContinuesAboveFourGib() {
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(Architecture.X86_64, 8192 * MIB);
    assertTrue(
        asIomem(map)
            .endsWith(
                """
                00100000-bffdffff : System RAM
                bffe0000-bfffffff : Reserved
                100000000-23fffffff : System RAM\
                """));
    assertEquals(0x240000, map.maxPfn());
  }

  @Test
  void upToThreeAndAHalfGibLieBelowTheHole() {
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(Architecture.I386, 3584 * MIB);
    assertEquals(0xe000_0000L, map.endPhysicalAddress());
  }

  @Test
  void tooMuchRamForTwoLevelsIsRefusedInOneLine() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> PhysicalMemoryMap.pc(Architecture.I386, 4096 * MIB));
    assertEquals(
        "RAM of 4096 MiB is too much for i386: at most 3584 MiB, because two-level page tables"
            + " reach physical addresses below 4 GiB only",
        refused.getMessage());
  }

  @Test
  void tooLittleRamAndOddSizesAreRefused() {
    for (long bytes : List.of(0L, MIB, 3 * MIB, 128 * MIB + 4096)) {
      assertThrows(
          IllegalArgumentException.class, () -> PhysicalMemoryMap.pc(Architecture.I386, bytes));
    }
  }

  @Test
  void kernelLiesAtSixteenMibWithThePartsOfTheReference() {
    List<KernelImage.Part> parts = KernelImage.forRam(128 * MIB).parts();
    assertEquals(
        List.of("Kernel code", "Kernel rodata", "Kernel data", "Kernel bss"),
        parts.stream().map(KernelImage.Part::name).toList());
    assertEquals(0x100_0000, parts.getFirst().start());
    assertEquals(0x91_bc80, parts.getFirst().end() - parts.getFirst().start());
    assertEquals(0x74_000, parts.getLast().end() - parts.getLast().start());
  }
}
