package org.memarium.mm.frame;

import org.jspecify.annotations.Nullable;

/**
 * Who charged while the group was beyond {@code memory.high} or {@code memory.swap.high}, and what
 * becomes of it: on the way back to the program the task reclaims as much, and waits the longer the
 * further the group is beyond (Linux 6.1 {@code mm/memcontrol.c}, {@code
 * mem_cgroup_handle_over_high}).
 */
final class OverHigh {
  /** Reclaims so many pages of a group, and says how many it got. */
  @FunctionalInterface
  interface Reclaim {
    long tryToFree(MemCgroup group, long pages);
  }

  /** {@code current->memcg_nr_pages_over_high}: charged since somebody last looked. */
  private long pages;

  private @Nullable MemCgroup group;

  /** {@code set_notify_resume}: told when somebody has to come by {@link #handle} soon. */
  private Runnable notify = () -> {};

  OverHigh() {}

  void setNotify(Runnable whoRuns) {
    notify = whoRuns;
  }

  /** What follows each charge. */
  void charged(MemCgroup of, long charged) {
    if (of.usage() > of.high() || of.swapUsage() > of.swapHigh()) {
      pages += charged;
      group = of;
      notify.run();
    }
  }

  boolean isDue() {
    return pages != 0;
  }

  /**
   * Comes by.
   *
   * @return for how many nanoseconds the task is to sleep; 0: not at all
   */
  long handle(Reclaim reclaim, int attempts) {
    MemCgroup over = group;
    final long charged = pages;
    pages = 0;
    group = null;
    if (over == null) {
      return 0;
    }
    int retries = attempts;
    long wanted = charged;
    while (true) {
      long freed = 0;
      if (over.usage() > over.high()) {
        over.count(MemCgroup.Event.HIGH);
        freed = reclaim.tryToFree(over, wanted);
      }
      long jiffies = HighDelay.jiffies(over.usage(), over.high(), charged);
      if (over.swapUsage() > over.swapHigh()) {
        over.count(MemCgroup.Event.SWAP_HIGH);
        jiffies += HighDelay.jiffies(over.swapUsage(), over.swapHigh(), charged);
      }
      jiffies = Math.min(jiffies, HighDelay.MAX_JIFFIES);
      if (!HighDelay.isWorthIt(jiffies)) {
        return 0;
      }
      if (freed == 0 && retries-- <= 0) {
        return HighDelay.nanos(jiffies);
      }
      wanted = HighDelay.SWAP_CLUSTER_MAX;
    }
  }
}
