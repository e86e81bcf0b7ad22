package org.memarium.oracle;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.oracle.SmapsText.Area;

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

  /** How many pages are read at once. */
  private static final int RUN_PAGES = 16;

  private final byte[] run = new byte[RUN_PAGES * PAGE];
  private final byte[] ownPage = new byte[PAGE];
  private final HostSide host;
  private final OurSide ours;
  private final AreaHeads heads;

  StateComparison(HostSide host, OurSide ours, AreaHeads heads) {
    this.host = host;
    this.ours = ours;
    this.heads = heads;
  }

  /** What a process differs in first; null: nothing. */
  @Nullable Difference compare(int slot, int step) {
    HostProc process = host.process(slot);
    List<Area> theirs = new SmapsText(process.smaps()).areas();
    List<Area> own = new SmapsText(ours.proc(slot, "smaps")).areas();
    for (int i = 0; i < Math.max(theirs.size(), own.size()); i++) {
      if (i >= theirs.size() || i >= own.size() || !isSameHead(theirs.get(i), own.get(i))) {
        String a = i < theirs.size() ? heads.of(theirs.get(i)) : "no such area";
        String b = i < own.size() ? heads.of(own.get(i)) : "no such area";
        return difference("areas", slot, "maps", a, b, step);
      }
    }
    Difference found = status(slot, process, step);
    for (int i = 0; found == null && i < own.size(); i++) {
      found = figures(slot, theirs.get(i), own.get(i), step);
    }
    for (int i = 0; found == null && i < own.size(); i++) {
      found = pages(slot, process, own.get(i), step);
    }
    if (found == null) {
      int pages = (AgentProgram.END - AgentProgram.SCRATCH) / PAGE;
      long[] theirPages = process.pageMap(AgentProgram.SCRATCH / PAGE, pages);
      found = presentContents(slot, process, null, AgentProgram.SCRATCH, theirPages, step);
    }
    return found;
  }

  private boolean isSameHead(Area theirs, Area own) {
    return theirs.hasSameColumns(own) && heads.of(theirs).equals(heads.of(own));
  }

  private static Difference difference(
      String kind, int slot, String what, String theirs, String own, int step) {
    return new Difference(
        kind, "p%d %s: host %s, ours %s".formatted(slot, what, theirs, own), step);
  }

  /** Sums of status; oracle-peaks: not VmHWM. */
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

  private @Nullable Difference status(int slot, HostProc process, int step) {
    Map<String, String> theirs = fields(process.status());
    Map<String, String> own = fields(ours.proc(slot, "status"));
    for (String field : STATUS) {
      String a = theirs.getOrDefault(field, "");
      String b = own.getOrDefault(field, "");
      if (!a.equals(b)) {
        return difference("status " + field, slot, "status: " + field, a, b, step);
      }
    }
    return null;
  }

  private static Map<String, String> fields(byte[] text) {
    Map<String, String> fields = new HashMap<>();
    for (String line : new String(text, StandardCharsets.ISO_8859_1).split("\n", -1)) {
      int colon = line.indexOf(':');
      if (colon > 0 && (line.startsWith("Vm") || line.startsWith("Rss"))) {
        fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return fields;
  }

  private @Nullable Difference figures(int slot, Area theirs, Area own, int step) {
    if (heads.isProtected(own)) {
      return null;
    }
    Map<String, String[]> lines = theirs.differences(own);
    if (!lines.isEmpty()) {
      KnownDifferences.removeFrom(lines, heads.isOfRealFile(own));
    }
    for (Map.Entry<String, String[]> line : lines.entrySet()) {
      String name = line.getKey();
      String[] values = line.getValue();
      String what = "smaps: " + heads.of(own) + ": " + name;
      return difference("smaps " + name, slot, what, values[0], values[1], step);
    }
    return null;
  }

  private @Nullable Difference pages(int slot, HostProc process, Area area, int step) {
    if (heads.isProtected(area)) {
      return null;
    }
    long pages = (area.endAddress() - area.start()) / PAGE;
    int first = (int) Math.min(pages, MAX_PAGES);
    Difference found = pages(slot, process, area, area.start(), first, step);
    if (found == null && pages > MAX_PAGES) {
      int rest = (int) Math.min(pages - MAX_PAGES, MAX_PAGES);
      found = pages(slot, process, area, area.endAddress() - (long) rest * PAGE, rest, step);
    }
    return found;
  }

  private @Nullable Difference pages(
      int slot, HostProc process, Area area, long start, int count, int step) {
    long[] theirs = process.pageMap(start / PAGE, count);
    long[] own = ours.pageMap(slot, start / PAGE, count);
    for (int i = 0; i < count; i++) {
      long a = theirs[i] & PAGEMAP_FLAGS;
      long b = own[i] & PAGEMAP_FLAGS;
      if (a != b) {
        long at = start + (long) i * PAGE;
        return difference(
            "pagemap " + bits(a) + "/" + bits(b),
            slot,
            "pagemap of 0x%x in %s".formatted(at, heads.of(area)),
            bits(a),
            bits(b),
            step);
      }
    }
    return presentContents(slot, process, area, start, theirs, step);
  }

  /**
   * Compares what is in the pages that are present on the host; to look at others would bring them
   * in there.
   *
   * @param theirs words of the host's pagemap
   */
  private @Nullable Difference presentContents(
      int slot, HostProc process, @Nullable Area area, long start, long[] theirs, int step) {
    Difference found = null;
    for (int i = 0; found == null && i < theirs.length; i++) {
      int run = 0;
      while (i + run < theirs.length && run < RUN_PAGES && (theirs[i + run] & PRESENT) != 0) {
        run++;
      }
      if (run > 0) {
        found = contents(slot, process, area, start + (long) i * PAGE, run, step);
        i += run - 1;
      }
    }
    return found;
  }

  /**
   * Compares pages that are present; one that not even a debugger may read is passed over.
   *
   * @param area where they lie; null: the agent's buffers
   */
  private @Nullable Difference contents(
      int slot, HostProc process, @Nullable Area area, long start, int pages, int step) {
    int page = 0;
    while (page < pages) {
      int bytes = process.memory(start + (long) page * PAGE, run, (pages - page) * PAGE);
      for (int i = 0; i < bytes / PAGE; i++) {
        long at = start + (long) (page + i) * PAGE;
        ours.page(slot, at, ownPage);
        int wrong = Arrays.mismatch(run, i * PAGE, (i + 1) * PAGE, ownPage, 0, PAGE);
        if (wrong >= 0) {
          String where = area == null ? "the agent's buffers" : heads.of(area);
          return difference(
              "contents",
              slot,
              "the byte at 0x%x in %s".formatted(at + wrong, where),
              "0x%02x".formatted(run[i * PAGE + wrong]),
              "0x%02x".formatted(ownPage[wrong]),
              step);
        }
      }
      page += bytes / PAGE + (bytes < (pages - page) * PAGE ? 1 : 0);
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
