package org.memarium.kernel.vfs;

/** {@code unlocked_ioctl}: the requests that a file of /proc answers. */
@FunctionalInterface
public interface IoctlHandler {

  /**
   * Answers.
   *
   * @param command its number
   * @return 0 or more; or a negative errno, ENOTTY for a request that it does not know
   */
  long ioctl(int command, IoctlArgument argument);
}
