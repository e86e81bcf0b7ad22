package org.memarium.kernel.procfs;

/** What {@code /proc/mounts} prints. */
@FunctionalInterface
public interface MountTable {

  /** A line for each mount: device, place, kind, options, two zeroes. */
  String mounts();
}
