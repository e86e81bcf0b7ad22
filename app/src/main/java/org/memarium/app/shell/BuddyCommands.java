package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.MigrateType;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.frame.ZoneWatermarks;

/** The frames themselves: what is free, and who has the rest. */
final class BuddyCommands {
  private final Session session;
  private final PageAllocator allocator;

  BuddyCommands(Session session) {
    this.session = session;
    this.allocator = session.machine().memory().allocator();
  }

  void addTo(Registry registry) {
    registry.add(
        "buddy",
        "[ZONE]",
        Topic.PAGES,
        "draws all frames and counts the free blocks by order",
        "With ZONE, such as DMA or Normal, only those of that zone.",
        this::buddy);
    registry.add(
        "frames",
        "PFN [COUNT]",
        Topic.PAGES,
        "draws some frames, one character each if they are not too many",
        this::frames);
    registry.add("page", "PFN", Topic.PAGES, "prints a frame's struct page", this::page);
    registry.add(
        "zones",
        "",
        Topic.PAGES,
        "prints the zones: pages, watermarks, and what is kept from requests for higher zones",
        this::zones);
  }

  private @Nullable Long buddy(Arguments arguments) {
    List<Zone> zones = present();
    if (arguments.has(0)) {
      zones = List.of(zone(arguments.word(0)));
    }
    int start = arguments.has(0) ? zones.getFirst().startPfn() : 0;
    draw(start, zones.getLast().startPfn() + zones.getLast().spannedPages());
    session.out().line("");
    StringBuilder heading = new StringBuilder("%-21s".formatted("free blocks"));
    for (int order = 0; order <= allocator.maxOrder(); order++) {
      heading.append("%7s".formatted("2^" + order));
    }
    session.out().heading(heading + "%12s".formatted("pages"));
    for (Zone zone : zones) {
      for (int type = 0; type < MigrateType.TYPES; type++) {
        freeBlocks(zone, type);
      }
      session
          .out()
          .format(
              "  %-8s %s %,d pages free, and %,d on the per-CPU list",
              zone.name(), "all:", zone.freePages(), zone.perCpuPages().count());
    }
    return null;
  }

  /** A row of a migrate type that has free blocks. */
  private void freeBlocks(Zone zone, int type) {
    StringBuilder line = new StringBuilder();
    long pages = 0;
    for (int order = 0; order <= allocator.maxOrder(); order++) {
      int blocks = zone.freeArea().nrFree(order, type);
      pages += (long) blocks << order;
      line.append("%7d".formatted(blocks));
    }
    if (pages > 0) {
      session.out().format("  %-7s %-11s%s%,10d", zone.name(), MigrateType.name(type), line, pages);
    }
  }

  private @Nullable Long frames(Arguments arguments) {
    int start = arguments.pfn(0);
    int frames = memMap().frames();
    long count = arguments.has(1) ? arguments.number(1, "COUNT", 1, frames) : 1024;
    draw(start, (int) Math.min(frames, start + count));
    return null;
  }

  private void draw(int start, int end) {
    new FrameMap(
            session.out(),
            memMap(),
            allocator.memblock().map(),
            start,
            Math.min(end, memMap().frames()))
        .draw();
  }

  private MemMap memMap() {
    return allocator.memMap();
  }

  private List<Zone> present() {
    return allocator.zones().stream().filter(zone -> zone.presentPages() > 0).toList();
  }

  private Zone zone(String name) {
    List<String> names = new ArrayList<>();
    for (Zone zone : present()) {
      if (zone.name().equalsIgnoreCase(name)) {
        return zone;
      }
      names.add(zone.name());
    }
    throw new ShellError(
        "there is no zone %s; there are %s".formatted(name, String.join(", ", names)));
  }

  private @Nullable Long page(Arguments arguments) {
    int pfn = arguments.pfn(0);
    MemMap memMap = memMap();
    Output out = session.out();
    out.format("%s", memMap.describe(pfn));
    out.format("  use       %s", FrameKind.of(memMap, pfn).meaning());
    Zone zone = allocator.zones().get(memMap.zoneIndex(pfn));
    out.format("  zone      %s", zone.name());
    if (zone.spans(pfn)) {
      out.format("  pageblock %s", MigrateType.name(zone.pageblocks().type(pfn)));
    }
    long physical = (long) pfn << Ram.PAGE_SHIFT;
    out.format("  physical  0x%08x", physical);
    if (pfn < allocator.memblock().maxLowPfn()) {
      out.format(
          "  linear    %s, in the direct map",
          session.address(allocator.directMap().pageAddress(pfn)));
    } else {
      out.format("  linear    none: high memory, which kmap can map");
    }
    out.format("  private   %d", memMap.pagePrivate(pfn));
    return null;
  }

  private @Nullable Long zones(Arguments arguments) {
    Output out = session.out();
    out.heading(
        "%-8s %9s %8s %8s %8s %8s %7s %7s %7s  %s"
            .formatted(
                "zone",
                "start_pfn",
                "spanned",
                "present",
                "managed",
                "free",
                "min",
                "low",
                "high",
                "protection"));
    for (Zone zone : allocator.zones()) {
      ZoneWatermarks marks = zone.watermarks();
      List<String> protection = new ArrayList<>();
      for (int higher = 0; higher < allocator.zones().size(); higher++) {
        protection.add(Integer.toString(marks.lowmemReserve(higher)));
      }
      out.format(
          "%-8s %9s %8d %8d %8d %8d %7d %7d %7d  %s",
          zone.name(),
          "0x%x".formatted(zone.startPfn()),
          zone.spannedPages(),
          zone.presentPages(),
          zone.managedPages(),
          zone.freePages(),
          marks.min(),
          marks.low(),
          marks.high(),
          String.join(" ", protection));
    }
    return null;
  }
}
