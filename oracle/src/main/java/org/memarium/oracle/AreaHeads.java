package org.memarium.oracle;

import java.util.regex.Pattern;
import org.memarium.oracle.SmapsText.Area;

/** First lines of areas, as both sides must have them. */
final class AreaHeads {
  private static final Pattern SPACES = Pattern.compile(" +");

  private final Guard guard;

  /** The agent's own areas are those that this guards. */
  AreaHeads(Guard guard) {
    this.guard = guard;
  }

  /** Bounds, rights, offset and name, without device and inode. */
  String of(Area area) {
    return of(area.head());
  }

  /** The same of a line of maps. */
  String of(String line) {
    String[] columns = SPACES.split(line, 6);
    String name = columns.length > 5 ? columns[5] : "";
    if (isProtected(columns[0]) && !name.equals("[heap]")) {
      name = "(the agent's)";
    }
    return String.join(" ", columns[0], columns[1], columns[2], withoutFolders(name)).strip();
  }

  /** The name of a file; only those on a disk lie in other folders here than there. */
  static String withoutFolders(String name) {
    boolean own = name.startsWith("/") && !name.startsWith("/memfd") && !name.startsWith("/SYSV");
    return own && !name.startsWith("/dev/zero") ? name.substring(name.lastIndexOf('/') + 1) : name;
  }

  private boolean isProtected(String bounds) {
    int dash = bounds.indexOf('-');
    long start = Long.parseLong(bounds, 0, dash, 16);
    return guard.isProtected(start, Long.parseLong(bounds, dash + 1, bounds.length(), 16) - start);
  }

  /** Whether an area is the agent's own: nothing there is compared. */
  boolean isProtected(Area area) {
    return guard.isProtected(area.start(), area.endAddress() - area.start());
  }

  /** Whether one that begins there is. */
  boolean isProtected(long start) {
    return guard.isProtected(start, 1);
  }

  /** Whether a file of a disk is mapped there: its name has lost its folders. */
  boolean isOfRealFile(Area area) {
    String[] columns = of(area).split(" ", 4);
    return columns.length > 3 && isRealFile(columns[3]);
  }

  /** Whether a name without folders is that of a file of a disk. */
  static boolean isRealFile(String name) {
    return !name.startsWith("anon_hugepage") && !name.startsWith("/") && !name.startsWith("[");
  }
}
