package org.memarium.mm.reclaim;

/**
 * {@code vm.swappiness}: how readily anonymous pages go rather than files. 100: both cost the same
 * to bring back; 0: files only, as long as there are any.
 */
public final class Swappiness {
  private static final int DEFAULT = 60;

  /** The greatest setting. */
  public static final int MOST = 200;

  private int value = DEFAULT;

  Swappiness() {}

  /** The setting, 0 to 200. */
  public int value() {
    return value;
  }

  /**
   * Sets it.
   *
   * @throws IllegalArgumentException if it is not from 0 to 200
   */
  public void set(int newValue) {
    if (newValue < 0 || newValue > MOST) {
      throw new IllegalArgumentException("vm.swappiness cannot be " + newValue);
    }
    value = newValue;
  }
}
