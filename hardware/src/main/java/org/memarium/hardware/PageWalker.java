package org.memarium.hardware;

/**
 * The page walk: linear to physical address through the tables in RAM (Intel SDM vol. 3A, 4.3 to
 * 4.8).
 *
 * <p>A walk that succeeds sets A in every entry that it used, and D in the last one for a write.
 * One that fails sets A in the entries above the one that stopped it, as a processor may, and
 * produces the error code. CR0.WP is always on: a supervisor's write respects R/W.
 *
 * <p>The result stays in fields until the next walk, so that walking allocates nothing.
 */
final class PageWalker {
  private final Ram ram;
  private final PageTableFormat format;
  private final boolean nxEnabled;

  /** Of the last successful walk: physical address of the 4 KiB page. */
  long physicalPage;

  /** Of the last successful walk: R/W, U/S and NX of all levels combined, G and D of the last. */
  long permissions;

  /** Of the last walk: 1 for a 4 KiB page, 2 or 3 for a large one. */
  int pageLevel;

  /** Of the last failed walk: bits as in {@link PageFaultCode}. */
  int errorCode;

  PageWalker(Ram ram, PageTableFormat format, boolean nxEnabled) {
    this.ram = ram;
    this.format = format;
    this.nxEnabled = nxEnabled && format.hasNx();
  }

  /**
   * Walks.
   *
   * @param root physical address of the top table
   * @param linearAddress what to translate
   * @param access W, U and I of {@link PageFaultCode}
   * @param mark whether to set A and D; false only to look without leaving a trace
   * @return true: {@link #physicalPage} and {@link #permissions} are set; false: {@link #errorCode}
   *     is
   */
  boolean walk(long root, long linearAddress, int access, boolean mark) {
    long table = root;
    long combined = PageTableEntry.WRITABLE | PageTableEntry.USER;
    for (int level = format.levels(); ; level--) {
      long entryAddress = format.entryAddress(table, level, linearAddress);
      // An entry beyond RAM reads as all ones on a real bus: present, with reserved bits set.
      long entry =
          entryAddress + format.entryBytes() <= ram.bytes() ? format.read(ram, entryAddress) : -1;
      if ((entry & PageTableEntry.PRESENT) == 0) {
        return fail(access, 0);
      }
      boolean page =
          level == 1 || ((entry & PageTableEntry.LARGE) != 0 && format.mayMapPage(level));
      if ((entry & format.reservedBits(level, page, nxEnabled)) != 0) {
        return fail(access, PageFaultCode.PRESENT | PageFaultCode.RESERVED);
      }
      if (format.hasPermissions(level)) {
        combined &= entry | ~(PageTableEntry.WRITABLE | PageTableEntry.USER);
        combined |= nxEnabled ? entry & PageTableEntry.NX : 0;
      }
      if (page) {
        return finish(level, entryAddress, entry, combined, linearAddress, access, mark);
      }
      if (mark && format.hasPermissions(level) && (entry & PageTableEntry.ACCESSED) == 0) {
        format.write(ram, entryAddress, entry | PageTableEntry.ACCESSED);
      }
      table = format.address(level, entry, false);
    }
  }

  private boolean finish(
      int level,
      long entryAddress,
      long entry,
      long combined,
      long linearAddress,
      int access,
      boolean mark) {
    boolean write = (access & PageFaultCode.WRITE) != 0;
    if (((access & PageFaultCode.USER) != 0 && (combined & PageTableEntry.USER) == 0)
        || (write && (combined & PageTableEntry.WRITABLE) == 0)
        || ((access & PageFaultCode.INSTRUCTION) != 0 && (combined & PageTableEntry.NX) != 0)) {
      return fail(access, PageFaultCode.PRESENT);
    }
    long physical =
        format.address(level, entry, true)
            | (linearAddress & ((1L << format.shift(level)) - 1) & -(long) Ram.PAGE_SIZE);
    if (physical + Ram.PAGE_SIZE > ram.bytes()) {
      // No RAM answers there, and there are no devices: treated as an address beyond the bus.
      return fail(access, PageFaultCode.PRESENT | PageFaultCode.RESERVED);
    }
    long marked = entry | PageTableEntry.ACCESSED | (write ? PageTableEntry.DIRTY : 0);
    if (mark && marked != entry) {
      format.write(ram, entryAddress, marked);
    }
    physicalPage = physical;
    permissions = combined | (marked & (PageTableEntry.GLOBAL | PageTableEntry.DIRTY));
    pageLevel = level;
    return true;
  }

  private boolean fail(int access, int cause) {
    errorCode = cause | (nxEnabled ? access : access & ~PageFaultCode.INSTRUCTION);
    return false;
  }
}
