package org.memarium.mm.swap;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.memarium.hardware.Ram;

/**
 * {@code union swap_header}: the first page of a swap area, as {@code mkswap} writes it (Linux
 * {@code include/linux/swap.h}, {@code mm/swapfile.c}, {@code read_swap_header}).
 *
 * <pre>
 *      0  boot bits, nobody's
 *   1024  version: 1         u32, in the byte order of whoever made it
 *   1028  last_page          u32, the last page that may be used
 *   1032  nr_badpages        u32
 *   1036  UUID               16 bytes
 *   1052  name               16 bytes
 *   1536  badpages           u32 each, 637 at most
 *   4086  "SWAPSPACE2"
 * </pre>
 */
final class SwapHeader {
  private static final int VERSION = 1024;
  private static final int LAST_PAGE = 1028;
  private static final int BAD_PAGE_COUNT = 1032;
  private static final int BAD_PAGES = 1536;
  private static final int MAGIC = 4086;
  private static final byte[] SIGNATURE = "SWAPSPACE2".getBytes(StandardCharsets.US_ASCII);

  /** {@code MAX_SWAP_BADPAGES}. */
  static final int MAX_BAD_PAGES = (MAGIC - BAD_PAGES) / Integer.BYTES;

  private final Ram ram;
  private final long at;
  private final boolean swapped;

  private SwapHeader(Ram ram, int pfn) {
    this.ram = ram;
    this.at = (long) pfn << Ram.PAGE_SHIFT;
    this.swapped = Integer.reverseBytes(ram.getInt(at + VERSION)) == 1;
  }

  /** Writes a header for an area of so many pages into a frame of zeroes ({@code mkswap}). */
  static void make(Ram ram, int pfn, long pages) {
    long at = (long) pfn << Ram.PAGE_SHIFT;
    ram.putInt(at + VERSION, 1);
    ram.putInt(at + LAST_PAGE, (int) (pages - 1));
    ram.write(at + MAGIC, SIGNATURE, 0, SIGNATURE.length);
  }

  /** The header in a frame. */
  static SwapHeader of(Ram ram, int pfn) {
    return new SwapHeader(ram, pfn);
  }

  boolean hasSignature() {
    byte[] found = new byte[SIGNATURE.length];
    ram.read(at + MAGIC, found, 0, found.length);
    return Arrays.equals(found, SIGNATURE);
  }

  private long word(int offset) {
    int word = ram.getInt(at + offset);
    return Integer.toUnsignedLong(swapped ? Integer.reverseBytes(word) : word);
  }

  long version() {
    return word(VERSION);
  }

  long lastPage() {
    return word(LAST_PAGE);
  }

  long badPageCount() {
    return word(BAD_PAGE_COUNT);
  }

  long badPage(int number) {
    return word(BAD_PAGES + number * Integer.BYTES);
  }
}
