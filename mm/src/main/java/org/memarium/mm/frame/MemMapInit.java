package org.memarium.mm.frame;

import java.util.ArrayList;
import java.util.List;
import org.memarium.hardware.Ram;
import org.memarium.mm.Architecture;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.trace.ZoneStat;

/**
 * Boot of the page allocator (Linux {@code free_area_init} and {@code memblock_free_all}): makes
 * mem_map and the zones, and frees every piece of RAM that is not reserved, in the largest aligned
 * blocks, lowest first, each at the tail of its list.
 */
final class MemMapInit {
  private final Memblock memblock;
  private final int maxOrder;
  private final MemMap memMap;
  private final Zone[] zones;
  private final VmStat vmStat;
  private final boolean mobilityDisabled;

  MemMapInit(Memblock memblock, int maxOrder, VmStat vmStat) {
    this.memblock = memblock;
    this.vmStat = vmStat;
    this.maxOrder = maxOrder;
    Architecture architecture = memblock.architecture();
    int maxPfn = memblock.map().maxPfn();
    memMap = new MemMap(maxPfn);
    zones = makeZones(architecture, maxPfn);
    takeForTheKernel(architecture, maxPfn);
    memblock.close();
    long pages = SystemHash.Figures.of(architecture, zones).allPages();
    mobilityDisabled = pages < (long) zones[0].pageblocks().pages() * MigrateType.TYPES;
    if (mobilityDisabled) {
      for (Zone zone : zones) {
        zone.fallback().disableMobility();
      }
    }
    for (Zone zone : zones) {
      fill(zone);
    }
  }

  /** What Linux takes from memblock before it frees the rest: see {@code docs/fidelity.md}. */
  private void takeForTheKernel(Architecture architecture, int maxPfn) {
    int alignment = 1 << PageAllocator.DEFAULT_MAX_ORDER;
    long bytes = (long) ((maxPfn + alignment - 1) & -alignment) * architecture.structPageBytes();
    memblock.allocate("mem_map", (int) ((bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT), 1);
    if (memblock.kernelImage().percpuPages() > 0) {
      memblock.allocate("percpu", memblock.kernelImage().percpuPages(), 1);
    }
    SystemHash.allocate(memblock, SystemHash.Figures.of(architecture, zones));
  }

  /** {@code page_group_by_mobility_disabled}: RAM is too small to keep migrate types apart. */
  boolean isMobilityDisabled() {
    return mobilityDisabled;
  }

  MemMap memMap() {
    return memMap;
  }

  Zone[] zones() {
    return zones;
  }

  private Zone[] makeZones(Architecture architecture, int maxPfn) {
    FreeArea.BlockLinks links = new FreeArea.BlockLinks(maxPfn, maxOrder);
    List<Architecture.ZoneLimit> limits = architecture.zones();
    Zone[] made = new Zone[limits.size()];
    int pageblockOrder = Math.min(maxOrder, architecture.hugePageOrder());
    int start = ramRanges().getFirst().startPfn();
    for (int i = 0; i < made.length; i++) {
      int limit = (int) Math.min(maxPfn, limits.get(i).endPhysicalAddress() >>> Ram.PAGE_SHIFT);
      int end = Math.max(start, limit);
      FreeArea freeArea = new FreeArea(memMap, links, maxOrder);
      ZoneStat stat = new ZoneStat(vmStat);
      Zone zone =
          new Zone(
              memMap,
              freeArea,
              stat,
              limits.get(i).type(),
              i,
              made.length,
              pageblockOrder,
              end == start ? 0 : start,
              end - start);
      made[i] = zone;
      for (Frames ram : ramRanges()) {
        zone.addPresent(ram.clip(start, end).pages());
      }
      start = end;
    }
    return made;
  }

  private record Frames(int startPfn, int endPfn) {
    Frames clip(int start, int end) {
      return new Frames(Math.max(startPfn, start), Math.min(endPfn, end));
    }

    int pages() {
      return Math.max(0, endPfn - startPfn);
    }
  }

  private List<Frames> ramRanges() {
    List<Frames> ranges = new ArrayList<>();
    for (PhysicalMemoryMap.Range range : memblock.map().ranges()) {
      if (range.kind() == PhysicalMemoryMap.Kind.RAM) {
        ranges.add(new Frames(Memblock.firstPfn(range), Memblock.endPfn(range)));
      }
    }
    return ranges;
  }

  /** Reserves what is reserved in a zone and frees the rest. */
  private void fill(Zone zone) {
    int zoneEnd = zone.startPfn() + zone.spannedPages();
    int zoneFlags = zone.index() << PageFlags.ZONE_SHIFT;
    int buddyFlags =
        PageFlags.BUDDY
            | MigrateType.MOVABLE << PageFlags.TYPE_SHIFT
            | maxOrder << PageFlags.ORDER_SHIFT
            | zoneFlags;
    int[] reservedTemplate =
        MemMap.template(
            zoneFlags | PageFlags.RESERVED, zoneFlags | PageFlags.RESERVED, MemMap.SECTION_FRAMES);
    int[] freeTemplate = MemMap.template(buddyFlags, zoneFlags, 1 << maxOrder);
    describe(
        new Frames(zone.startPfn(), zoneEnd), zoneFlags | PageFlags.RESERVED, reservedTemplate);
    for (Frames all : ramRanges()) {
      Frames ram = all.clip(zone.startPfn(), zoneEnd);
      int at = ram.startPfn();
      for (Memblock.Region region : memblock.reserved()) {
        Frames taken = new Frames(region.startPfn(), region.endPfn()).clip(at, ram.endPfn());
        if (taken.pages() > 0) {
          free(zone, new Frames(at, taken.startPfn()), zoneFlags, freeTemplate);
          describe(taken, zoneFlags | PageFlags.RESERVED, reservedTemplate);
          at = taken.endPfn();
        }
      }
      free(zone, new Frames(at, ram.endPfn()), zoneFlags, freeTemplate);
    }
  }

  /** Sets the flags of frames: whole sections by a template, the rest one by one. */
  private void describe(Frames frames, int flags, int[] template) {
    int section = MemMap.SECTION_FRAMES;
    int pfn = frames.startPfn();
    while (pfn < frames.endPfn()) {
      int next = Math.min(frames.endPfn(), (pfn | (section - 1)) + 1);
      if (next - pfn == section) {
        memMap.share(pfn, template);
      } else {
        memMap.initialise(pfn, next, flags);
      }
      pfn = next;
    }
  }

  /** {@code __free_pages_memory}. */
  private void free(Zone zone, Frames frames, int zoneFlags, int[] freeTemplate) {
    describe(frames, zoneFlags, freeTemplate);
    int pfn = frames.startPfn();
    while (pfn < frames.endPfn()) {
      int order = Math.min(maxOrder, Integer.numberOfTrailingZeros(pfn));
      while (pfn + (1 << order) > frames.endPfn()) {
        order--;
      }
      zone.manage(pfn, order, memMap.isBuddy(pfn, maxOrder, zone.index()));
      pfn += 1 << order;
    }
  }
}
