package org.memarium.kernel.syscall;

import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskIo;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * A call that moves bytes and may have to wait for a file on the way. It takes steps until one has
 * the result; each goes on where the last one stopped.
 */
abstract class FileTransfer implements SleepingCall {
  /** After so many bytes in one step others have their turn. */
  static final long STEP_BYTES = 16 << 20;

  final Kernel kernel;
  final OpenFile file;
  private final String name;
  private final int fd;
  private final boolean write;
  private long deadline = Timers.NEVER;
  private boolean waiting;

  /** Bytes moved so far. */
  long done;

  /**
   * A call that has not begun.
   *
   * @param name of the call, for people
   * @param fd the descriptor
   * @param file what it waits for
   * @param write whether for room, or for bytes
   */
  FileTransfer(Kernel kernel, String name, int fd, OpenFile file, boolean write) {
    this.kernel = kernel;
    this.name = name;
    this.fd = fd;
    this.file = file;
    this.write = write;
  }

  /**
   * Goes on.
   *
   * @return the call's result, {@link OpenFile#WOULD_BLOCK}, or {@link #GOES_ON} after {@link
   *     #STEP_BYTES}
   */
  abstract long step();

  /** Where it is told that the next step may succeed. */
  WaitQueue queue() {
    return require(file.waitQueue(write ? Fcntl.POLLOUT : Fcntl.POLLIN));
  }

  final WaitQueue require(@Nullable WaitQueue queue) {
    if (queue == null) {
      throw new IllegalStateException(name + " waits for what never changes: " + file.path());
    }
    return queue;
  }

  /** Registers the task, which goes to sleep, where it is to be woken. */
  void waitOnQueues(Task task) {
    task.sleep().waitOnExclusive(queue());
  }

  /** The other file that the call works on, if there are two. */
  @Nullable OpenFile other() {
    return null;
  }

  /** Takes the first step, and goes to sleep if that is not enough. */
  final long begin() {
    return begin(this);
  }

  /** The same, as a part of another call, which is the one that sleeps. */
  final long begin(SleepingCall sleeper) {
    long result = step();
    if (result != OpenFile.WOULD_BLOCK && result != GOES_ON) {
      account(kernel.task().attributes().io());
      return result;
    }
    kernel.vfs().fget(file);
    OpenFile second = other();
    if (second != null) {
      kernel.vfs().fget(second);
    }
    kernel.task().sleep().begin(sleeper);
    return result == GOES_ON ? GOES_ON : sleep();
  }

  /** Registers the task where it is to be woken. */
  private long sleep() {
    if (!waiting) {
      waiting = true;
      Task task = kernel.task();
      waitOnQueues(task);
      long timeout = file.timeoutNanos(write);
      if (timeout > 0) {
        deadline = kernel.clock().uptimeNanos() + timeout;
        task.sleep().waitUntil(deadline);
      }
    }
    return ASLEEP;
  }

  @Override
  public final long tryAgain() {
    long result = step();
    if (result != OpenFile.WOULD_BLOCK) {
      return result;
    }
    return kernel.clock().uptimeNanos() >= deadline ? orDone(file.timedOut()) : sleep();
  }

  /** What was moved counts more than why there is no more. */
  final long orDone(long result) {
    return done > 0 ? done : result;
  }

  @Override
  public long interrupted() {
    return orDone(deadline == Timers.NEVER ? -Restart.SYS : -Errno.EINTR);
  }

  /** Whether the task waits for the file; if not it is in the midst of moving bytes. */
  final boolean isWaiting() {
    return waiting;
  }

  @Override
  public boolean waitsForOutside() {
    return file.waitsForOutside();
  }

  /** Tells {@code /proc/PID/io} of the call, which has ended; only some are counted there. */
  void account(TaskIo io) {}

  @Override
  public void ended() {
    account(kernel.task().attributes().io());
    OpenFile second = other();
    if (second != null) {
      kernel.vfs().fput(second);
    }
    kernel.vfs().fput(file);
  }

  @Override
  public String what() {
    return "%s of fd %d (%s)".formatted(name, fd, file.dentry());
  }
}
