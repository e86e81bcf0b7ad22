package org.memarium.kernel.ipc;

import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.slab.Kmalloc;

/** Semaphores of System V; Linux {@code ipc/sem.c}. */
public final class Semaphores {
  /** {@code SEMVMX}: the largest value. */
  public static final int MAX_VALUE = 32_767;

  private static final int DEFAULT_PER_SET = 32_000;
  private static final int DEFAULT_TOTAL = 1_024_000_000;
  private static final int DEFAULT_OPERATIONS = 500;
  private static final int DEFAULT_SETS = 32_000;

  private static final int S_IRUGO = 0444;
  private static final int S_IWUGO = 0222;

  /** {@code struct sem_array} and {@code struct sem}, each in lines of the cache of its own. */
  private static final int SET_BYTES = 256;

  private static final int SEMAPHORE_BYTES = 64;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final Kmalloc kmalloc;
  private final LongSupplier realtimeNanos;
  private final IpcIds<SemSet> ids = new IpcIds<>();

  /** {@code sem_ctls}: semmsl, semmns, semopm, semmni. */
  private final int[] limits = {DEFAULT_PER_SET, DEFAULT_TOTAL, DEFAULT_OPERATIONS, DEFAULT_SETS};

  private int total;

  Semaphores(Kmalloc kmalloc, LongSupplier realtimeNanos) {
    this.kmalloc = kmalloc;
    this.realtimeNanos = realtimeNanos;
  }

  private long nowSeconds() {
    return realtimeNanos.getAsLong() / NANOS_PER_SECOND;
  }

  /** {@code semget}: a number, or a negative errno. */
  public long semget(IpcCaller caller, int key, int semaphores, int flags) {
    if (semaphores < 0 || semaphores > limits[0]) {
      return -Errno.EINVAL;
    }
    return ids.get(
        caller,
        key,
        flags,
        () -> newSet(caller, key, semaphores, flags),
        found -> semaphores > found.semaphores() ? -Errno.EINVAL : 0);
  }

  private long newSet(IpcCaller caller, int key, int semaphores, int flags) {
    if (semaphores == 0) {
      return -Errno.EINVAL;
    }
    if ((long) total + semaphores > limits[1]) {
      return -Errno.ENOSPC;
    }
    long slot =
        kmalloc.kmalloc(SET_BYTES + (long) SEMAPHORE_BYTES * semaphores, Gfp.GFP_KERNEL_ACCOUNT);
    if (slot == 0) {
      return -Errno.ENOMEM;
    }
    SemSet set = new SemSet(caller, key, flags, semaphores, slot);
    set.changeSeconds = nowSeconds();
    long id = ids.add(set, limits[3]);
    if (id < 0) {
      kmalloc.kfree(slot);
    } else {
      total += semaphores;
    }
    return id;
  }

  /** How many operations a call may have. */
  public int maxOperations() {
    return limits[2];
  }

  /** What {@link #semop} did: a result, or a wait that has begun. */
  public record Outcome(long result, @Nullable SemWait waiting) {}

  /** {@code __do_semtimedop}. */
  public Outcome semop(IpcCaller caller, int id, SemOperation[] operations) {
    SemSet set = ids.find(id);
    if (set == null) {
      return new Outcome(-Errno.EINVAL, null);
    }
    boolean alters = false;
    for (SemOperation operation : operations) {
      alters |= operation.change() != 0;
      if (operation.semaphore() >= set.semaphores()) {
        return new Outcome(-Errno.EFBIG, null);
      }
    }
    if (!set.permits(caller, alters ? S_IWUGO : S_IRUGO)) {
      return new Outcome(-Errno.EACCES, null);
    }
    long result = set.perform(operations, caller.process(), caller.tgid());
    if (result <= 0) {
      if (result == 0) {
        set.operationSeconds = nowSeconds();
        set.update();
      }
      return new Outcome(result, null);
    }
    SemWait wait = new SemWait(set, operations, caller.process(), caller.tgid());
    set.pending.add(wait);
    return new Outcome(0, wait);
  }

  // ---- semctl ----

  /** IPC_STAT. */
  public IpcResult<SemSet> stat(IpcCaller caller, int id) {
    return IpcResult.ifPermitted(caller, ids.find(id), S_IRUGO);
  }

