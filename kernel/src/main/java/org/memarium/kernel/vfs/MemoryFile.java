package org.memarium.kernel.vfs;

import java.util.function.Supplier;
import org.memarium.hardware.Ram;
import org.memarium.mm.Errno;

/**
 * {@code /proc/<pid>/mem}: the memory of a process as a file, the position being the address; Linux
 * {@code fs/proc/base.c}, {@code mem_rw}. It stays the memory that the process had when the file
 * was opened.
 */
public final class MemoryFile extends PseudoFile {

  /** The memory of one process. */
  public interface Memory {

    /** Whether the process still has it. */
    boolean exists();

    /** Reads; returns how many bytes could be reached. */
    int read(long at, byte[] to, int offset, int count);

    /** Writes; returns how many bytes could be reached. */
    int write(long at, byte[] from, int offset, int count);
  }

  private final Supplier<Memory> memory;

  /**
   * A file that root owns, of permissions 0600.
   *
   * @param memory what the process has now, asked when the file is opened
   */
  public MemoryFile(PseudoFileSystem fileSystem, Supplier<Memory> memory) {
    super(fileSystem, FileMode.S_IFREG | 0600);
    this.memory = memory;
  }

  @Override
  OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
    checkGuard();
    return new Opened(dentry, flags, memory.get());
  }

  private static final class Opened extends PseudoOpenFile {
    private final Memory memory;

    Opened(Dentry dentry, int flags, Memory memory) {
      super(dentry, flags);
      this.memory = memory;
    }

    @Override
    public long pread(byte[] buffer, int offset, int count, long at) {
      return memory.exists() ? orEio(memory.read(at, buffer, offset, count), count) : 0;
    }

    @Override
    public long pwrite(byte[] buffer, int offset, int count, long at) {
      return memory.exists() ? orEio(memory.write(at, buffer, offset, count), count) : 0;
    }

    @Override
    public boolean copiesByPage() {
      return true;
    }

    /** Of memory that is gone nothing is written, and so nothing is looked at. */
    @Override
    public int mostWrittenBytes() {
      return memory.exists() ? Ram.PAGE_SIZE : 0;
    }

    private static long orEio(int done, int count) {
      return done == 0 && count > 0 ? -Errno.EIO : done;
    }
  }
}
