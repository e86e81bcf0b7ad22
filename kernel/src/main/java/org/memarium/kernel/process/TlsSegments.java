package org.memarium.kernel.process;

import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;

/**
 * The three descriptors of the GDT that belong to the running thread ({@code tls_array}); Linux
 * {@code arch/x86/kernel/tls.c}. Programs name them by {@link UserDesc}.
 */
public final class TlsSegments {
  /** How many there are: {@code GDT_ENTRY_TLS_ENTRIES}. */
  public static final int ENTRIES = 3;

  private static final int[] DATA_REGISTERS = {
    Segmentation.DS, Segmentation.ES, Segmentation.FS, Segmentation.GS
  };

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
    for (int register : DATA_REGISTERS) {
      if (segments.selector(register) == selector) {
        refresh(segments, register);
      }
    }
  }

  /** {@code loadsegment}: a selector that cannot be loaded any more becomes null. */
  static void refresh(Segmentation segments, int register) {
    int selector = segments.selector(register);
    SegmentDescriptor descriptor = segments.find(selector);
    boolean fine = descriptor != null && descriptor.isReadable() && descriptor.present();
    segments.force(register, fine ? selector : 0);
  }

  /** Fills a slot. */
  public void set(UserDesc description) {
    gdt.setRaw(description.entry(), description.emptiesTls() ? 0 : description.descriptor());
  }

  /** What a slot holds. */
  public UserDesc get(int entry) {
    return UserDesc.of(entry, gdt.raw(entry));
  }
}
