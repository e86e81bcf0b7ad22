package org.memarium.hardware;

/** Learns of every access to memory, in order: see {@link Mmu#setAccessListener}. */
@FunctionalInterface
public interface PageAccessListener {
  /**
   * A page was translated for an access. Instructions that follow each other in one page are one
   * access.
   *
   * @param pfn the frame
   * @param fetch whether instructions are fetched, else data read or written
   */
  void accessed(int pfn, boolean fetch);
}
