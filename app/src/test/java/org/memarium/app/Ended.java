package org.memarium.app;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * How a program ended and what it printed, on the host or in a machine.
 *
 * @param status as a shell sees it
 * @param outBytes standard output; Latin-1 in {@link #out}, so that no byte is lost
 * @param err standard error
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by its text.
record Ended(int status, byte[] outBytes, String err) {
  String out() {
    return new String(outBytes, StandardCharsets.ISO_8859_1);
  }

  /**
   * The areas in a print of /proc/self/maps, without what is the host's own: device and inode of
   * the file, and the pages of the vdso.
   */
  List<String> maps() {
    return out()
        .lines()
        .filter(line -> !line.endsWith("[vdso]") && !line.contains("[vvar"))
        .map(Ended::withoutHost)
        .toList();
  }

  private static String withoutHost(String line) {
    String[] fields = line.split(" +", 6);
    boolean isArea = fields.length >= 5 && fields[1].length() == 4;
    return isArea
        ? String.join(" ", fields[0], fields[1], fields[2], fields.length > 5 ? fields[5] : "")
        : line;
  }
}
