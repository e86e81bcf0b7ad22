package org.memarium.oracle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether a process looks the same on both sides: areas, what of them is in memory, the sums that
 * its status tells, which pages are present, and what is in them.
 *
 * <p>Left out is what the agent itself needs (see {@link AgentProgram}) and the kernel's own areas.
 */
final class StateComparison {
  private static final int PAGE = 4096;

  /** Of an area larger than that only its ends are looked at. */
  private static final int MAX_PAGES = 1024;

  /** Bits of a word of pagemap that are not the frame's number; oracle-soft-dirty: nor bit 55. */
  private static final long PAGEMAP_FLAGS = -1L << 56;

  private static final long PRESENT = 1L << 63;

  private final HostSide host;
  private final OurSide ours;
  private final Guard guard;

  StateComparison(HostSide host, OurSide ours, Guard guard) {
    this.host = host;
    this.ours = ours;
    this.guard = guard;
  }

  /** An area with its figures, as smaps tells of it. */
  private record Area(long start, long end, String line, Map<String, String> fields) {
    /** Whether a file of a disk is mapped there: its name has lost its folders. */
    boolean isOfRealFile() {
      String[] columns = line.split(" ", 4);
      return columns.length > 3 && !columns[3].startsWith("/") && !columns[3].startsWith("[");
    }
  }

  /** What a process differs in first; null: nothing. */
  @Nullable Difference compare(int slot, int step) {
    List<Area> theirs = areas(host.proc(slot, "smaps"));
    List<Area> own = areas(ours.proc(slot, "smaps"));
    for (int i = 0; i < Math.max(theirs.size(), own.size()); i++) {
      String a = i < theirs.size() ? theirs.get(i).line() : "no such area";
      String b = i < own.size() ? own.get(i).line() : "no such area";
      if (!a.equals(b)) {
        return difference("areas", slot, "maps", a, b, step);
      }
    }
    Difference found = status(slot, step);
    for (int i = 0; found == null && i < own.size(); i++) {
      found = figures(slot, theirs.get(i), own.get(i), step);
    }
    for (int i = 0; found == null && i < own.size(); i++) {
      found = pages(slot, own.get(i), step);
    }
    for (int at = AgentProgram.SCRATCH; found == null && at < AgentProgram.END; at += PAGE) {
      found = contents(slot, "the agent's buffers", at, step);
    }
    return found;
  }

  private static Difference difference(
      String kind, int slot, String what, String theirs, String own, int step) {
    return new Difference(
        kind, "p%d %s: host %s, ours %s".formatted(slot, what, theirs, own), step);
  }

  private List<Area> areas(String smaps) {
    List<Area> areas = new ArrayList<>();
    @Nullable Area area = null;
    for (String line : smaps.lines().toList()) {
      int colon = line.indexOf(':');
      boolean isHead = line.charAt(0) < 'A' || line.charAt(0) > 'Z';
      if (isHead) {
        long start = Long.parseLong(line.substring(0, 8), 16);
        long end = Long.parseLong(line.substring(9, 17), 16);
        area = new Area(start, end, head(line, start, end), new LinkedHashMap<>());
        areas.add(area);
      } else if (area != null) {
        String value = KnownDifferences.withoutSoftDirty(line.substring(colon + 1).strip());
        area.fields().put(line.substring(0, colon), value);
      }
    }
    return areas;
  }

  /** Bounds, rights, offset and name, without device and inode. */
  private String head(String line, long start, long end) {
    String[] columns = line.split(" +", 6);
    String name = columns.length > 5 ? columns[5] : "";
    if (guard.isProtected(start, end - start) && !name.equals("[heap]")) {
      name = "(the agent's)";
    }
    boolean own = name.startsWith("/") && !name.startsWith("/memfd") && !name.startsWith("/SYSV");
    if (own && !name.startsWith("/dev/zero")) {
      name = name.substring(name.lastIndexOf('/') + 1);
    }
    return "%s %s %s %s".formatted(columns[0], columns[1], columns[2], name).strip();
  }

