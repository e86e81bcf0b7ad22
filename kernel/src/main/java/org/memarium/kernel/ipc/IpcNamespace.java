package org.memarium.kernel.ipc;

import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.memarium.mm.Audit;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.MemoryManager;

/** {@code struct ipc_namespace}: System V's objects of a machine; it has one namespace. */
public final class IpcNamespace {
  private final SharedMemory sharedMemory;

  /**
   * Nothing in it.
   *
   * @param currentTgid the number of the process that runs; 0: none
   * @param realtimeNanos nanoseconds since 1970
   * @param wordBytes bytes of the kernel's word: 4 or 8
   */
  public IpcNamespace(
      MemoryManager memory,
      SlabAllocator slab,
      IntSupplier currentTgid,
      LongSupplier realtimeNanos,
      int wordBytes) {
    sharedMemory = new SharedMemory(memory, slab, currentTgid, realtimeNanos, wordBytes);
  }

  /** Segments of shared memory. */
  public SharedMemory sharedMemory() {
    return sharedMemory;
  }

  /** {@code exit_shm}: a thread has ended, and has no memory any more. */
  public void exit(Object thread) {
    sharedMemory.exit(thread);
  }

  /** Recounts. */
  public void audit(Audit audit) {
    sharedMemory.audit(audit);
  }
}
