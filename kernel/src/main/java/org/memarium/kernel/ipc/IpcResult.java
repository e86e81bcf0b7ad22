package org.memarium.kernel.ipc;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * An object that was asked for, or why it is not given.
 *
 * @param object null exactly if there is an error
 * @param error 0 or a negative errno
 * @param <T> what it is
 */
public record IpcResult<T>(@Nullable T object, long error) {
  /**
   * An object, if there is one that the caller may use.
   *
   * @param rights in any of the three places of a mode; 0: whoever the caller is
   */
  static <T extends IpcObject> IpcResult<T> ifPermitted(
      IpcCaller caller, @Nullable T found, int rights) {
    if (found == null) {
      return new IpcResult<>(null, -Errno.EINVAL);
    }
    return found.permits(caller, rights)
        ? new IpcResult<>(found, 0)
        : new IpcResult<>(null, -Errno.EACCES);
  }
}
