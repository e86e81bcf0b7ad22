package org.memarium.kernel.vfs;

import java.util.function.LongSupplier;

/** A file system that is made of objects only: /dev, /proc. Nothing in it can be changed. */
public final class PseudoFileSystem {

  final long dev;
  private final long magic;
  private final LongSupplier clockNanos;
  private long lastIno;

  /**
   * An empty one.
   *
   * @param minor minor number of its anonymous device; the major number is 0
   * @param magic what statfs tells, {@code include/uapi/linux/magic.h}
   * @param clockNanos the machine's clock, for the times of its files
   */
  public PseudoFileSystem(int minor, long magic, LongSupplier clockNanos) {
    this.dev = DeviceNumber.of(0, minor);
    this.magic = magic;
    this.clockNanos = clockNanos;
  }

  long newIno() {
    return ++lastIno;
  }

  long nowNanos() {
    return clockNanos.getAsLong();
  }

  void statfs(Kstatfs out) {
    out.type = magic;
    out.blockSizeBytes = 4096;
  }
}
