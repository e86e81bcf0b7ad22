package org.memarium.kernel.vfs;

import java.util.function.LongSupplier;

/** A file system that is made of objects only: /dev, /proc. Nothing in it can be changed. */
public final class PseudoFileSystem {

  final long dev;
  private final long magic;
  private final VfsCaches.InodeKind inodes;
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
    this(minor, magic, VfsCaches.InodeKind.GENERIC, clockNanos);
  }

  /** The same, whose inodes come from {@code proc_inode_cache}. */
  public static PseudoFileSystem proc(int minor, long magic, LongSupplier clockNanos) {
    return new PseudoFileSystem(minor, magic, VfsCaches.InodeKind.PROC, clockNanos);
  }

  /**
   * An empty one.
   *
   * @param inodes which cache its inodes come from
   */
  PseudoFileSystem(int minor, long magic, VfsCaches.InodeKind inodes, LongSupplier clockNanos) {
    this.dev = DeviceNumber.of(0, minor);
    this.magic = magic;
    this.inodes = inodes;
    this.clockNanos = clockNanos;
  }

  VfsCaches.InodeKind inodes() {
    return inodes;
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
