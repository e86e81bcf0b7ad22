package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/** A character device of {@code /dev}, which belongs to the superuser and does not go. */
abstract class DeviceNode extends Inode {
  private final PseudoFileSystem fileSystem;

  /**
   * A device.
   *
   * @param permissions of its mode
   */
  DeviceNode(PseudoFileSystem fileSystem, int permissions, int major, int minor) {
    super(fileSystem.dev, fileSystem.newIno(), FileMode.S_IFCHR | permissions);
    this.fileSystem = fileSystem;
    rdev = DeviceNumber.of(major, minor);
    born(Credentials.of(0, 0), fileSystem.nowNanos());
  }

  @Override
  VfsCaches.InodeKind kind() {
    return fileSystem.inodes();
  }

  @Override
  void detach() throws ErrnoException {
    throw new ErrnoException(Errno.EPERM);
  }

  @Override
  void statfs(Kstatfs out) {
    fileSystem.statfs(out);
  }
}
