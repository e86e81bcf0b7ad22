package org.memarium.oracle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.memarium.oracle.SmapsText.Area;

/** Whether files of {@code /proc/PID} tell the same on both sides. */
final class ProcComparison {
  private static final Pattern SPACES = Pattern.compile(" +");

  /**
   * Fields of stat: size, limit of what is resident, code, stack, data, heap and environment. The
   * end of the arguments is the agent's own doing.
   */
  private static final int[] STAT_FIELDS = {23, 25, 26, 27, 28, 45, 46, 47, 48, 50, 51};

  /** The field behind the name, which may have blanks. */
  private static final int STATE_FIELD = 3;

  /** Lines of status beside those of the state's comparison. */
  private static final Set<String> STATUS =
      Set.of("Umask", "HugetlbPages", "CoreDumping", "THP_enabled", "Threads");

  /**
   * Entries of the auxiliary vector that depend on the processor or are pages of the kernel's own:
   * AT_HWCAP, AT_RANDOM, AT_HWCAP2, AT_SYSINFO, AT_SYSINFO_EHDR, AT_MINSIGSTKSZ, and AT_CLKTCK.
   */
  private static final Set<Integer> AUX_OF_PROCESSOR = Set.of(16, 25, 26, 32, 33, 51);

  private final HostSide host;
  private final OurSide ours;
  private final AreaHeads heads;

  ProcComparison(HostSide host, OurSide ours, AreaHeads heads) {
    this.host = host;
    this.ours = ours;
    this.heads = heads;
  }

  /** What a file differs in first; null: nothing. */
  @Nullable Difference compare(int slot, ProcFile file, int step) {
    List<String> theirs;
    List<String> own;
    if (file == ProcFile.MAP_FILES) {
      theirs = host.procNames(slot, file.fileName());
      own = ours.procNames(slot, file.fileName());
    } else if (file == ProcFile.SMAPS_ROLLUP) {
      return rollup(slot, step);
    } else {
      theirs = lines(file, host.proc(slot, file.fileName()));
      own = lines(file, text(ours.proc(slot, file.fileName())));
    }
    for (int i = 0; i < Math.max(theirs.size(), own.size()); i++) {
      String a = i < theirs.size() ? theirs.get(i) : "(the end)";
      String b = i < own.size() ? own.get(i) : "(the end)";
      if (!a.equals(b)) {
        return difference(slot, file, "", a, b, step);
      }
    }
    return null;
  }

  private static Difference difference(
      int slot, ProcFile file, String field, String theirs, String own, int step) {
    String name = field.isEmpty() ? file.fileName() : file.fileName() + " " + field;
    String text = "p%d %s: host %s, ours %s".formatted(slot, name, theirs, own);
    return new Difference("proc " + name, text, step);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** What must agree of a file, line by line. */
  private List<String> lines(ProcFile file, String text) {
    return switch (file) {
      case MAPS -> text.lines().map(heads::of).toList();
      case STAT -> stat(text);
      case STATUS ->
          text.lines()
              .filter(line -> STATUS.contains(line.substring(0, Math.max(0, line.indexOf(':')))))
              .toList();
      case NUMA_MAPS -> text.lines().map(this::numaLine).toList();
      case AUXV -> auxv(text);
      default -> text.lines().toList();
    };
  }

  private static List<String> stat(String text) {
    String[] fields = text.substring(text.lastIndexOf(')') + 2).strip().split(" ", -1);
    List<String> lines = new ArrayList<>();
    for (int field : STAT_FIELDS) {
      lines.add("field %d: %s".formatted(field, fields[field - STATE_FIELD]));
    }
    return lines;
  }

  private static List<String> auxv(String text) {
    ByteBuffer words =
        ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)).order(ByteOrder.LITTLE_ENDIAN);
    List<String> lines = new ArrayList<>();
    while (words.remaining() >= 2 * Integer.BYTES) {
      int type = words.getInt();
      int value = words.getInt();
      if (!AUX_OF_PROCESSOR.contains(type)) {
        lines.add("type %d: 0x%x".formatted(type, value));
      }
    }
    return lines;
  }

  /**
   * A line of numa_maps without the node and without what depends on batches of a processor, or on
   * folios (oracle-lazyfree, oracle-dirty-files).
   */
  private String numaLine(String line) {
    String[] words = SPACES.split(line, -1);
    long start = Long.parseLong(words[0], 16);
    if (heads.isProtected(start)) {
      return words[0];
    }
    boolean realFile = false;
    StringBuilder kept = new StringBuilder(words[0]);
    for (String word : words) {
      if (word.startsWith("file=")) {
        String name = AreaHeads.withoutFolders(word.substring("file=".length()));
        realFile = AreaHeads.isRealFile(name);
        kept.append(" file=").append(name);
      } else if (word.startsWith("anon=")
          || word.startsWith("mapmax=")
          || word.equals("huge")
          || word.equals("heap")
          || word.equals("stack")
          || word.startsWith("kernelpagesize_kB=")) {
        kept.append(' ').append(word);
      } else if (!realFile && (word.startsWith("dirty=") || word.startsWith("mapped="))) {
        kept.append(' ').append(word);
      } else if (word.matches("N\\d+=\\d+")) {
        kept.append(" N=").append(word.substring(word.indexOf('=') + 1));
      }
    }
    return kept.toString();
  }

  // ---- smaps_rollup ----

  private @Nullable Difference rollup(int slot, int step) {
    Rollup theirs = rollup(host.proc(slot, "smaps_rollup"), host.proc(slot, "smaps"));
    Rollup own = rollup(text(ours.proc(slot, "smaps_rollup")), text(ours.proc(slot, "smaps")));
    if (!theirs.bounds.equals(own.bounds)) {
      return difference(slot, ProcFile.SMAPS_ROLLUP, "", theirs.bounds, own.bounds, step);
    }
    Map<String, String[]> lines = new TreeMap<>();
    theirs.figures.forEach((name, value) -> {
      long other = own.figures.getOrDefault(name, -1L);
      int areas = Math.max(theirs.agents, own.agents);
      if (!KnownDifferences.isSameSum(name, value, other, areas)) {
        lines.put(name, new String[] {value + " kB", other + " kB"});
      }
    });
    KnownDifferences.removeFrom(lines, true);
    for (Map.Entry<String, String[]> line : lines.entrySet()) {
      String[] values = line.getValue();
      return difference(slot, ProcFile.SMAPS_ROLLUP, line.getKey(), values[0], values[1], step);
    }
    return null;
  }

  /**
   * What all areas have together, those of the agent's left out.
   *
   * @param bounds from the first area to the last
   * @param figures in KiB
   * @param agents how many areas were left out
   */
  private record Rollup(String bounds, Map<String, Long> figures, int agents) {}

  private Rollup rollup(String text, String smaps) {
    List<Area> areas = new SmapsText(smaps.getBytes(StandardCharsets.ISO_8859_1)).areas();
    Area whole = new SmapsText(text.getBytes(StandardCharsets.ISO_8859_1)).areas().getFirst();
    Map<String, Long> figures = new TreeMap<>(whole.figures());
    int agents = 0;
    for (Area area : areas) {
      if (heads.isProtected(area)) {
        agents++;
        area.figures()
            .forEach((name, kibibytes) ->
                figures.computeIfPresent(name, (same, sum) -> sum - kibibytes));
      }
    }
    // Those of the agent's are not told by kind.
    figures.keySet().removeAll(Set.of("Pss_Anon", "Pss_File", "Pss_Shmem"));
    return new Rollup(SPACES.split(whole.head(), 2)[0], figures, agents);
  }
}
