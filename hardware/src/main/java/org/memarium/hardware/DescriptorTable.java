package org.memarium.hardware;

/**
 * A GDT or an LDT: descriptors of eight bytes each, in RAM.
 *
 * <p>The processor reads it at a linear address of the kernel; this holds the physical address of
 * each page of it and skips the walk.
 */
public final class DescriptorTable {
  private static final int ENTRIES_PER_PAGE = Ram.PAGE_SIZE / 8;

  private final Ram ram;
  private final long[] pages;
  private final int entries;

  /**
   * A view of a table that the kernel placed in RAM.
   *
   * @param ram where it is
   * @param physicalAddress of entry 0
   * @param entries how many, at most 8192
   */
  public DescriptorTable(Ram ram, long physicalAddress, int entries) {
    this(ram, consecutive(physicalAddress, pages(entries)), entries);
  }

  /**
   * A view of a table whose pages lie anywhere.
   *
   * @param pages physical address of each 512 entries
   */
  public DescriptorTable(Ram ram, long[] pages, int entries) {
    if (pages.length < pages(entries)) {
      throw new IllegalArgumentException(
          "%d descriptors do not fit into %d pages".formatted(entries, pages.length));
    }
    this.ram = ram;
    this.pages = pages.clone();
    this.entries = entries;
  }

  private static int pages(int entries) {
    if (entries < 0 || entries > 8192) {
      throw new IllegalArgumentException("a descriptor table has 0 to 8192 entries: " + entries);
    }
    return (entries + ENTRIES_PER_PAGE - 1) / ENTRIES_PER_PAGE;
  }

  private static long[] consecutive(long physicalAddress, int count) {
    long[] addresses = new long[count];
    for (int i = 0; i < count; i++) {
      addresses[i] = physicalAddress + (long) i * Ram.PAGE_SIZE;
    }
    return addresses;
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
    return pages[index / ENTRIES_PER_PAGE] + 8L * (index % ENTRIES_PER_PAGE);
  }
}
