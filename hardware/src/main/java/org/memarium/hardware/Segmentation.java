package org.memarium.hardware;

import org.jspecify.annotations.Nullable;

/**
 * Segmentation: the six segment registers with their hidden parts, the GDT and the LDT; logical to
 * linear addresses (Intel SDM vol. 3A, chapter 3).
 *
 * <pre>
 *   selector   15             3   2   1 0
 *             +----------------+----+-----+
 *             |     index      | TI | RPL |     TI 0: GDT, 1: LDT
 *             +----------------+----+-----+
 * </pre>
 *
 * <p>Linux gives every segment base 0 and limit 4 GiB, but for thread-local storage behind GS;
 * {@link #isFlat} says that this holds for CS, SS, DS and ES, and then a processor may take an
 * offset in those as a linear address.
 */
public final class Segmentation {
  /** Register number of ES, as instructions encode it. */
  public static final int ES = 0;

  /** Register number of CS. */
  public static final int CS = 1;

  /** Register number of SS. */
  public static final int SS = 2;

  /** Register number of DS. */
  public static final int DS = 3;

  /** Register number of FS. */
  public static final int FS = 4;

  /** Register number of GS. */
  public static final int GS = 5;

  /** In a selector: it names an entry of the LDT. */
  public static final int TABLE_INDICATOR = 4;

  private static final int RPL = 3;
  private static final long FLAT_LIMIT = 0xffff_ffffL;

  /** What a register holds after a null selector was loaded: nothing may be reached through it. */
  private static final SegmentDescriptor UNUSABLE =
      new SegmentDescriptor(0, 0, 0, true, 0, false, false, false, false, false);

  private final int[] selectors = new int[6];
  private final SegmentDescriptor[] hidden = new SegmentDescriptor[6];
  private final long[] bases = new long[6];
  private @Nullable DescriptorTable gdt;
  private @Nullable DescriptorTable ldt;
  private boolean flat;

  /** All registers null, no tables. */
  public Segmentation() {
    for (int register = ES; register <= GS; register++) {
      set(register, 0, UNUSABLE);
    }
  }

  /** Loads GDTR. */
  public void setGdt(DescriptorTable table) {
    gdt = table;
  }

  /** Loads LDTR; null for none. */
  public void setLdt(@Nullable DescriptorTable table) {
    ldt = table;
  }

  /** The selector in a register. */
  public int selector(int register) {
    return selectors[register];
  }

  /** The descriptor behind a register, as it was when the register was loaded. */
  public SegmentDescriptor descriptor(int register) {
    return hidden[register];
  }

  /** The base of the segment behind a register. */
  public long base(int register) {
    return bases[register];
  }

  /** Privilege of the running code: the RPL of CS. */
  public int privilege() {
    return selectors[CS] & RPL;
  }

  /**
   * Whether CS, SS, DS and ES have base 0 and limit 4 GiB, data writable and code readable, so that
   * no access through them can fail.
   */
  public boolean isFlat() {
    return flat;
  }

  /**
   * Sets a register without checks, as the kernel does on its way to user mode.
   *
   * @throws IllegalArgumentException if the selector names no present descriptor
   */
  public void force(int register, int selector) {
    if ((selector & ~RPL) == 0) {
      set(register, selector, UNUSABLE);
      return;
    }
    SegmentDescriptor descriptor = find(selector);
    if (descriptor == null || !descriptor.present()) {
      throw new IllegalArgumentException("selector 0x%x names nothing".formatted(selector));
    }
    set(register, selector, descriptor);
  }

  /**
   * {@code mov} or {@code pop} into ES, SS, DS, FS or GS.
   *
   * @throws ProcessorException #GP, #NP or #SS, with the selector as error code
   */
  public void load(int register, int selector) {
    int privilege = privilege();
    if ((selector & ~RPL & 0xffff) == 0) {
      if (register == SS) {
        throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
      }
      set(register, selector, UNUSABLE);
      return;
    }
    SegmentDescriptor descriptor = find(selector);
    if (descriptor == null) {
      throw fault(ProcessorException.GENERAL_PROTECTION, selector);
    }
    if (register == SS) {
      if ((selector & RPL) != privilege
          || !descriptor.isWritable()
          || descriptor.privilege() != privilege) {
        throw fault(ProcessorException.GENERAL_PROTECTION, selector);
      }
      if (!descriptor.present()) {
        throw fault(ProcessorException.STACK_FAULT, selector);
      }
    } else {
      boolean privilegeOk =
          descriptor.isConforming()
              || Math.max(privilege, selector & RPL) <= descriptor.privilege();
      if (!descriptor.isReadable() || !privilegeOk) {
        throw fault(ProcessorException.GENERAL_PROTECTION, selector);
      }
      if (!descriptor.present()) {
        throw fault(ProcessorException.SEGMENT_NOT_PRESENT, selector);
      }
    }
    set(register, selector, descriptor);
  }

