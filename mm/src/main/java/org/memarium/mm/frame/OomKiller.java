package org.memarium.mm.frame;

/** Ends processes when nothing else gives memory back (Linux {@code mm/oom_kill.c}). */
public interface OomKiller {
  /**
   * {@code out_of_memory}: makes room by ending a process.
   *
   * @param gfpFlags of the allocation that found nothing
   * @param order of the allocation that found nothing
   * @return whether the allocation should be tried again: somebody was killed and what he had is
   *     free, or the task that runs is the victim and may use the reserve; false if nobody can be
   *     killed, and the allocation fails
   */
  boolean outOfMemory(int gfpFlags, int order);

  /** {@code tsk_is_oom_victim}, of the task that runs. */
  boolean isVictim();
}
