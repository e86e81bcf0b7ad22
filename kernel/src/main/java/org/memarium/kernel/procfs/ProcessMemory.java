package org.memarium.kernel.procfs;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.MemoryFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;

/**
 * What {@code /proc/<pid>/mem} reads and writes: an address space, as long as somebody uses it.
 *
 * @param mm null: the process had none
 */
record ProcessMemory(@Nullable MmStruct mm, SystemView system) implements MemoryFile.Memory {

  @Override
  public boolean exists() {
    return mm != null && mm.users() > 0;
  }

  @Override
  public int read(long at, byte[] to, int offset, int count) {
    return mm == null ? 0 : system.remoteAccess().read(mm, limits(mm), at, to, offset, count);
  }

  @Override
  public int write(long at, byte[] from, int offset, int count) {
    return mm == null ? 0 : system.remoteAccess().write(mm, limits(mm), at, from, offset, count);
  }

  /** Those of the task that runs. */
  private RLimits limits(MmStruct owner) {
    ProcessView current = system.current();
    MmStruct own = current == null ? null : current.mm();
    return own == null ? owner.limits() : own.limits();
  }
}
