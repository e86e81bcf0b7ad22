package org.memarium.kernel;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.BlockDevice;
import org.memarium.hardware.HostFileException;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.TryToUnuse;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.swap.DiskSwap;
import org.memarium.mm.swap.Swap;
import org.memarium.mm.swap.SwapAreas;

/**
 * The disks that a machine has for swap: {@code /dev/vda} and on, one for each {@link SwapArea}.
 * They are on when it has booted, may be turned off and on again, and go with it.
 */
public final class MachineSwap implements Kernel.SwapControl, AutoCloseable {
  /** So many disks have one letter. */
  private static final int MAX_DISKS = 26;

  /** Where temporary files may be large. */
  private static final String LARGE_FILES = "/var/tmp";

  private final MemoryManager memory;
  private final Swap swap;
  private final List<DiskSwap> disks = new ArrayList<>();

  /** No disk yet. */
  MachineSwap(MemoryManager memory) {
    this.memory = memory;
    this.swap = memory.swap();
  }

  /**
   * Turns areas on, as a machine does when it boots.
   *
   * @throws UsageException if a file is not there, is in use, or holds no swap area
   */
  void boot(List<SwapArea> areas, PageAllocator allocator) {
    if (areas.size() > MAX_DISKS) {
      throw new UsageException(
          "%d swap areas are too many: %d at most".formatted(areas.size(), MAX_DISKS));
    }
    for (SwapArea area : areas) {
      BlockDevice disk = open(area);
      String name = "/dev/vd" + (char) ('a' + disks.size());
      DiskSwap device = new DiskSwap(disk, name, area.seeks());
      disks.add(device);
      if (area.file() == null && DiskSwap.format(disk, allocator) != 0) {
        throw new UsageException(disk.path() + ": there is no room for swap");
      }
      int flags = area.priority() < 0 ? 0 : SwapAreas.FLAG_PREFER | area.priority();
      int error = swap.areas().swapOn(device, flags);
      if (error != 0) {
        throw refused(area, disk, error);
      }
    }
  }

  private static UsageException refused(SwapArea area, BlockDevice disk, int error) {
    if (error == -Errno.EINVAL && area.file() != null) {
      return new UsageException(
          "%s holds no swap area; 'mkswap %s' makes it one".formatted(area.file(), area.file()));
    }
    if (error == -Errno.ENOMEM) {
      return new UsageException(
          "RAM is too little for a swap area of %,d pages".formatted(disk.pages()));
    }
    return new UsageException(
        "%s cannot be a swap area: %s".formatted(disk.path(), Errno.name(-error)));
  }

  private static BlockDevice open(SwapArea area) {
    Path file = area.file();
    try {
      return file == null
          ? BlockDevice.temporary(temporaryFolder(), area.bytes())
          : BlockDevice.open(file.toString());
    } catch (HostFileException e) {
      throw new UsageException(
          "%s cannot be used for swap: %s"
              .formatted(
                  e.path(),
                  e.errno() == Errno.EAGAIN ? "somebody else uses it" : Errno.name(e.errno())));
    }
  }

  /** {@code $TMPDIR}, else where temporary files may be large. */
  private static String temporaryFolder() {
    String asked = System.getenv("TMPDIR");
    if (asked != null && Files.isDirectory(Path.of(asked))) {
      return asked;
    }
    return Files.isWritable(Path.of(LARGE_FILES))
        ? LARGE_FILES
        : System.getProperty("java.io.tmpdir");
  }

  /** The disk of a name such as {@code /dev/vda}; null if there is none. */
  public @Nullable DiskSwap disk(String name) {
    for (DiskSwap device : disks) {
      if (device.name().equals(name)) {
        return device;
      }
    }
    return null;
  }

  /** All disks, in order. */
  public List<DiskSwap> disks() {
    return List.copyOf(disks);
  }

  @Override
  public boolean exists(String name) {
    return disk(name) != null;
  }

  @Override
  public long swapOn(String name, int flags) {
    DiskSwap device = disk(name);
    if (device == null) {
      return -Errno.ENOENT;
    }
    return swap.areas().typeOf(name) >= 0 ? -Errno.EBUSY : swap.areas().swapOn(device, flags);
  }

  @Override
  public long swapOff(String name, MmStruct mm) {
    int type = swap.areas().typeOf(name);
    if (type < 0) {
      return -Errno.EINVAL;
    }
    if (!memory.committedMemory().isEnoughFor(mm, swap.areas().pagesOf(type))) {
      return -Errno.ENOMEM;
    }
    return swap.areas().swapOff(type, new TryToUnuse(memory));
  }

  /** Gives the files back; temporary ones are gone. */
  @Override
  public void close() {
    swap.close();
    for (DiskSwap device : disks) {
      device.disk().close();
    }
  }
}
