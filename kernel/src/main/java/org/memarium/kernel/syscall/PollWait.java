package org.memarium.kernel.syscall;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.wait.SleepingCall;
import org.memarium.kernel.wait.Timers;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** A call that waits until one of several files is ready, or until a moment. */
abstract class PollWait implements SleepingCall {
  private final Kernel kernel;
  private final long deadline;
  private final List<OpenFile> held = new ArrayList<>();
  private final Ending ending;

  /** What is to be done when the call is over. */
  interface Ending {
    /** It has its result: the blocked signals are those from before. */
    default void completed() {}

    /** What is left of the time goes back to the program. */
    default void writeLeft() {}

    /** What a signal makes of the call. */
    long interrupted(PollWait broken);
  }

  /**
   * A call that has not begun.
   *
   * @param deadline in nanoseconds since boot, or {@link Timers#NEVER}
   */
  PollWait(Kernel kernel, long deadline, Ending ending) {
    this.kernel = kernel;
    this.deadline = deadline;
    this.ending = ending;
  }

  /** Looks at all files: how many are ready, or an error. */
  abstract long look();

  /** Tells the program what {@link #look} found. */
  abstract void store();

  /** The files, as they are when the call goes to sleep. */
  abstract List<OpenFile> files();

  /** Looks, and goes to sleep if nothing is ready. */
  final long begin() {
    long result = tryAgain();
    if (result != ASLEEP) {
      return result;
    }
    Task task = kernel.task();
    task.sleep().begin(this);
    for (OpenFile file : files()) {
      kernel.vfs().fget(file);
      held.add(file);
      WaitQueue forReading = file.waitQueue(Fcntl.POLLIN);
      WaitQueue forWriting = file.waitQueue(Fcntl.POLLOUT);
      wait(task, forReading);
      wait(task, forWriting == null || forWriting.equals(forReading) ? null : forWriting);
    }
    if (deadline != Timers.NEVER) {
      task.sleep().waitUntil(deadline);
    }
    return ASLEEP;
  }

  private static void wait(Task task, @Nullable WaitQueue queue) {
    if (queue != null) {
      task.sleep().waitOn(queue);
    }
  }

  @Override
  public final long tryAgain() {
    long ready = look();
    if (ready == 0 && kernel.clock().uptimeNanos() < deadline) {
      return ASLEEP;
    }
    ending.completed();
    if (ready >= 0) {
      store();
      ending.writeLeft();
    }
    return ready;
  }

  @Override
  public final long interrupted() {
    try {
      ending.writeLeft();
      return ending.interrupted(this);
    } catch (UserFaultException notWritable) {
      // Made again, it would wait for too long.
      return -Errno.EINTR;
    }
  }

  @Override
  public final boolean waitsForOutside() {
    return held.isEmpty() || held.stream().anyMatch(OpenFile::waitsForOutside);
  }

  @Override
  public final void ended() {
    held.forEach(kernel.vfs()::fput);
  }
}
