package org.memarium.mm.swap;

import org.memarium.hardware.BlockDevice;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.PageAllocator;

/** A whole disk as a swap area. It stays open when the area is off, and may be used again. */
public final class DiskSwap implements SwapDevice {
  private final BlockDevice disk;
  private final String name;
  private final boolean rotational;

  /**
   * A device.
   *
   * @param name as programs know it, such as {@code /dev/vda}
   * @param rotational whether a seek costs
   */
  public DiskSwap(BlockDevice disk, String name, boolean rotational) {
    this.disk = disk;
    this.name = name;
    this.rotational = rotational;
  }

  /**
   * {@code mkswap}: writes the header of a swap area as large as the disk.
   *
   * @return 0, or a negative errno
   */
  public static int format(BlockDevice disk, PageAllocator allocator) {
    int pfn = allocator.allocPage(Gfp.GFP_KERNEL | Gfp.ZERO);
    if (pfn < 0) {
      return -Errno.ENOMEM;
    }
    SwapHeader.make(allocator.ram(), pfn, disk.pages());
    int error = disk.write(0, allocator.ram(), pfn);
    allocator.freePages(pfn, 0);
    return error;
  }

  /** The disk. */
  public BlockDevice disk() {
    return disk;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean isFile() {
    return false;
  }

  @Override
  public boolean isRotational() {
    return rotational;
  }

  @Override
  public long pages() {
    return disk.pages();
  }

  @Override
  public int read(long page, Ram ram, int pfn) {
    return disk.read(page, ram, pfn);
  }

  @Override
  public int write(long page, Ram ram, int pfn) {
    return disk.write(page, ram, pfn);
  }

  @Override
  public void close() {}
}
