package org.memarium.app.shell;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.frame.MemMap;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.Zone;

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
    registry.add("zones", "", Topic.PAGES, "prints the zones and their pages", this::zones);
  }

  private @Nullable Long buddy(Arguments arguments) {
    List<Zone> zones = present();
    if (arguments.has(0)) {
      zones = List.of(zone(arguments.word(0)));
    }
    int start = arguments.has(0) ? zones.getFirst().startPfn() : 0;
    draw(start, zones.getLast().startPfn() + zones.getLast().spannedPages());
    session.out().line("");
    StringBuilder heading = new StringBuilder("free blocks  ");
    for (int order = 0; order <= allocator.maxOrder(); order++) {
      heading.append("%7s".formatted("2^" + order));
    }
    session.out().heading(heading + "  free pages");
    for (Zone zone : zones) {
      StringBuilder line = new StringBuilder("  %-11s".formatted(zone.name()));
      for (int order = 0; order <= allocator.maxOrder(); order++) {
        line.append("%7d".formatted(zone.freeArea().nrFree(order)));
      }
      session.out().line(line + "%,12d".formatted(zone.freePages()));
    }
    return null;
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
    out.format("  zone      %s", allocator.zones().get(memMap.zoneIndex(pfn)).name());
    long physical = (long) pfn << Ram.PAGE_SHIFT;
    out.format("  physical  0x%08x", physical);
    if (pfn < allocator.memblock().maxLowPfn()) {
      out.format("  linear    %s, in the direct map", session.address(allocator.pageAddress(pfn)));
    } else {
      out.format("  linear    none: high memory, which kmap can map");
    }
    out.format("  private   %d", memMap.pagePrivate(pfn));
    return null;
  }

  private @Nullable Long zones(Arguments arguments) {
    Output out = session.out();
    out.heading(
        "%-8s %9s %9s %9s %9s %9s"
            .formatted("zone", "start_pfn", "spanned", "present", "managed", "free"));
    for (Zone zone : allocator.zones()) {
      out.format(
          "%-8s %9s %,9d %,9d %,9d %,9d",
          zone.name(),
          "0x%x".formatted(zone.startPfn()),
          zone.spannedPages(),
          zone.presentPages(),
          zone.managedPages(),
          zone.freePages());
    }
    return null;
  }
}
