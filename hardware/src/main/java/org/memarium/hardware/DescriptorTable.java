package org.memarium.hardware;

/**
 * A GDT or an LDT: descriptors of eight bytes each, in RAM.
 *
 * <p>The processor reads it at a linear address of the kernel; the kernel's own memory maps RAM one
 * to one, so this holds the physical address and skips the walk.
 */
public final class DescriptorTable {
  private final Ram ram;
  private final long physicalAddress;
  private final int entries;

  /**
   * A view of a table that the kernel placed in RAM.
   *
   * @param ram where it is
   * @param physicalAddress of entry 0
   * @param entries how many, at most 8192
   */
  public DescriptorTable(Ram ram, long physicalAddress, int entries) {
    if (entries < 0 || entries > 8192) {
      throw new IllegalArgumentException("a descriptor table has 0 to 8192 entries: " + entries);
    }
    this.ram = ram;
    this.physicalAddress = physicalAddress;
    this.entries = entries;
  }

  /** How many descriptors it has room for. */
  public int entries() {
    return entries;
  }

  /** The eight bytes of a descriptor. */
  public long raw(int index) {
    return ram.getLong(address(index));
  }

  /** Decodes a descriptor. */
  public SegmentDescriptor get(int index) {
    return SegmentDescriptor.decode(raw(index));
  }

  /** Writes the eight bytes of a descriptor. */
  public void setRaw(int index, long raw) {
    ram.putLong(address(index), raw);
  }

  /** Writes a descriptor. */
  public void set(int index, SegmentDescriptor descriptor) {
    setRaw(index, descriptor.encode());
  }

  private long address(int index) {
    if (index < 0 || index >= entries) {
      throw new IndexOutOfBoundsException("descriptor " + index + " of " + entries);
    }
    return physicalAddress + 8L * index;
  }
}
