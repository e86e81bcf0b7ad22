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

  MemMapInit(Memblock memblock, int maxOrder, VmStat vmStat) {
    this.memblock = memblock;
    this.vmStat = vmStat;
    this.maxOrder = maxOrder;
    Architecture architecture = memblock.architecture();
    int maxPfn = memblock.map().maxPfn();
    long bytes = (long) maxPfn * architecture.structPageBytes();
    memblock.allocate("mem_map", (int) ((bytes + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT), 1);
    memblock.close();
    memMap = new MemMap(maxPfn);
    zones = makeZones(architecture, maxPfn);
    for (Zone zone : zones) {
      fill(zone);
    }
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
    int start = ramRanges().getFirst().startPfn();
    for (int i = 0; i < made.length; i++) {
      int limit = (int) Math.min(maxPfn, limits.get(i).endPhysicalAddress() >>> Ram.PAGE_SHIFT);
      int end = Math.max(start, limit);
      FreeArea freeArea = new FreeArea(memMap, links, maxOrder);
      ZoneStat stat = new ZoneStat(vmStat);
      made[i] = new Zone(memMap, freeArea, stat, limits.get(i).type(), i, start, end - start);
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
    int buddyFlags = PageFlags.BUDDY | maxOrder << PageFlags.ORDER_SHIFT | zoneFlags;
    int[] reservedTemplate =
        MemMap.template(
            zoneFlags | PageFlags.RESERVED, zoneFlags | PageFlags.RESERVED, MemMap.SECTION_FRAMES);
    int[] freeTemplate = MemMap.template(buddyFlags, zoneFlags, 1 << maxOrder);
    for (Frames all : ramRanges()) {
      Frames ram = all.clip(zone.startPfn(), zoneEnd);
      zone.addPresent(ram.pages());
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
