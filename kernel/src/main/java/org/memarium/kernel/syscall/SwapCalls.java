package org.memarium.kernel.syscall;

import org.memarium.kernel.vfs.Fcntl;
import org.memarium.mm.Errno;
import org.memarium.mm.swap.SwapAreas;

/**
 * {@code swapon} and {@code swapoff} of the machine's own disks, {@code /dev/vda} and on, which
 * have names and no files; Linux {@code mm/swapfile.c}. Nothing else can be a swap area.
 */
final class SwapCalls {
  private final Kernel kernel;

  SwapCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    String which = "the machine's own disks; a file is EINVAL";
    table.set("swapon", (int path, int flags) -> swapOn(path, flags)).remark(which);
    table.set("swapoff", (int path) -> swapOff(path)).remark(which);
  }

  private boolean isPrivileged() {
    return kernel.task().identity().isPrivileged();
  }

  private long swapOn(int path, int flags) {
    if ((flags & ~SwapAreas.FLAGS_VALID) != 0) {
      return -Errno.EINVAL;
    }
    if (!isPrivileged()) {
      return -Errno.EPERM;
    }
    String name = kernel.path(path);
    return kernel.swap().exists(name) ? kernel.swap().swapOn(name, flags) : other(name);
  }

  private long swapOff(int path) {
    if (!isPrivileged()) {
      return -Errno.EPERM;
    }
    String name = kernel.path(path);
    return kernel.swap().exists(name)
        ? kernel.swap().swapOff(name, kernel.task().requireMm())
        : other(name);
  }

  /** What is no disk: whatever keeps it from being opened, or that it is none. */
  private long other(String name) {
    long found = kernel.files().faccessat2(Fcntl.AT_FDCWD, name, 0, 0);
    return found < 0 ? found : -Errno.EINVAL;
  }
}
