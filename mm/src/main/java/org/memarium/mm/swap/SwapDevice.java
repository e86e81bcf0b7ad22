package org.memarium.mm.swap;

import org.memarium.hardware.Ram;

/**
 * What a swap area lies on: a disk, or a file of the machine. Pages are of {@link Ram#PAGE_SIZE};
 * page 0 holds the {@link SwapHeader}.
 */
public interface SwapDevice extends AutoCloseable {
  /** Its name in {@code /proc/swaps}. */
  String name();

  /** Whether it is a file, and not a partition. */
  boolean isFile();

  /** {@code !bdev_nonrot}: whether a seek costs, as on a disk that turns. */
  boolean isRotational();

  /** How many whole pages it has. */
  long pages();

  /** Reads a page into a frame; 0, or a negative errno. */
  int read(long page, Ram ram, int pfn);

  /** Writes a frame to a page; 0, or a negative errno. */
  int write(long page, Ram ram, int pfn);

  /** Whether it can be told of pages whose content is not needed ({@code discard}). */
  default boolean canDiscard() {
    return false;
  }

  /** The area is off; nobody uses the device any more. */
  @Override
  void close();
}