  private static final List<String> STATUS =
      List.of(
          "VmSize",
          "VmLck",
          "VmPin",
          "VmRSS",
          "RssAnon",
          "RssFile",
          "RssShmem",
          "VmData",
          "VmStk",
          "VmExe",
          "VmLib",
          "VmPTE",
          "VmSwap",
          "VmPeak");

  private @Nullable Difference status(int slot, int step) {
    Map<String, String> theirs = fields(host.proc(slot, "status"));
    Map<String, String> own = fields(ours.proc(slot, "status"));
    for (String field : STATUS) {
      String a = theirs.getOrDefault(field, "");
      String b = own.getOrDefault(field, "");
      if (!a.equals(b) && !KnownDifferences.status(field)) {
        return difference("status " + field, slot, "status: " + field, a, b, step);
      }
    }
    return null;
  }

  private static Map<String, String> fields(String text) {
    Map<String, String> fields = new LinkedHashMap<>();
    for (String line : text.lines().toList()) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return fields;
  }

  private @Nullable Difference figures(int slot, Area theirs, Area own, int step) {
    if (guard.isProtected(own.start(), own.end() - own.start())) {
      return null;
    }
    for (Map.Entry<String, String> field : theirs.fields().entrySet()) {
      String name = field.getKey();
      String b = own.fields().getOrDefault(name, "(no such line)");
      if (!field.getValue().equals(b) && !KnownDifferences.smaps(name, own.isOfRealFile())) {
        return difference(
            "smaps " + name, slot, "smaps: " + own.line() + ": " + name, field.getValue(), b, step);
      }
    }
    return null;
  }

  private @Nullable Difference pages(int slot, Area area, int step) {
    if (guard.isProtected(area.start(), area.end() - area.start())) {
      return null;
    }
    long pages = (area.end() - area.start()) / PAGE;
    Difference found = pages(slot, area, area.start(), (int) Math.min(pages, MAX_PAGES), step);
    if (found == null && pages > MAX_PAGES) {
      int rest = (int) Math.min(pages - MAX_PAGES, MAX_PAGES);
      found = pages(slot, area, area.end() - (long) rest * PAGE, rest, step);
    }
    return found;
  }

  private @Nullable Difference pages(int slot, Area area, long start, int count, int step) {
    long[] theirs = host.pageMap(slot, start / PAGE, count);
    long[] own = ours.pageMap(slot, start / PAGE, count);
    for (int i = 0; i < count; i++) {
      long at = start + (long) i * PAGE;
      long a = theirs[i] & PAGEMAP_FLAGS;
      long b = own[i] & PAGEMAP_FLAGS;
      if (a != b) {
        return difference(
            "pagemap " + bits(a) + "/" + bits(b),
            slot,
            "pagemap of 0x%x in %s".formatted(at, area.line()),
            bits(a),
            bits(b),
            step);
      }
      if ((a & PRESENT) != 0) {
        Difference found = contents(slot, area.line(), at, step);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  private @Nullable Difference contents(int slot, String area, long at, int step) {
    byte[] theirs = host.page(slot, at);
    byte[] own = ours.page(slot, at);
    // Not readable, not even for a debugger.
    for (int i = 0; i < theirs.length; i++) {
      if (theirs[i] != own[i]) {
        return difference(
            "contents",
            slot,
            "the byte at 0x%x in %s".formatted(at + i, area),
            "0x%02x".formatted(theirs[i]),
            "0x%02x".formatted(own[i]),
            step);
      }
    }
    return null;
  }

  private static String bits(long word) {
    StringBuilder text = new StringBuilder();
    String[] names = {"soft-dirty", "exclusive", "uffd-wp", "guard", "59", "60", "file", "swap"};
    for (int i = 0; i < names.length; i++) {
      if ((word >>> (55 + i) & 1) != 0) {
        text.append(text.isEmpty() ? "" : "+").append(names[i]);
      }
    }
    return (word < 0 ? "present" : "absent") + (text.isEmpty() ? "" : "+" + text);
  }
}
