package org.memarium.kernel.process;

import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;

/**
 * The three descriptors of the GDT that belong to the running thread ({@code tls_array}), and the
 * {@code struct user_desc} in which programs name them; Linux {@code arch/x86/kernel/tls.c}.
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
 */
public final class TlsSegments {
  /** How many there are: {@code GDT_ENTRY_TLS_ENTRIES}. */
  public static final int ENTRIES = 3;

  /** {@code sizeof(struct user_desc)}. */
  public static final int USER_DESC_BYTES = 16;

  private static final int SEG_32BIT = 1;
  private static final int CONTENTS_SHIFT = 1;
  private static final int READ_EXEC_ONLY = 1 << 3;
  private static final int LIMIT_IN_PAGES = 1 << 4;
  private static final int SEG_NOT_PRESENT = 1 << 5;
  private static final int USEABLE = 1 << 6;

  private final DescriptorTable gdt;
  private final int firstEntry;

  /**
   * Views the slots.
   *
   * @param gdt the machine's
   * @param firstEntry {@code GDT_ENTRY_TLS_MIN}: 6 on a 32-bit kernel, 12 on a 64-bit one
   */
  public TlsSegments(DescriptorTable gdt, int firstEntry) {
    this.gdt = gdt;
    this.firstEntry = firstEntry;
  }

  /** Index of the first slot. */
  public int firstEntry() {
    return firstEntry;
  }

  /** Whether an index is that of a slot. */
  public boolean contains(int entry) {
    return entry >= firstEntry && entry < firstEntry + ENTRIES;
  }

  /** The lowest empty slot, or -1. */
  public int findFree() {
    for (int entry = firstEntry; entry < firstEntry + ENTRIES; entry++) {
      if (gdt.raw(entry) == 0) {
        return entry;
      }
    }
    return -1;
  }

  /** Empties all slots: a new program has none. */
  public void clear() {
    for (int entry = firstEntry; entry < firstEntry + ENTRIES; entry++) {
      gdt.setRaw(entry, 0);
    }
  }

  /** Copies the slots out, as the GDT has them. */
  void save(long[] slots) {
    for (int i = 0; i < ENTRIES; i++) {
      slots[i] = gdt.raw(firstEntry + i);
    }
  }

  /** {@code load_TLS}. */
  void load(long[] slots) {
    for (int i = 0; i < ENTRIES; i++) {
      gdt.setRaw(firstEntry + i, slots[i]);
    }
  }

  /** A segment register that holds a slot's selector sees the slot's new descriptor at once. */
  public void reload(Segmentation segments, int entry) {
    int selector = entry << 3 | 3;
    for (int register : new int[] {Segmentation.FS, Segmentation.GS}) {
      if (segments.selector(register) == selector) {
        SegmentDescriptor descriptor = segments.find(selector);
        segments.force(register, descriptor != null && descriptor.present() ? selector : 0);
      }
    }
  }

  /** {@code LDT_empty}, and what old programs used instead: the slot is to be emptied. */
  public static boolean isEmpty(int base, int limit, int flags) {
    int used = flags & 0x7f;
    return base == 0 && limit == 0 && (used == (READ_EXEC_ONLY | SEG_NOT_PRESENT) || used == 0);
  }

  /**
   * {@code tls_desc_okay}: only 32-bit segments of data, and present ones: Linux refuses what
   * 16-bit stacks and absent segments could do to it.
   */
  public static boolean isAllowed(int base, int limit, int flags) {
    if (isEmpty(base, limit, flags)) {
      return true;
    }
    int contents = flags >>> CONTENTS_SHIFT & 3;
    return (flags & SEG_32BIT) != 0 && contents <= 1 && (flags & SEG_NOT_PRESENT) == 0;
  }

  /** Fills a slot from the fields of a {@code struct user_desc}. */
  public void set(int entry, int base, int limit, int flags) {
    if (isEmpty(base, limit, flags)) {
      gdt.setRaw(entry, 0);
      return;
    }
    boolean inPages = (flags & LIMIT_IN_PAGES) != 0;
    long units = limit & 0xf_ffffL;
    int contents = flags >>> CONTENTS_SHIFT & 3;
    int type =
        contents << 2
            | ((flags & READ_EXEC_ONLY) == 0 ? SegmentDescriptor.READABLE_OR_WRITABLE : 0)
            | SegmentDescriptor.ACCESSED;
    gdt.set(
        entry,
        new SegmentDescriptor(
            base & 0xffff_ffffL,
            inPages ? units << 12 | 0xfff : units,
            type,
            true,
            3,
            (flags & SEG_NOT_PRESENT) == 0,
            (flags & USEABLE) != 0,
            false,
            (flags & SEG_32BIT) != 0,
            inPages));
  }

  /** The fields base, limit and flags of the {@code struct user_desc} for a slot. */
  public int[] get(int entry) {
    if (gdt.raw(entry) == 0) {
      return new int[] {0, 0, READ_EXEC_ONLY | SEG_NOT_PRESENT};
    }
    SegmentDescriptor descriptor = gdt.get(entry);
    boolean writable = (descriptor.type() & SegmentDescriptor.READABLE_OR_WRITABLE) != 0;
    int flags =
        (descriptor.big() ? SEG_32BIT : 0)
            | (descriptor.type() >>> 2) << CONTENTS_SHIFT
            | (writable ? 0 : READ_EXEC_ONLY)
            | (descriptor.pages() ? LIMIT_IN_PAGES : 0)
            | (descriptor.present() ? 0 : SEG_NOT_PRESENT)
            | (descriptor.available() ? USEABLE : 0);
    long limit = descriptor.pages() ? descriptor.limit() >>> 12 : descriptor.limit();
    return new int[] {(int) descriptor.base(), (int) limit, flags};
  }
}
