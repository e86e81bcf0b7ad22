package org.memarium.kernel.process;

import org.memarium.kernel.futex.FutexKey;
import org.memarium.kernel.futex.FutexWords;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/** Futexes in the memory of a task, to be used only while it runs. */
final class UserWords implements FutexWords {
  private static final long PAGE_MASK = 0xfff;

  private final Task task;
  private final UserMemory memory;

  UserWords(Task task, UserMemory memory) {
    this.task = task;
    this.memory = memory;
  }

  /**
   * {@code get_futex_key}. The page is asked for as Linux asks, to be written where that is
   * possible: afterwards a private page is an anonymous one, known by its address.
   */
  @Override
  public FutexKey key(long address, boolean shared, boolean writes) {
    if (!memory.isUserRange(address, Integer.BYTES)) {
      throw new UserFaultException();
    }
    MmStruct mm = task.requireMm();
    long page = address & ~PAGE_MASK;
    int offset = (int) (address & PAGE_MASK);
    if (!shared) {
      return new FutexKey(mm, page, offset);
    }
    boolean writable = memory.canWrite(address);
    if (!writable) {
      if (writes) {
        throw new UserFaultException();
      }
      memory.readInt(address);
    }
    Vma area = mm.findVma(address);
    boolean isFile =
        area != null && area.mapping() != null && (area.has(VmFlags.SHARED) || !writable);
    if (area != null && isFile && area.mapping() != null) {
      return new FutexKey(area.mapping(), area.pageIndex(address), offset | FutexKey.INODE);
    }
    if (!writable) {
      throw new UserFaultException();
    }
    return new FutexKey(mm, page, offset | FutexKey.MM_SHARED);
  }

  @Override
  public int read(long address) {
    return memory.readInt(address);
  }

  @Override
  public void write(long address, int value) {
    memory.writeInt(address, value);
  }
}
