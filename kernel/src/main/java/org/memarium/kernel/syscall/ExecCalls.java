package org.memarium.kernel.syscall;

import java.util.ArrayList;
import java.util.List;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.mm.Errno;

/** execve and execveat; Linux {@code fs/exec.c}. */
final class ExecCalls {
  /** {@code MAX_ARG_STRLEN}. */
  private static final int MAX_STRING_BYTES = 131_072;

  /**
   * {@code _STK_LIM / 4 * 3}: no stack limit lets all strings and pointers together take more. The
   * exact limit is checked where the stack is made; this one keeps endless vectors away from there.
   */
  private static final long MOST_BYTES = (8L << 20) / 4 * 3;

  private final Kernel kernel;
  private final UserMemory memory;

  ExecCalls(Kernel kernel) {
    this.kernel = kernel;
    this.memory = kernel.memory();
  }

  void enter(SystemCallTable table) {
    table
        .set("execve", (int path, int argv, int envp) -> exec(Fcntl.AT_FDCWD, path, argv, envp, 0))
        .remark("set-user-ID bits are ignored, as on a file system mounted nosuid");
    table.set("execveat", this::exec);
  }

  /** The strings are copied in before the old image goes. */
  private long exec(int directory, int path, int arguments, int environment, int flags) {
    if ((flags & ~(Fcntl.AT_EMPTY_PATH | Fcntl.AT_SYMLINK_NOFOLLOW)) != 0) {
      return -Errno.EINVAL;
    }
    String name = kernel.path(path);
    if (name.isEmpty() && (flags & Fcntl.AT_EMPTY_PATH) == 0) {
      return -Errno.ENOENT;
    }
    List<String> argv = new ArrayList<>();
    List<String> envp = new ArrayList<>();
    long left = strings(arguments, argv, MOST_BYTES);
    strings(environment, envp, left);
    long result = kernel.exec().exec(directory, name, flags, argv, envp);
    return result < 0 ? result : SystemCall.REGISTERS_SET;
  }

  /**
   * Reads a vector of pointers up to a null one; a null vector is an empty one, as Linux has it.
   *
   * @param most how many bytes strings and pointers may take
   * @return how many are left of these
   */
  private long strings(int vector, List<String> to, long most) {
    long left = most;
    if (vector == 0) {
      return left;
    }
    for (long at = Integer.toUnsignedLong(vector); ; at += Integer.BYTES) {
      long pointer = memory.readUnsignedInt(at);
      if (pointer == 0) {
        return left;
      }
      String text = memory.readString(pointer, MAX_STRING_BYTES);
      left -= text == null ? MOST_BYTES : text.length() + 1L + Integer.BYTES;
      if (text == null || left < 0) {
        throw new CallFailedException(Errno.E2BIG);
      }
      to.add(text);
    }
  }
}
