package org.memarium.kernel.syscall;

import org.memarium.hardware.Ram;
import org.memarium.kernel.process.Personality;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.mm.Errno;
import org.memarium.mm.space.HugetlbPages;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;

/** The calls that change the address space: arguments into {@code mm.space}'s terms. */
final class MemoryCalls {
  private final Kernel kernel;

  MemoryCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("brk", this::brk);
    table.set("mmap", this::oldMmap);
    table.set("mmap2", this::mmap2);
    table.set("munmap", this::munmap);
    table.set("mprotect", this::mprotect);
    table.set("mremap", this::mremap);
    String keys =
        "`compat` only, as on a processor without keys: key -1 alone; a 32-bit kernel has none";
    table.set("pkey_mprotect", this::pkeyMprotect).remark(keys);
    table.set("pkey_alloc", (int flags, int rights) -> withoutKeys()).remark(keys);
    table.set("pkey_free", (int key) -> withoutKeys()).remark(keys);
    table.set("mseal", this::mseal).remark("`compat` only: a 32-bit kernel has none");
  }

  /** Its own, which knows what personality(2) of the task that calls says of rights. */
  private MmStruct mm() {
    return memoryOf(kernel.task());
  }

  /**
   * A task's address space, about to map something with the rights, and in the room, that its
   * personality gives.
   */
  static MmStruct memoryOf(Task task) {
    MmStruct mm = task.requireMm();
    int personality = task.attributes().personality();
    mm.setReadImpliesExec((personality & Personality.READ_IMPLIES_EXEC) != 0);
    mm.setIn3Gib((personality & Personality.ADDR_LIMIT_3GB) != 0);
    return mm;
  }

  private long brk(int address) {
    return mm().brk(Integer.toUnsignedLong(address));
  }

  /** The call of old: a pointer to six words, the offset in bytes. */
  private long oldMmap(int block) {
    long at = Integer.toUnsignedLong(block);
    int[] words = new int[6];
    for (int i = 0; i < words.length; i++) {
      words[i] = kernel.memory().readInt(at + 4L * i);
    }
    if ((words[5] & (Ram.PAGE_SIZE - 1)) != 0) {
      return -Errno.EINVAL;
    }
    return mmap2(words[0], words[1], words[2], words[3], words[4], words[5] >>> Ram.PAGE_SHIFT);
  }

  private long mmap2(int address, int bytes, int prot, int flags, int fd, int pageOffset) {
    MappedFile file = null;
    if ((flags & MmapFlags.MAP_ANONYMOUS) == 0) {
      OpenFile open = kernel.task().files().get(fd);
      if (open == null || open.isPathOnly()) {
        return -Errno.EBADF;
      }
      file = open;
    }
    HugetlbPages huge = file == null ? null : file.hugePages();
    long length = Integer.toUnsignedLong(bytes);
    return mm().mmap(
            Integer.toUnsignedLong(address),
            huge == null ? length : mm().layout().word(huge.align(length)),
            prot,
            flags,
            file,
            Integer.toUnsignedLong(pageOffset));
  }

  private long munmap(int address, int bytes) {
    return mm().munmap(Integer.toUnsignedLong(address), Integer.toUnsignedLong(bytes));
  }

  private long mprotect(int address, int bytes, int prot) {
    return mm().mprotect(Integer.toUnsignedLong(address), Integer.toUnsignedLong(bytes), prot);
  }

  /** {@code do_mprotect_pkey}: who changes nothing may name any key. */
  private long pkeyMprotect(int address, int bytes, int prot, int key) {
    if (!mm().layout().hasProtectionKeyCalls()) {
      return -Errno.ENOSYS;
    }
    boolean changes = bytes != 0 || (address & (Ram.PAGE_SIZE - 1)) != 0;
    return key != -1 && changes ? -Errno.EINVAL : mprotect(address, bytes, prot);
  }

  /** There is no key to give away, and none to take back. */
  private long withoutKeys() {
    return mm().layout().hasProtectionKeyCalls() ? -Errno.EINVAL : -Errno.ENOSYS;
  }

  private long mremap(int address, int oldBytes, int newBytes, int flags, int newAddress) {
    return mm().mremap(
            Integer.toUnsignedLong(address),
            Integer.toUnsignedLong(oldBytes),
            Integer.toUnsignedLong(newBytes),
            flags,
            Integer.toUnsignedLong(newAddress));
  }

  private long mseal(int address, int bytes, int flags) {
    MmStruct mm = mm();
    return mm.layout().hasSeals()
        ? mm.mseal(Integer.toUnsignedLong(address), Integer.toUnsignedLong(bytes), flags)
        : -Errno.ENOSYS;
  }
}
