package org.memarium.kernel.ipc;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/** {@code struct sem_array}: a set of semaphores, and who waits for them. */
public final class SemSet extends IpcObject {
  final int[] values;
  final int[] lastPids;
  final long slot;
  long operationSeconds;
  long changeSeconds;

  /** {@code pending_alter}, {@code pending_const}: who sleeps, in order of arrival. */
  final List<SemWait> pending = new ArrayList<>();

  /** {@code semadj}: what the end of a process adds to each, by process. */
  final Map<Object, int[]> undos = new LinkedHashMap<>();

  SemSet(IpcCaller caller, int key, int flags, int semaphores, long slot) {
    super(caller, key, flags);
    values = new int[semaphores];
    lastPids = new int[semaphores];
    this.slot = slot;
  }

  /** {@code sem_nsems}. */
  public int semaphores() {
    return values.length;
  }

  /** When an operation was done last, in seconds since 1970; 0: never. */
  public long operationSeconds() {
    return operationSeconds;
  }

  /** When it was made or set. */
  public long changeSeconds() {
    return changeSeconds;
  }

  /**
   * {@code perform_atomic_semop}: all operations, or none.
   *
   * @return 0; a negative errno; 1 if they have to wait
   */
  long perform(SemOperation[] operations, Object process, int tgid) {
    int[] before = values.clone();
    int[] adjustments = undos.get(process);
    int[] adjusted = adjustments == null ? new int[values.length] : adjustments.clone();
    boolean undo = false;
    long result = 0;
    for (SemOperation operation : operations) {
      int at = operation.semaphore();
      int after = values[at] + operation.change();
      if ((operation.change() == 0 && values[at] != 0) || after < 0) {
        result = operation.isNoWait() ? -Errno.EAGAIN : 1;
        break;
      }
      if (after > Semaphores.MAX_VALUE) {
        result = -Errno.ERANGE;
        break;
      }
      if (operation.isUndo()) {
        int adjustment = adjusted[at] - operation.change();
        if (adjustment < -Semaphores.MAX_VALUE - 1 || adjustment > Semaphores.MAX_VALUE) {
          result = -Errno.ERANGE;
          break;
        }
        adjusted[at] = adjustment;
        undo = true;
      }
      values[at] = after;
    }
    if (result != 0) {
      System.arraycopy(before, 0, values, 0, before.length);
      return result;
    }
    for (SemOperation operation : operations) {
      lastPids[operation.semaphore()] = tgid;
    }
    if (undo) {
      undos.put(process, adjusted);
    }
    return 0;
  }

  /**
   * {@code do_smart_update}: values have changed, and whoever can go on does; those who wait for
   * zero first, the others in order of arrival, from the beginning after each that changed
   * something.
   *
   * @return whether anybody's operations were done
   */
  boolean update() {
    boolean any = false;
    while (completeOne(false) || completeOne(true)) {
      any = true;
    }
    return any;
  }

  /** Lets the first of those go on who can, and who alter values or not. */
  private boolean completeOne(boolean altering) {
    for (SemWait wait : List.copyOf(pending)) {
      if (wait.isAltering() == altering) {
        long result = perform(wait.operations(), wait.process(), wait.tgid());
        if (result <= 0) {
          finish(wait, result);
          return true;
        }
      }
    }
    return false;
  }

  /** Ends somebody's sleep. */
  void finish(SemWait wait, long result) {
    pending.remove(wait);
    wait.finish(result);
  }

  /** {@code count_semcnt}: how many wait for a semaphore to be zero, or to grow. */
  int waiting(int semaphore, boolean forZero) {
    int count = 0;
    for (SemWait wait : pending) {
      SemOperation blocking = blocking(wait);
      if (blocking != null
          && blocking.semaphore() == semaphore
          && (blocking.change() == 0) == forZero) {
        count++;
      }
    }
    return count;
  }

  /** The operation at which somebody's operations stop now. */
  private @Nullable SemOperation blocking(SemWait wait) {
    int[] after = values.clone();
    for (SemOperation operation : wait.operations()) {
      int at = operation.semaphore();
      if ((operation.change() == 0 && after[at] != 0) || after[at] + operation.change() < 0) {
        return operation;
      }
      after[at] += operation.change();
    }
    return null;
  }
}
