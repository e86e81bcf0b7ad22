package org.memarium.kernel.syscall;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.vfs.SignalFd;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** signalfd, and how signals look in such a file; Linux {@code fs/signalfd.c}. */
final class SignalFdCalls implements SignalFd.Source {
  private static final int SIGSET_BYTES = 8;

  private final Kernel kernel;

  SignalFdCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("signalfd", (int fd, int mask, int bytes) -> signalfd(fd, mask, bytes, 0));
    table.set("signalfd4", this::signalfd);
  }

  private long signalfd(int fd, int mask, int maskBytes, int flags) {
    if (maskBytes != SIGSET_BYTES) {
      return -Errno.EINVAL;
    }
    long set = kernel.memory().readLong(Integer.toUnsignedLong(mask)) & ~Signal.UNBLOCKABLE;
    return kernel.files().anonymous().signalfd(fd, set, flags, this);
  }

  private SignalState signals() {
    return kernel.task().signals();
  }

  @Override
  public long pending() {
    return signals().pending();
  }

  @Override
  public WaitQueue queue() {
    return signals().sighand().signalled();
  }

  @Override
  public byte @Nullable [] take(long set) {
    SignalInfo info = signals().dequeue(set);
    return info == null ? null : format(info);
  }

  /**
   * <pre>
   *   0      4      8     12    16   20  24   28    32       36    40      44     48     56     64
   *  +------+------+-----+-----+----+---+----+-----+--------+-----+-------+------+------+------+------+
   *  |signal| errno| code| pid | uid| fd| tid| band|overruns| trap| status| value| ptr  | user |system|
   *  +------+------+-----+-----+----+---+----+-----+--------+-----+-------+------+------+------+------+
   *   72: the address of a fault, 8 bytes
   * </pre>
   */
  private byte[] format(SignalInfo info) {
    ByteBuffer out = ByteBuffer.allocate(SignalFd.INFO_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(0, info.signal()).putInt(4, info.errno()).putInt(8, info.code());
    if (info.code() == SignalInfo.TIMER) {
      out.putInt(24, info.first()).putInt(32, info.second());
      value(out, info.third());
      return out.array();
    }
    boolean caused = (Signal.bit(info.signal()) & Signal.SYNCHRONOUS) != 0;
    if (info.code() > 0 && info.code() < SignalInfo.KERNEL && caused) {
      out.putLong(72, Integer.toUnsignedLong(info.first()));
      return out.array();
    }
    out.putInt(12, info.first()).putInt(16, info.second());
    if (info.code() < 0) {
      value(out, info.third());
    } else if (info.code() > 0 && info.signal() == Signal.SIGCHLD) {
      out.putInt(40, info.third()).putLong(56, info.fourth()).putLong(64, info.fifth());
    }
    return out.array();
  }

  /** As a number, and as a pointer of the kernel's own size. */
  private void value(ByteBuffer out, int value) {
    boolean wide = kernel.wordBytes() == Long.BYTES;
    out.putInt(44, value).putLong(48, wide ? Integer.toUnsignedLong(value) : value);
  }
}
