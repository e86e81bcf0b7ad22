package org.memarium.hardware;

/**
 * A segment descriptor, eight bytes of the GDT or an LDT (Intel SDM vol. 3A, 3.4.5).
 *
 * <pre>
 *   63       56 55 54 53 52 51     48 47 46 45 44 43    40 39                16 15            0
 *  +-----------+--+--+--+--+---------+--+-----+--+--------+--------------------+---------------+
 *  |base 24..31| G|DB| L|AVL|lim16..19| P| DPL | S|  type  |    base 0..23      |  limit 0..15  |
 *  +-----------+--+--+--+--+---------+--+-----+--+--------+--------------------+---------------+
 *  G    limit counts 4 KiB pages     DB  32-bit code or stack     L   64-bit code
 *  P    present                      DPL privilege level          S   0: system, 1: code or data
 *  type of S = 1:  8 code  | 4 conforming  | 2 readable | 1 accessed
 *                  0 data  | 4 expand-down | 2 writable | 1 accessed
 * </pre>
 *
 * @param base first linear address of the segment; 32 bits, unsigned
 * @param limit highest valid offset, in bytes, G already applied; 32 bits, unsigned
 * @param type the four type bits
 * @param codeOrData S
 * @param privilege DPL, 0 to 3
 * @param present P
 * @param available AVL, for the operating system
 * @param longMode L
 * @param big D/B
 * @param pages G
 */
public record SegmentDescriptor(
    long base,
    long limit,
    int type,
    boolean codeOrData,
    int privilege,
    boolean present,
    boolean available,
    boolean longMode,
    boolean big,
    boolean pages) {
  /** In {@link #type}: the segment has been loaded. */
  public static final int ACCESSED = 1;

  /** In {@link #type}: readable code, or writable data. */
  public static final int READABLE_OR_WRITABLE = 2;

  /** In {@link #type}: conforming code, or data that expands down. */
  public static final int CONFORMING_OR_EXPAND_DOWN = 4;

  /** In {@link #type}: code. */
  public static final int CODE = 8;

  private static final long MAX_LIMIT = 0xffff_ffffL;

  /** A flat segment of 4 GiB from 0: 32-bit code (readable) or data (writable). */
  public static SegmentDescriptor flat(boolean code, int privilege) {
    int type = READABLE_OR_WRITABLE | ACCESSED | (code ? CODE : 0);
    return new SegmentDescriptor(
        0, MAX_LIMIT, type, true, privilege, true, false, false, true, true);
  }

  /** Flat 64-bit code of privilege 3: a program may look at it, and read through it. */
  public static SegmentDescriptor flatUser64() {
    int type = READABLE_OR_WRITABLE | ACCESSED | CODE;
    return new SegmentDescriptor(0, MAX_LIMIT, type, true, 3, true, false, true, false, true);
  }

  /** Data of privilege 3 that only has a limit, in bytes, for {@code lsl} to ask for. */
  public static SegmentDescriptor limitOnly(long limit) {
    int type = CONFORMING_OR_EXPAND_DOWN | ACCESSED;
    return new SegmentDescriptor(0, limit, type, true, 3, true, false, false, true, false);
  }

  /** Reads the eight bytes of a descriptor. */
  public static SegmentDescriptor decode(long raw) {
    long base = (raw >>> 16 & 0xff_ffff) | (raw >>> 56 & 0xff) << 24;
    long limit = (raw & 0xffff) | (raw >>> 48 & 0xf) << 16;
    boolean pages = bit(raw, 55);
    return new SegmentDescriptor(
        base,
        pages ? limit << 12 | 0xfff : limit,
        (int) (raw >>> 40) & 0xf,
        bit(raw, 44),
        (int) (raw >>> 45) & 3,
        bit(raw, 47),
        bit(raw, 52),
        bit(raw, 53),
        bit(raw, 54),
        pages);
  }

  /** The eight bytes of this descriptor. */
  public long encode() {
    long units = pages ? limit >>> 12 : limit;
    return (units & 0xffff)
        | (base & 0xff_ffff) << 16
        | (long) type << 40
        | flag(codeOrData, 44)
        | (long) privilege << 45
        | flag(present, 47)
        | (units >>> 16 & 0xf) << 48
        | flag(available, 52)
        | flag(longMode, 53)
        | flag(big, 54)
        | flag(pages, 55)
        | (base >>> 24 & 0xff) << 56;
  }

  /** Whether this is a code segment. */
  public boolean isCode() {
    return codeOrData && (type & CODE) != 0;
  }

  /** Whether this is a data segment. */
  public boolean isData() {
    return codeOrData && (type & CODE) == 0;
  }

  /** Whether data may be read through it: all data segments, and readable code. */
  public boolean isReadable() {
    return isData() || (isCode() && (type & READABLE_OR_WRITABLE) != 0);
  }

  /** Whether data may be written through it. */
  public boolean isWritable() {
    return isData() && (type & READABLE_OR_WRITABLE) != 0;
  }

  /** Whether this is conforming code. */
  public boolean isConforming() {
    return isCode() && (type & CONFORMING_OR_EXPAND_DOWN) != 0;
  }

  /** Whether this is data whose valid offsets lie above the limit. */
  public boolean isExpandDown() {
    return isData() && (type & CONFORMING_OR_EXPAND_DOWN) != 0;
  }

  /** Whether the offsets from {@code offset} to {@code offset + bytes - 1} are all valid. */
  public boolean contains(long offset, int bytes) {
    long last = offset + bytes - 1;
    if (isExpandDown()) {
      return offset > limit && last <= (big ? MAX_LIMIT : 0xffff);
    }
    return last <= limit;
  }

  private static boolean bit(long raw, int bit) {
    return (raw >>> bit & 1) != 0;
  }

  private static long flag(boolean value, int bit) {
    return value ? 1L << bit : 0;
  }
}
