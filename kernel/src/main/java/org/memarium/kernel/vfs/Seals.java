package org.memarium.kernel.vfs;

import java.util.function.BooleanSupplier;
import org.memarium.mm.Errno;

/** What nobody can do any more with a file in memory; Linux {@code mm/memfd.c}. */
final class Seals {
  /** What F_SEAL_EXEC brings with it for a file that may be executed: it stays what it is. */
  private static final int SEALS_OF_PROGRAM =
      Fcntl.F_SEAL_SHRINK | Fcntl.F_SEAL_GROW | Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE;

  private static final int ALL_SEALS = Fcntl.F_SEAL_SEAL | SEALS_OF_PROGRAM;

  private final int known;
  private int set;

  /**
   * Seals of a new file.
   *
   * @param set {@code F_SEAL_}: F_SEAL_SEAL alone for a file that can have no others
   * @param sealsExecution whether the kernel knows F_SEAL_EXEC
   */
  Seals(int set, boolean sealsExecution) {
    this.set = set;
    this.known = ALL_SEALS | (sealsExecution ? Fcntl.F_SEAL_EXEC : 0);
  }

  int get() {
    return set;
  }

  /**
   * Does nothing if none of some seals is set.
   *
   * @throws ErrnoException EPERM
   */
  void check(int forbidding) throws ErrnoException {
    if ((set & forbidding) != 0) {
      throw new ErrnoException(Errno.EPERM);
    }
  }

  /**
   * {@code memfd_add_seals}.
   *
   * @param executable whether anybody may execute the file
   * @param mappedWritable asked only if it matters
   * @throws ErrnoException EINVAL for what is no seal; EPERM if it is sealed against that, EBUSY if
   *     it is mapped for writing
   */
  void add(int wanted, boolean executable, BooleanSupplier mappedWritable) throws ErrnoException {
    if ((wanted & ~known) != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    check(Fcntl.F_SEAL_SEAL);
    boolean program = (wanted & Fcntl.F_SEAL_EXEC) != 0 && executable;
    int more = wanted | (program ? SEALS_OF_PROGRAM : 0);
    if ((more & ~set & Fcntl.F_SEAL_WRITE) != 0 && mappedWritable.getAsBoolean()) {
      throw new ErrnoException(Errno.EBUSY);
    }
    set |= more;
  }
}
