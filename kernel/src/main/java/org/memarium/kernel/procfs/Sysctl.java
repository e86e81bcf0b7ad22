package org.memarium.kernel.procfs;

import java.util.function.IntConsumer;
import java.util.function.IntSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.PseudoDirectory;
import org.memarium.kernel.vfs.PseudoFileSystem;
import org.memarium.mm.Errno;

/**
 * A directory of /proc/sys, filled file by file: {@code struct ctl_table}; Linux {@code
 * kernel/sysctl.c}.
 */
final class Sysctl {

  /** Permissions of a setting. */
  static final int WRITABLE = 0644;

  /** Permissions of a setting that only root sees. */
  static final int PRIVATE = 0600;

  /** Permissions of what is set off by a write. */
  static final int WRITE_ONLY = 0200;

  private static final int READ_ONLY = 0444;

  private final PseudoFileSystem fileSystem;
  private final PseudoDirectory directory;
  private final int wordBytes;

  /**
   * A directory.
   *
   * @param wordBytes of the kernel: how large an {@code unsigned long} is
   */
  Sysctl(PseudoFileSystem fileSystem, PseudoDirectory directory, int wordBytes) {
    this.fileSystem = fileSystem;
    this.directory = directory;
    this.wordBytes = wordBytes;
  }

  /** A line that nobody can set. */
  void text(String name, Supplier<String> text) {
    file(name, READ_ONLY, () -> text.get() + "\n", bytes -> -Errno.EACCES);
  }

  /** {@code proc_dointvec_minmax}: an {@code int} between two bounds. */
  void integer(String name, int min, int max, IntSupplier get, IntConsumer set) {
    integer(name, WRITABLE, min, max, get, set);
  }

  /** {@link #integer} with other permissions. */
  void integer(String name, int permissions, int min, int max, IntSupplier get, IntConsumer set) {
    file(
        name,
        permissions,
        () -> SysctlNumbers.print(get.getAsInt()),
        bytes -> {
          int[] value = new int[1];
          long result = SysctlNumbers.parseInts(bytes, value, min, max);
          if (result >= 0) {
            set.accept(value[0]);
          }
          return result;
        });
  }

  /** {@code proc_doulongvec_minmax}: an {@code unsigned long} with a lower bound. */
  void unsignedLong(String name, long min, LongSupplier get, LongConsumer set) {
    file(
        name,
        WRITABLE,
        () -> SysctlNumbers.print(get.getAsLong()),
        bytes -> {
          long[] value = new long[1];
          long result = SysctlNumbers.parseUnsigned(bytes, value, min, wordBytes);
          if (result >= 0) {
            set.accept(value[0]);
          }
          return result;
        });
  }

  /** A setting that nothing follows yet: it holds what is written. */
  void held(String name, int min, int max, int initial) {
    held(name, WRITABLE, min, max, initial);
  }

  /** {@link #held} with other permissions. */
  void held(String name, int permissions, int min, int max, int initial) {
    int[] value = {initial};
    integer(name, permissions, min, max, () -> value[0], written -> value[0] = written);
  }

  /** Any other file. */
  void file(String name, int permissions, Supplier<String> text, GeneratedFile.Writer writer) {
    directory.add(name, GeneratedFile.ofSetting(fileSystem, permissions, text, writer));
  }
}
