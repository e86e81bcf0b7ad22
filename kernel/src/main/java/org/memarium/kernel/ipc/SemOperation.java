package org.memarium.kernel.ipc;

/**
 * {@code struct sembuf}: what is done with one semaphore.
 *
 * @param semaphore which
 * @param change is added; 0: wait until the value is zero
 * @param flags IPC_NOWAIT, SEM_UNDO
 */
public record SemOperation(int semaphore, int change, int flags) {
  private static final int IPC_NOWAIT = 04000;
  private static final int SEM_UNDO = 0x1000;

  boolean isNoWait() {
    return (flags & IPC_NOWAIT) != 0;
  }

  boolean isUndo() {
    return (flags & SEM_UNDO) != 0;
  }
}
