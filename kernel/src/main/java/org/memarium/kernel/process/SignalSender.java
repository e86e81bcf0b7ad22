package org.memarium.kernel.process;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code send_signal_locked}: how a signal gets to a process, or to one of its threads, and who is
 * woken for it; Linux {@code kernel/signal.c}.
 */
public final class SignalSender {
  private SignalSender() {}

  /**
   * Sends a signal.
   *
   * @param thread who is meant; null: any thread of the process
   * @return 0, also if it is ignored; {@code -EAGAIN} if too many wait already
   */
  static long send(UserProcess process, @Nullable Task thread, SignalInfo info) {
    Task main = thread == null ? process.leader() : thread;
    if (!prepare(process, main, info.signal())) {
      return 0;
    }
    PendingSignals queue = thread == null ? process.pending() : thread.signals().own();
    SignalQuota quota = main.machinery().signalQuota();
    long limit = process.limits().soft(RLimits.SIGPENDING);
    if (!queue.add(info, quota, main.identity().uid(), limit)) {
      return -Errno.EAGAIN;
    }
    trace(main, info, thread == null ? "process" : "thread");
    complete(process, thread, info.signal());
    return 0;
  }

  /**
   * {@code send_sigqueue}: the signal of a timer, which has a place of its own.
   *
   * @return false if nobody wants it
   */
  static boolean sendTimer(UserProcess process, @Nullable Task thread, SignalInfo info) {
    Task main = thread == null ? process.leader() : thread;
    if (!prepare(process, main, info.signal())) {
      return false;
    }
    (thread == null ? process.pending() : thread.signals().own()).addTimer(info);
    trace(main, info, thread == null ? "process" : "thread");
    complete(process, thread, info.signal());
    return true;
  }

  private static void trace(Task main, SignalInfo info, String target) {
    Trace trace = main.trace();
    if (trace.isOn()) {
      trace.emit(new TraceEvent.SignalGenerate(info.signal(), info.code(), main.pid(), target));
    }
  }

  /**
   * {@code force_sig}: a signal to a thread that cannot be put off. If the process blocks or
   * ignores it, its action becomes the default.
   */
  public static void force(Task task, SignalInfo info) {
    int signal = info.signal();
    SignalState signals = task.signals();
    boolean blocked = (signals.blocked() & Signal.bit(signal)) != 0;
    if (blocked || signals.isIgnored(signal)) {
      signals.setAction(signal, SignalAction.NONE);
      signals.setBlocked(signals.blocked() & ~Signal.bit(signal));
    }
    task.send(info);
  }

  /**
   * {@code prepare_signal}: what goes on and what stops exclude each other, whether the program
   * looks at the signal or not.
   *
   * @return whether the signal is to be queued at all
   */
  private static boolean prepare(UserProcess process, Task main, int signal) {
    if (process.isExiting() || process.isDead()) {
      return false;
    }
    if ((Signal.STOPS & Signal.bit(signal)) != 0) {
      flush(process, Signal.bit(Signal.SIGCONT));
    } else if (signal == Signal.SIGCONT) {
      flush(process, Signal.STOPS);
    }
    process.endStop(signal);
    return !main.signals().ignores(signal);
  }

  private static void flush(UserProcess process, long signals) {
    process.pending().flush(signals);
    for (Task thread : process.threads()) {
      thread.signals().own().flush(signals);
    }
  }

  /** {@code complete_signal}: finds a thread to take it, the first one if that can. */
  private static void complete(UserProcess process, @Nullable Task thread, int signal) {
    process.sighand().signalled().wakeUp();
    Task chosen = thread == null ? process.leader() : thread;
    if (!wants(chosen, signal)) {
      chosen = thread == null ? next(process, signal) : null;
    }
    if (chosen != null) {
      chosen.signalWakeUp();
    }
  }

  /** The next thread in turn that can take it; null if every one will see it in its own time. */
  private static @Nullable Task next(UserProcess process, int signal) {
    int count = process.threads().size();
    int from = process.signalTurn();
    for (int i = 0; i < count; i++) {
      int at = (from + i) % count;
      if (wants(process.threads().get(at), signal)) {
        process.setSignalTurn(at);
        return process.threads().get(at);
      }
    }
    return null;
  }

  /** {@code wants_signal}. */
  private static boolean wants(Task task, int signal) {
    if (task.isEnded() || task.isReleased() || task.signals().blocks(signal)) {
      return false;
    }
    if (signal == Signal.SIGKILL) {
      return true;
    }
    return !task.runState().isStopped()
        && (task.equals(task.machinery().scheduler().current()) || !task.signals().isDeliverable());
  }

  /**
   * {@code retarget_shared_pending}: a thread is not going to take these; others that can are told.
   */
  static void retarget(UserProcess process, Task not, long signals) {
    long left = process.pending().set() & signals;
    for (Task thread : process.threads()) {
      if (left == 0) {
        return;
      }
      long takes = left & ~thread.signals().blocked();
      if (!thread.equals(not) && !thread.isEnded() && !thread.isReleased() && takes != 0) {
        left &= ~takes;
        if (!thread.signals().isDeliverable()) {
          thread.signalWakeUp();
        }
      }
    }
  }
}
