package org.memarium.kernel.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.memarium.hardware.SegmentDescriptor;

/**
 * {@code struct user_desc}: a segment as programs name it, for thread-local storage and for the
 * LDT; Linux {@code asm/ldt.h}, {@code asm/desc.h}.
 *
 * <pre>
 *   struct user_desc
 *   0              4           8       12
 *  +--------------+-----------+-------+--------------------------------------------------------+
 *  | entry_number | base_addr | limit | 31...7  6       5             4        3..  1..2    0    |
 *  |              |           |       |   0    useable not_present  in_pages ro   contents 32bit |
 *  +--------------+-----------+-------+--------------------------------------------------------+
 *                                        bit 3 read_exec_only, bits 1 to 2 contents, bit 0 seg_32bit
 * </pre>
 *
 * @param entry its place in the table
 * @param base first linear address
 * @param limit highest offset, in bytes or pages
 * @param flags the last word
 */
public record UserDesc(int entry, int base, int limit, int flags) {
  /** {@code sizeof(struct user_desc)}. */
  public static final int BYTES = 16;

  private static final int SEG_32BIT = 1;
  private static final int CONTENTS_SHIFT = 1;
  private static final int READ_EXEC_ONLY = 1 << 3;
  private static final int LIMIT_IN_PAGES = 1 << 4;
  private static final int SEG_NOT_PRESENT = 1 << 5;
  private static final int USEABLE = 1 << 6;
  private static final int ALL_FLAGS = 0x7f;
  private static final int CONFORMING_CODE = 3;
  private static final int LIMIT_BITS = 0xf_ffff;

  /**
   * Copies one in.
   *
   * @throws UserFaultException if it cannot be read
   */
  public static UserDesc copyIn(UserMemory memory, long linearAddress) {
    byte[] bytes = memory.read(linearAddress, BYTES);
    ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new UserDesc(words.getInt(0), words.getInt(4), words.getInt(8), words.getInt(12));
  }

  /** What a descriptor is as the fields of one: {@code fill_user_desc}. */
  public static UserDesc of(int entry, long raw) {
    SegmentDescriptor descriptor = SegmentDescriptor.decode(raw);
    boolean writable = (descriptor.type() & SegmentDescriptor.READABLE_OR_WRITABLE) != 0;
    int flags =
        (descriptor.big() ? SEG_32BIT : 0)
            | (descriptor.type() >>> 2) << CONTENTS_SHIFT
            | (writable ? 0 : READ_EXEC_ONLY)
            | (descriptor.pages() ? LIMIT_IN_PAGES : 0)
            | (descriptor.present() ? 0 : SEG_NOT_PRESENT)
            | (descriptor.available() ? USEABLE : 0);
    long limit = descriptor.pages() ? descriptor.limit() >>> 12 : descriptor.limit();
    return new UserDesc(entry, (int) descriptor.base(), (int) limit, flags);
  }

  /** Copies all of it out. */
  public void copyOut(UserMemory memory, long linearAddress) {
    ByteBuffer words = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    words.putInt(entry).putInt(base).putInt(limit).putInt(flags);
    memory.write(linearAddress, words.array());
  }

  private int contents() {
    return flags >>> CONTENTS_SHIFT & 3;
  }

  /** {@code LDT_empty}: the entry is to be emptied. */
  public boolean isEmpty() {
    return base == 0 && limit == 0 && (flags & ALL_FLAGS) == (READ_EXEC_ONLY | SEG_NOT_PRESENT);
  }

  /** {@code LDT_zero}: what old programs took for an empty one. */
  private boolean isZero() {
    return base == 0 && limit == 0 && (flags & ALL_FLAGS) == 0;
  }

  /** Whether a slot of thread-local storage is to be emptied. */
  boolean emptiesTls() {
    return isEmpty() || isZero();
  }

  /**
   * {@code tls_desc_okay}: only 32-bit segments of data, and present ones: Linux refuses what
   * 16-bit stacks and absent segments could do to it.
   */
  public boolean isAllowedForTls() {
    return emptiesTls()
        || ((flags & SEG_32BIT) != 0 && contents() <= 1 && (flags & SEG_NOT_PRESENT) == 0);
  }

  /**
   * What {@code write_ldt} asks: conforming code must not be present, and in the old form of the
   * call not be there at all.
   */
  public boolean isAllowedForLdt(boolean old) {
    return contents() != CONFORMING_CODE || (!old && (flags & SEG_NOT_PRESENT) != 0);
  }

  /** Whether {@code write_ldt} empties the entry. */
  public boolean emptiesLdt(boolean old) {
    return isEmpty() || (old && base == 0 && limit == 0);
  }

  /** {@code fill_ldt}: the eight bytes of the descriptor, which counts as accessed already. */
  public long descriptor() {
    boolean inPages = (flags & LIMIT_IN_PAGES) != 0;
    long units = limit & LIMIT_BITS;
    int type =
        contents() << 2
            | ((flags & READ_EXEC_ONLY) == 0 ? SegmentDescriptor.READABLE_OR_WRITABLE : 0)
            | SegmentDescriptor.ACCESSED;
    return new SegmentDescriptor(
            base & 0xffff_ffffL,
            inPages ? units << 12 | 0xfff : units,
            type,
            true,
            3,
            (flags & SEG_NOT_PRESENT) == 0,
            (flags & USEABLE) != 0,
            false,
            (flags & SEG_32BIT) != 0,
            inPages)
        .encode();
  }

  /** The same without the bit that is the program's to use, as the old form of the call has it. */
  public UserDesc notUseable() {
    return new UserDesc(entry, base, limit, flags & ~USEABLE);
  }
}