  /** SEM_STAT and SEM_STAT_ANY. */
  public IpcResult<SemSet> statAt(IpcCaller caller, int index, boolean any) {
    return IpcResult.ifPermitted(caller, ids.atIndexOf(index), any ? 0 : S_IRUGO);
  }

  /** The set of a number for GETVAL, GETALL and the like, or for SETALL. */
  public IpcResult<SemSet> open(IpcCaller caller, int id, boolean write) {
    return IpcResult.ifPermitted(caller, ids.find(id), write ? S_IWUGO : S_IRUGO);
  }

  /** GETVAL. */
  public static int value(SemSet set, int semaphore) {
    return set.values[semaphore];
  }

  /** GETPID. */
  public static int lastPid(SemSet set, int semaphore) {
    return set.lastPids[semaphore];
  }

  /** GETNCNT, GETZCNT. */
  public static int waiting(SemSet set, int semaphore, boolean forZero) {
    return set.waiting(semaphore, forZero);
  }

  /** {@code semctl_setval}: 0 or a negative errno. */
  public long setValue(IpcCaller caller, int id, int semaphore, int value) {
    if (value < 0 || value > MAX_VALUE) {
      return -Errno.ERANGE;
    }
    SemSet set = ids.find(id);
    if (set == null || semaphore < 0 || semaphore >= set.semaphores()) {
      return -Errno.EINVAL;
    }
    if (!set.permits(caller, S_IWUGO)) {
      return -Errno.EACCES;
    }
    set.undos.values().forEach(adjustments -> adjustments[semaphore] = 0);
    set.values[semaphore] = value;
    changed(caller, set, semaphore, semaphore + 1);
    return 0;
  }

  /** SETALL, of a set that the caller may write; 0 or -ERANGE. */
  public long setAll(IpcCaller caller, SemSet set, int[] values) {
    for (int value : values) {
      if (value > MAX_VALUE) {
        return -Errno.ERANGE;
      }
    }
    System.arraycopy(values, 0, set.values, 0, values.length);
    set.undos.values().forEach(adjustments -> Arrays.fill(adjustments, 0));
    changed(caller, set, 0, values.length);
    return 0;
  }

  private void changed(IpcCaller caller, SemSet set, int from, int end) {
    Arrays.fill(set.lastPids, from, end, caller.tgid());
    set.changeSeconds = nowSeconds();
    update(set);
  }

  private void update(SemSet set) {
    if (set.update()) {
      set.operationSeconds = nowSeconds();
    }
  }

  /** IPC_SET: 0 or a negative errno. */
  public long set(IpcCaller caller, int id, int uid, int gid, int mode) {
    SemSet set = ids.find(id);
    long result = IpcObject.update(set, caller, uid, gid, mode);
    if (set != null && result == 0) {
      set.changeSeconds = nowSeconds();
    }
    return result;
  }

  /** IPC_RMID: who waits hears of it. */
  public long remove(IpcCaller caller, int id) {
    SemSet set = ids.find(id);
    if (set == null || !set.isControlledBy(caller)) {
      return set == null ? -Errno.EINVAL : -Errno.EPERM;
    }
    ids.remove(set);
    total -= set.semaphores();
    List.copyOf(set.pending).forEach(wait -> set.finish(wait, -Errno.EIDRM));
    kmalloc.kfree(set.slot);
    return 0;
  }

  /** {@code exit_sem}: a process has ended, and what it did with SEM_UNDO is undone. */
  void exit(Object process, int tgid) {
    for (SemSet set : ids.all()) {
      int[] adjustments = set.undos.remove(process);
      if (adjustments == null) {
        continue;
      }
      for (int i = 0; i < adjustments.length; i++) {
        if (adjustments[i] != 0) {
          set.values[i] = Math.clamp(set.values[i] + adjustments[i], 0, MAX_VALUE);
          set.lastPids[i] = tgid;
        }
      }
      set.operationSeconds = nowSeconds();
      set.update();
    }
  }

  /** The sets. */
  public IpcIds<SemSet> ids() {
    return ids;
  }

  /** How many semaphores there are in all sets. */
  public int total() {
    return total;
  }

  /** The four numbers of {@code /proc/sys/kernel/sem}. */
  public int[] limits() {
    return limits.clone();
  }

  /** Sets them. */
  public void setLimits(int[] four) {
    System.arraycopy(four, 0, limits, 0, limits.length);
  }
}
