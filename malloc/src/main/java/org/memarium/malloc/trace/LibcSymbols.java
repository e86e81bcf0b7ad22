package org.memarium.malloc.trace;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * The functions that a 32-bit shared library offers, by name: its {@code .dynsym}, which is there
 * in stripped libraries too (System V ABI, Intel386 supplement, chapter 4).
 *
 * <pre>
 *   ELF header   32 e_shoff   46 e_shentsize   48 e_shnum
 *   section       4 sh_type   16 sh_offset   20 sh_size   24 sh_link (its string table)
 *   symbol        0 st_name    4 st_value    12 st_info (type in its low half)   14 st_shndx
 * </pre>
 */
final class LibcSymbols {
  private static final int SHT_DYNSYM = 11;
  private static final int SYMBOL_BYTES = 16;
  private static final int STT_FUNC = 2;

  private LibcSymbols() {}

  /**
   * All defined functions; offsets from where the library is mapped.
   *
   * @throws IllegalArgumentException if it is no such library
   */
  static Map<String, Long> functions(byte[] library) {
    ByteBuffer elf = ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
    try {
      Map<String, Long> found = new HashMap<>();
      int sections = elf.getInt(32);
      int bytes = elf.getShort(46);
      int count = elf.getShort(48);
      for (int i = 0; i < count; i++) {
        int section = sections + i * bytes;
        if (elf.getInt(section + 4) == SHT_DYNSYM) {
          int names = elf.getInt(sections + elf.getInt(section + 24) * bytes + 16);
          collect(elf, elf.getInt(section + 16), elf.getInt(section + 20), names, found);
        }
      }
      return found;
    } catch (IndexOutOfBoundsException broken) {
      throw new IllegalArgumentException("not a 32-bit shared library", broken);
    }
  }

  private static void collect(
      ByteBuffer elf, int from, int bytes, int names, Map<String, Long> found) {
    for (int symbol = from; symbol < from + bytes; symbol += SYMBOL_BYTES) {
      boolean isFunction = (elf.get(symbol + 12) & 15) == STT_FUNC;
      if (isFunction && elf.getShort(symbol + 14) != 0) {
        found.put(
            name(elf, names + elf.getInt(symbol)), Integer.toUnsignedLong(elf.getInt(symbol + 4)));
      }
    }
  }

  private static String name(ByteBuffer elf, int at) {
    StringBuilder name = new StringBuilder();
    for (int next = at; elf.get(next) != 0; next++) {
      name.append((char) elf.get(next));
    }
    return name.toString();
  }
}
