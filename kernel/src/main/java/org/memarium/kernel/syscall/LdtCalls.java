package org.memarium.kernel.syscall;

import org.memarium.kernel.process.ContextSwitch;
import org.memarium.kernel.process.UserDesc;
import org.memarium.mm.Errno;
import org.memarium.mm.space.LocalDescriptorTable;
import org.memarium.mm.space.MmStruct;

/** {@code modify_ldt}: segments of a program's own; Linux {@code arch/x86/kernel/ldt.c}. */
final class LdtCalls {
  private static final int READ = 0;
  private static final int WRITE_OLD = 1;
  private static final int READ_DEFAULT = 2;
  private static final int WRITE = 0x11;

  private static final int DEFAULT_BYTES = 5 * LocalDescriptorTable.ENTRY_BYTES;
  private static final int WIDE_DEFAULT_BYTES = 128;

  private final Kernel kernel;

  LdtCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("modify_ldt", this::modifyLdt);
  }

  private long modifyLdt(int function, int pointer, int count) {
    long at = Integer.toUnsignedLong(pointer);
    long bytes = Integer.toUnsignedLong(count);
    return switch (function) {
      case READ -> read(at, bytes);
      case WRITE_OLD -> write(at, bytes, true);
      case READ_DEFAULT -> readDefault(at, bytes);
      case WRITE -> write(at, bytes, false);
      default -> -Errno.ENOSYS;
    };
  }

  private MmStruct mm() {
    return kernel.task().requireMm();
  }

  /** {@code read_ldt}: behind the last entry there are zeroes. */
  private long read(long at, long asked) {
    LocalDescriptorTable ldt = mm().ldt().current();
    if (ldt == null) {
      return 0;
    }
    int bytes =
        (int) Math.min(asked, LocalDescriptorTable.MAX_ENTRIES * LocalDescriptorTable.ENTRY_BYTES);
    byte[] out = new byte[bytes];
    for (int i = 0; i < bytes && i / LocalDescriptorTable.ENTRY_BYTES < ldt.entries(); i++) {
      long raw = ldt.table().raw(i / LocalDescriptorTable.ENTRY_BYTES);
      out[i] = (byte) (raw >>> (i % LocalDescriptorTable.ENTRY_BYTES * Byte.SIZE));
    }
    kernel.memory().write(at, out);
    return bytes;
  }

  /** {@code read_default_ldt}: of the time when there was one for all; zeroes. */
  private long readDefault(long at, long asked) {
    int most = kernel.wordBytes() == 4 ? DEFAULT_BYTES : WIDE_DEFAULT_BYTES;
    byte[] zeroes = new byte[(int) Math.min(asked, most)];
    kernel.memory().write(at, zeroes);
    return zeroes.length;
  }

  /** {@code write_ldt}. */
  private long write(long at, long bytes, boolean old) {
    if (bytes != UserDesc.BYTES) {
      return -Errno.EINVAL;
    }
    UserDesc wanted = UserDesc.copyIn(kernel.memory(), at);
    if (Integer.compareUnsigned(wanted.entry(), LocalDescriptorTable.MAX_ENTRIES) >= 0
        || !wanted.isAllowedForLdt(old)) {
      return -Errno.EINVAL;
    }
    long raw = 0;
    if (!wanted.emptiesLdt(old)) {
      raw = (old ? wanted.notUseable() : wanted).descriptor();
    }
    if (!mm().ldt().setEntry(wanted.entry(), raw)) {
      return -Errno.ENOMEM;
    }
    boolean restoresFs = kernel.wordBytes() == 4;
    ContextSwitch.ldtChanged(kernel.cpu().segmentation(), mm(), restoresFs);
    return 0;
  }
}
