package org.memarium.kernel.vfs;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The directory cache of a machine: its {@link Dentry dentries}, and which of them nobody uses
 * (Linux {@code fs/dcache.c}).
 *
 * <p>What a path walk has looked up stays, and so does what it has not found, until memory is
 * wanted back or the name is removed. A dentry is in use while a descriptor, a working directory, a
 * mount or a dentry below it holds it; the others stand in a list, the one longest unused first.
 */
final class Dcache {
  private final VfsCaches caches;

  private @Nullable Dentry oldest;
  private @Nullable Dentry newest;

  /** Those in use that no walk finds any more because the host took them away, for the audit. */
  private final Set<Dentry> orphans = new LinkedHashSet<>();

  private long dentries;
  private long unused;
  private long negative;

  /** The number of the present call: what a walk has just found must not go before it is held. */
  private long call;

  Dcache(VfsCaches caches) {
    this.caches = caches;
  }

  Set<Dentry> orphans() {
    return orphans;
  }

  VfsCaches caches() {
    return caches;
  }

  /** A call of a program begins: what the one before has looked up may go from now on. */
  void beginCall() {
    call++;
  }

  long call() {
    return call;
  }

  // ---- Counts, as /proc/sys/fs/dentry-state shows them ----

  /** {@code nr_dentry}. */
  long dentries() {
    return dentries;
  }

  /** {@code nr_unused}. */
  long unused() {
    return unused;
  }

  /** {@code nr_negative}: of the unused ones, those that say that there is no such name. */
  long negative() {
    return negative;
  }

  void countDentry(int change) {
    dentries += change;
  }

  // ---- struct list_lru s_dentry_lru ----

  void lruAdd(Dentry dentry) {
    dentry.lruPrevious = newest;
    dentry.lruNext = null;
    if (newest == null) {
      oldest = dentry;
    } else {
      newest.lruNext = dentry;
    }
    newest = dentry;
    dentry.onLru = true;
    unused++;
    negative += dentry.isNegative() ? 1 : 0;
  }

  void lruRemove(Dentry dentry) {
    Dentry before = dentry.lruPrevious;
    Dentry after = dentry.lruNext;
    if (before == null) {
      oldest = after;
    } else {
      before.lruNext = after;
    }
    if (after == null) {
      newest = before;
    } else {
      after.lruPrevious = before;
    }
    dentry.lruPrevious = null;
    dentry.lruNext = null;
    dentry.onLru = false;
    unused--;
    negative -= dentry.isNegative() ? 1 : 0;
  }

  /**
   * {@code prune_dcache_sb}: frees unused dentries, those longest unused first, and the directories
   * above them that nobody uses any more.
   *
   * @param most how many to look at
   * @return how many were freed
   */
  long shrink(long most) {
    long before = dentries;
    Dentry at = oldest;
    for (long looked = 0; at != null && looked < most; looked++) {
      Dentry next = at.lruNext;
      if (at.lastCall != call) {
        at.prune();
        // Directories that became unused came to the end of the list, not between.
      }
      at = next;
    }
    return before - dentries;
  }
}
