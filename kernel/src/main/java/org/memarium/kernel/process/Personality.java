package org.memarium.kernel.process;

/**
 * Bits of personality(2) that say how an address space is laid out; Linux {@code
 * include/uapi/linux/personality.h}.
 *
 * <pre>
 *   27  26 25 24 23  22  21  20  19  18  17                 7         0
 * +----+--+--+--+---+---+---+---+---+---+---+---------------+-----------+
 * | 3G |  .  .  .   | RX| CL| Z | . | NR|       .           |  domain   |
 * +----+--+--+--+---+---+---+---+---+---+---+---------------+-----------+
 * </pre>
 */
public final class Personality {
  /** NR: nothing of the address space is chosen at random. */
  public static final int ADDR_NO_RANDOMIZE = 0x004_0000;

  /** Z: the first page is mapped to be read. */
  public static final int MMAP_PAGE_ZERO = 0x010_0000;

  /** CL: mappings are placed upwards. */
  public static final int ADDR_COMPAT_LAYOUT = 0x020_0000;

  /** RX: what may be read may be executed. */
  public static final int READ_IMPLIES_EXEC = 0x040_0000;

  /** 3G: a 32-bit program on a 64-bit kernel has 3 GiB. */
  public static final int ADDR_LIMIT_3GB = 0x800_0000;

  private Personality() {}
}
