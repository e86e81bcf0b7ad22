package org.memarium.kernel.ipc;

import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.memarium.mm.Audit;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.MemoryManager;

/** {@code struct ipc_namespace}: System V's objects of a machine; it has one namespace. */
public final class IpcNamespace {
  private final SharedMemory sharedMemory;
  private final Semaphores semaphores;
  private final MessageQueues messageQueues;

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
    semaphores = new Semaphores(slab.kmalloc(), realtimeNanos);
    messageQueues = new MessageQueues(slab.kmalloc(), realtimeNanos);
  }

  /** Sets of semaphores. */
  public Semaphores semaphores() {
    return semaphores;
  }

  /** Segments of shared memory. */
  public SharedMemory sharedMemory() {
    return sharedMemory;
  }

  /** Message queues. */
  public MessageQueues messageQueues() {
    return messageQueues;
  }

  /** {@code exit_shm}: a thread has ended, and has no memory any more. */
  public void exitThread(Object thread) {
    sharedMemory.exit(thread);
  }

  /** {@code exit_sem}: a process has ended with its last thread. */
  public void exitProcess(Object process, int tgid) {
    semaphores.exit(process, tgid);
  }

  /** Recounts. */
  public void audit(Audit audit) {
    sharedMemory.audit(audit);
  }
}
