package org.memarium.kernel.procfs;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.MemoryFile;
import org.memarium.mm.fault.RemoteAccess;
import org.memarium.mm.space.MmStruct;

/**
 * What {@code /proc/<pid>/mem} reads and writes: an address space, as long as somebody uses it.
 *
 * @param mm null: the process had none
 */
record ProcessMemory(@Nullable MmStruct mm, RemoteAccess remote) implements MemoryFile.Memory {

  @Override
  public boolean exists() {
    return mm != null && mm.users() > 0;
  }

  @Override
  public int read(long at, byte[] to, int offset, int count) {
    return mm == null ? 0 : remote.read(mm, at, to, offset, count);
  }

  @Override
  public int write(long at, byte[] from, int offset, int count) {
    return mm == null ? 0 : remote.write(mm, at, from, offset, count);
  }
}
