package org.memarium.kernel.syscall;

import org.memarium.hardware.Ram;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.Errno;
import org.memarium.mm.space.FileAccess;
import org.memarium.mm.space.MmStruct;

/**
 * The calls about which pages are in memory: madvise, mincore, msync, mlock and their kin;
 * arguments into {@code mm.space}'s terms (Linux {@code mm/madvise.c}, {@code mm/mincore.c}, {@code
 * mm/mlock.c}).
 */
final class AdviceCalls {
  private final Kernel kernel;

  AdviceCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("madvise", this::madvise);
    table.set("mincore", this::mincore);
    table.set("msync", this::msync);
    table.set("remap_file_pages", this::remapFilePages);
    table.set("mlock", (int address, int bytes) -> mlock(address, bytes, 0));
    table.set("mlock2", this::mlock);
    table.set("munlock", this::munlock);
    table.set("mlockall", (int flags) -> mm().mlock().mlockall(flags));
    table.set("munlockall", () -> mm().mlock().munlockall());
  }

  private MmStruct mm() {
    return MemoryCalls.memoryOf(kernel.task());
  }

  /** Shared anonymous memory belongs to whoever made it, and its name is nowhere. */
  static FileAccess files(Kernel kernel) {
    var credentials = kernel.task().identity().forFiles();
    return file -> !(file instanceof OpenFile open) || open.mayBeWrittenBy(credentials);
  }

  private long madvise(int address, int bytes, int advice) {
    return mm().madvise(
            Integer.toUnsignedLong(address), Integer.toUnsignedLong(bytes), advice, files(kernel));
  }

  private long msync(int address, int bytes, int flags) {
    return mm().msync(Integer.toUnsignedLong(address), Integer.toUnsignedLong(bytes), flags);
  }

  private long remapFilePages(int address, int bytes, int prot, int pageOffset, int flags) {
    return mm().remapFilePages(
            Integer.toUnsignedLong(address),
            Integer.toUnsignedLong(bytes),
            prot,
            Integer.toUnsignedLong(pageOffset),
            flags);
  }

  private long mlock(int address, int bytes, int flags) {
    return mm().mlock()
        .mlock2(Integer.toUnsignedLong(address), Integer.toUnsignedLong(bytes), flags);
  }

  private long munlock(int address, int bytes) {
    return mm().mlock().munlock(Integer.toUnsignedLong(address), Integer.toUnsignedLong(bytes));
  }

  /** What was written before a hole stays written. */
  private long mincore(int address, int bytes, int to) {
    long at = Integer.toUnsignedLong(address);
    if ((at & (Ram.PAGE_SIZE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    if (!kernel.memory().isUserRange(at, Integer.toUnsignedLong(bytes))) {
      return -Errno.ENOMEM;
    }
    long left = (Integer.toUnsignedLong(bytes) + Ram.PAGE_SIZE - 1) >>> Ram.PAGE_SHIFT;
    long target = Integer.toUnsignedLong(to);
    if (!kernel.memory().isUserRange(target, left)) {
      return -Errno.EFAULT;
    }
    byte[] some = new byte[(int) Math.min(left, Ram.PAGE_SIZE)];
    while (left > 0) {
      long count = mm().mincore(at, some, (int) Math.min(left, some.length), files(kernel));
      if (count < 0) {
        return count;
      }
      if (kernel.memory().copyToUser(target, some, 0, (int) count) < count) {
        return -Errno.EFAULT;
      }
      at += count << Ram.PAGE_SHIFT;
      target += count;
      left -= count;
    }
    return 0;
  }
}
