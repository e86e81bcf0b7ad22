package org.memarium.kernel.procfs;

/** {@code memparse}: a number of bytes, with a unit (Linux {@code lib/cmdline.c}). */
final class MemParse {
  private static final String UNITS = "KMGTPE";

  private MemParse() {}

  /**
   * Bytes of {@code 4096}, {@code 0x1000}, {@code 64K}, {@code 1g}.
   *
   * @return -1 if it is nothing of the kind, or more than a {@code long} holds
   */
  static long bytes(String text) {
    int length = text.length();
    int shift = 0;
    if (length > 0) {
      int unit = UNITS.indexOf(Character.toUpperCase(text.charAt(length - 1)));
      boolean hex = text.startsWith("0x") || text.startsWith("0X");
      if (unit >= 0 && !(hex && text.charAt(length - 1) == 'E')) {
        shift = 10 * (unit + 1);
        length--;
      }
    }
    long number = length == 0 ? -1 : WrittenNumber.parseUnsigned(text.substring(0, length), 0);
    boolean fits = number >= 0 && number <= Long.MAX_VALUE >>> shift;
    return fits ? number << shift : -1;
  }
}
