package org.memarium.mm.frame;

/** Frees pages when an allocation finds none ({@code mm/vmscan.c}). */
@FunctionalInterface
public interface Reclaimer {
  /**
   * {@code try_to_free_pages}: frees what it can.
   *
   * @param gfpFlags of the allocation that failed
   * @param order of the allocation that failed
   * @return how many pages were freed; 0 if there is nothing more to free
   */
  int tryToFreePages(int gfpFlags, int order);
}