  /**
   * Checks a far jump, call or return to code of the same privilege, and gives what {@link
   * #loadCode} would load; nothing changes.
   *
   * @throws ProcessorException #GP or #NP; a gate or another privilege is #GP here, because the
   *     operating system above installs no call gates; so is 64-bit code, which cannot be run
   */
  public SegmentDescriptor checkCode(int selector) {
    int privilege = privilege();
    if ((selector & ~RPL & 0xffff) == 0) {
      throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
    }
    SegmentDescriptor descriptor = find(selector);
    if (descriptor == null || !descriptor.isCode() || descriptor.longMode()) {
      throw fault(ProcessorException.GENERAL_PROTECTION, selector);
    }
    boolean privilegeOk =
        descriptor.isConforming()
            ? descriptor.privilege() <= privilege
            : (selector & RPL) <= privilege && descriptor.privilege() == privilege;
    if (!privilegeOk) {
      throw fault(ProcessorException.GENERAL_PROTECTION, selector);
    }
    if (!descriptor.present()) {
      throw fault(ProcessorException.SEGMENT_NOT_PRESENT, selector);
    }
    return descriptor;
  }

  /** Loads CS after {@link #checkCode}; the privilege stays. */
  public void loadCode(int selector) {
    SegmentDescriptor descriptor = checkCode(selector);
    set(CS, (selector & ~RPL) | privilege(), descriptor);
  }

  /** The descriptor that a selector names, or null where it lies outside its table. */
  public @Nullable SegmentDescriptor find(int selector) {
    DescriptorTable table = (selector & TABLE_INDICATOR) != 0 ? ldt : gdt;
    int index = (selector & 0xffff) >>> 3;
    return table == null || index >= table.entries() ? null : table.get(index);
  }

  /**
   * Logical to linear.
   *
   * @param register of the segment
   * @param offset in the segment; 32 bits, unsigned
   * @param bytes size of the access
   * @param write whether it writes
   * @return the linear address of the first byte; 32 bits, unsigned
   * @throws ProcessorException #GP, or #SS through SS
   */
  public long linear(int register, long offset, int bytes, boolean write) {
    SegmentDescriptor segment = hidden[register];
    if (!segment.present()
        || (write ? !segment.isWritable() : !segment.isReadable())
        || !segment.contains(offset, bytes)) {
      throw ProcessorException.of(
          register == SS ? ProcessorException.STACK_FAULT : ProcessorException.GENERAL_PROTECTION);
    }
    return (bases[register] + offset) & 0xffff_ffffL;
  }

  /** Everything that a context switch must keep, except the tables. */
  public static final class Saved {
    private final int[] selectors;
    private final SegmentDescriptor[] descriptors;

    private Saved(int[] selectors, SegmentDescriptor[] descriptors) {
      this.selectors = selectors;
      this.descriptors = descriptors;
    }
  }

  /** Copies the registers out. */
  public Saved save() {
    return new Saved(selectors.clone(), hidden.clone());
  }

  /** Puts saved registers back. */
  public void restore(Saved saved) {
    for (int register = ES; register <= GS; register++) {
      set(register, saved.selectors[register], saved.descriptors[register]);
    }
  }

  private void set(int register, int selector, SegmentDescriptor descriptor) {
    selectors[register] = selector & 0xffff;
    hidden[register] = descriptor;
    bases[register] = descriptor.base();
    if (register < FS) {
      flat = isFlat(ES) && isFlat(CS) && isFlat(SS) && isFlat(DS);
    }
  }

  private boolean isFlat(int register) {
    SegmentDescriptor segment = hidden[register];
    return segment != null
        && segment.present()
        && segment.base() == 0
        && segment.limit() == FLAT_LIMIT
        && !segment.isExpandDown()
        && segment.big()
        && (register == CS ? segment.isCode() && segment.isReadable() : segment.isWritable());
  }

  private static ProcessorException fault(int vector, int selector) {
    return ProcessorException.of(vector, selector & 0xfffc);
  }
}
