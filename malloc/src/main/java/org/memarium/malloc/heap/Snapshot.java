package org.memarium.malloc.heap;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/**
 * The memory of a process, for reading from outside: no page is brought in, no bit changes, and no
 * address is too wild to be asked for.
 *
 * <p>A page of anonymous memory that nobody has touched reads as zeroes, as it would for the
 * program. A page of a file that is not in the page table is not there. The program stands still
 * meanwhile, so pages last asked for are kept.
 */
final class Snapshot {
  /** What {@link #word} says where nothing can be read. */
  static final long NOT_THERE = -1;

  private static final long ADDRESS_END = 1L << 32;
  private static final int WORDS = Ram.PAGE_SIZE / Integer.BYTES;
  private static final int RECENT = 4096;

  /** Stands for a page of zeroes. */
  private static final int[] ZEROES = new int[1];

  /** Stands for a page that cannot be read. */
  private static final int[] NOTHING = {};

  /**
   * One area.
   *
   * @param start first address
   * @param end address behind the last
   * @param isPrivateData private, and writable
   * @param isAnonymous of no file
   * @param file the path of its file; empty if it has none
   */
  record Area(long start, long end, boolean isPrivateData, boolean isAnonymous, String file) {
    boolean contains(long address) {
      return address >= start && address < end;
    }
  }

  private final MmStruct mm;
  private final List<Area> areas = new ArrayList<>();

  /** Pages last asked for, by the low bits of their numbers. */
  private final long[] recentNumbers = new long[RECENT];

  private final int[][] recent = new int[RECENT][];

  Snapshot(MmStruct mm) {
    this.mm = mm;
    Arrays.fill(recentNumbers, -1);
    Arrays.fill(recent, NOTHING);
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      MappedFile file = area.file();
      areas.add(
          new Area(
              area.start(),
              area.end(),
              area.rights().startsWith("rw") && area.rights().endsWith("p"),
              area.isAnonymous(),
              file == null ? "" : file.path()));
    }
  }

  MmStruct mm() {
    return mm;
  }

  /** All areas, by address. */
  List<Area> areas() {
    return areas;
  }

  /** The area at an address, or null. */
  @Nullable Area areaAt(long address) {
    for (Area area : areas) {
      if (area.contains(address)) {
        return area;
      }
    }
    return null;
  }

  /** The four bytes at an address that is a multiple of four; {@link #NOT_THERE} elsewhere. */
  long word(long address) {
    if ((address & 3) != 0 || address < 0 || address >= ADDRESS_END) {
      return NOT_THERE;
    }
    int[] page = page(address >>> Ram.PAGE_SHIFT);
    if (page.length == WORDS) {
      return Integer.toUnsignedLong(page[(int) (address >>> 2) & WORDS - 1]);
    }
    return page.length == 0 ? NOT_THERE : 0;
  }

  /** Two bytes at an even address, as a number from 0; {@link #NOT_THERE} elsewhere. */
  long half(long address) {
    long word = word(address & ~3L);
    return word == NOT_THERE ? NOT_THERE : (word >>> (8 * (address & 2))) & 0xffff;
  }

  /** Whether a page holds anything but zeroes. */
  boolean hasContent(long address) {
    return page(address >>> Ram.PAGE_SHIFT).length == WORDS;
  }

  private int[] page(long number) {
    int slot = (int) number & RECENT - 1;
    if (recentNumbers[slot] != number) {
      recent[slot] = read(number);
      recentNumbers[slot] = number;
    }
    return recent[slot];
  }

  private int[] read(long number) {
    long address = number << Ram.PAGE_SHIFT;
    byte[] bytes = new byte[Ram.PAGE_SIZE];
    if (mm.accessRemote(address, bytes) == bytes.length) {
      int[] words = new int[WORDS];
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(words);
      return words;
    }
    Area area = areaAt(address);
    return area != null && area.isAnonymous() ? ZEROES : NOTHING;
  }
}
