package org.memarium.kernel;

import org.memarium.cpu.Cpu;
import org.memarium.kernel.exec.CoreDump;
import org.memarium.kernel.exec.Execve;
import org.memarium.kernel.process.ProcessGroups;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.SignalAction;
import org.memarium.kernel.process.SignalInfo;
import org.memarium.kernel.process.SignalSender;
import org.memarium.kernel.process.SignalState;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.kernel.syscall.SignalFrame;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.kernel.wait.Restart;
import org.memarium.mm.Errno;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * What happens to signals on the way back to the program: a handler's frame, a stop, the end; and
 * to the call that they broke off (Linux {@code kernel/signal.c}, {@code
 * arch/x86/kernel/signal.c}).
 */
final class SignalDelivery {
  /** Length of {@code int $0x80}, and of sysenter's stand-in in the vdso. */
  private static final int SYSTEM_CALL_BYTES = 2;

  /** The cause of death where a signal came through {@link Machine#interrupt}. */
  static final String SENT_FROM_OUTSIDE = "sent from outside";

  private final Kernel kernel;
  private final Execve execve;
  private final CoreDump coreDump;
  private final Cpu cpu;

  SignalDelivery(Kernel kernel, Execve execve, CoreDump coreDump) {
    this.kernel = kernel;
    this.execve = execve;
    this.coreDump = coreDump;
    this.cpu = kernel.cpu();
  }

  /** {@code get_signal} and {@code handle_signal}, for every signal that is not blocked. */
  void deliver(Task task) {
    SignalState signals = task.signals();
    SignalInfo info = signals.dequeue();
    while (info != null && !task.isEnded()) {
      int signal = info.signal();
      Trace trace = task.trace();
      if (trace.isOn()) {
        trace.emit(new TraceEvent.SignalDeliver(signal, info.code(), task.pid()));
      }
      SignalAction action = signals.action(signal);
      if (action.isHandler()) {
        restartOrInterrupt(task, action);
        handle(task, info, action);
      } else if (!signals.isIgnored(signal)) {
        byDefault(task, info);
        if (task.runState().isStopped()) {
          return;
        }
      }
      info = signals.dequeue();
    }
    restart(task);
    signals.restoreSavedBlocked();
  }

  /** {@code handle_signal}: what a handler makes of the call that it breaks off. */
  private void restartOrInterrupt(Task task, SignalAction action) {
    boolean again =
        switch (task.call().restartCode()) {
          case Restart.NOINTR -> true;
          case Restart.SYS -> action.has(SignalAction.SA_RESTART);
          default -> false;
        };
    if (again) {
      restart(task);
    } else if (task.call().restartCode() != 0) {
      cpu.setRegister(Cpu.EAX, -Errno.EINTR);
      task.call().setRestartCode(0);
    }
  }

  /** {@code arch_do_signal_or_restart}: the call is made again, where one was broken off. */
  private void restart(Task task) {
    int code = task.call().restartCode();
    if (code != 0) {
      int number =
          code == Restart.BLOCK ? SystemCallNames.number("restart_syscall") : task.call().number();
      cpu.setRegister(Cpu.EAX, number);
      cpu.setEip(cpu.eip() - SYSTEM_CALL_BYTES);
      task.call().setRestartCode(0);
    }
  }

  private void handle(Task task, SignalInfo info, SignalAction action) {
    SignalState signals = task.signals();
    long mask = signals.takeSavedBlocked();
    if (!SignalFrame.deliver(kernel, info, action, mask, execve.signalReturns(), task.trap())) {
      task.process()
          .setDeathCause(
              "no room on the stack for the frame of %s (eip 0x%08x)"
                  .formatted(Signal.name(info.signal()), Integer.toUnsignedLong(cpu.eip())));
      if (info.signal() == Signal.SIGSEGV) {
        signals.setAction(Signal.SIGSEGV, SignalAction.NONE);
      }
      SignalSender.force(task, SignalInfo.kernel(Signal.SIGSEGV));
      return;
    }
    if (action.has(SignalAction.SA_RESETHAND)) {
      signals.setAction(info.signal(), SignalAction.NONE);
    }
    signals.disarmAlternateStack();
    long own = action.has(SignalAction.SA_NODEFER) ? 0 : Signal.bit(info.signal());
    signals.setBlocked(signals.blocked() | action.mask() | own);
  }

  private void byDefault(Task task, SignalInfo info) {
    UserProcess process = task.process();
    switch (Signal.defaultAction(info.signal())) {
      case TERMINATE -> {
        boolean caused = (Signal.bit(info.signal()) & Signal.SYNCHRONOUS) != 0;
        if (info.isFromUser() || !caused) {
          process.setDeathCause(reason(process, info));
        }
        boolean dumped =
            Signal.dumpsCore(info.signal()) && coreDump.dump(task, info, SignalFrame.siginfo(info));
        process.exitGroup(info.signal() | (dumped ? UserProcess.CORE_DUMPED : 0));
      }
      case STOP -> {
        // Nobody would be left to let an orphaned group go on; only SIGSTOP stops it.
        if (info.signal() == Signal.SIGSTOP
            || !ProcessGroups.isOrphaned(kernel.tasks(), process.processGroup())) {
          process.stop(info.signal());
        }
      }
      case IGNORE, CONTINUE -> {}
    }
  }

  /** Why a signal came that no instruction caused. */
  private static String reason(UserProcess process, SignalInfo info) {
    if (info.signal() == Signal.SIGKILL && SENT_FROM_OUTSIDE.equals(process.deathCause())) {
      return SENT_FROM_OUTSIDE;
    }
    if (info.isFromUser()) {
      return "sent by the program itself";
    }
    return switch (info.signal()) {
      case Signal.SIGALRM, Signal.SIGVTALRM, Signal.SIGPROF -> "its timer has expired";
      case Signal.SIGXCPU -> "RLIMIT_CPU";
      default -> SENT_FROM_OUTSIDE;
    };
  }
}
