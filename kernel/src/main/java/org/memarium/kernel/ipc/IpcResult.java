package org.memarium.kernel.ipc;

import org.jspecify.annotations.Nullable;

/**
 * An object that was asked for, or why it is not given.
 *
 * @param object null exactly if there is an error
 * @param error 0 or a negative errno
 * @param <T> what it is
 */
public record IpcResult<T>(@Nullable T object, long error) {
  static <T> IpcResult<T> of(T object) {
    return new IpcResult<>(object, 0);
  }

  static <T> IpcResult<T> error(int errno) {
    return new IpcResult<>(null, -errno);
  }
}
