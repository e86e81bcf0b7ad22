package org.memarium.cpu;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The EIPs that somebody outside watches ({@link Cpu#watch}). A block never runs across one: it
 * starts there with an {@link Op#WATCH}, so that nothing is slower where nobody watches.
 */
final class Watches {
  /** Sorted; few. */
  private int[] eips = {};

  private Cpu.@Nullable Watcher watcher;

  boolean contains(int eip) {
    return eips.length != 0 && Arrays.binarySearch(eips, eip) >= 0;
  }

  /** Adds one; whether it is new. */
  boolean add(int eip) {
    if (contains(eip)) {
      return false;
    }
    eips = Arrays.copyOf(eips, eips.length + 1);
    eips[eips.length - 1] = eip;
    Arrays.sort(eips);
    return true;
  }

  void setWatcher(Cpu.Watcher listener) {
    watcher = listener;
  }

  void reached(int eip) {
    if (watcher != null) {
      watcher.reached(eip);
    }
  }
}
