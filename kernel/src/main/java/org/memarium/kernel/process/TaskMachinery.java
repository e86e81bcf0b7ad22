package org.memarium.kernel.process;

import org.memarium.kernel.futex.Futexes;
import org.memarium.kernel.ipc.IpcNamespace;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.kernel.wait.TimerClock;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.trace.Trace;

/**
 * What every task of a machine uses.
 *
 * @param vfs the files
 * @param clock the time
 * @param timers what wakes sleepers
 * @param memory the way to user memory
 * @param futexes where threads wait for one another
 * @param signalQuota how many signals wait
 * @param scheduler who runs
 * @param tasks all of them
 * @param ipc System V's objects
 * @param trace where events are told
 */
public record TaskMachinery(
    Vfs vfs,
    VirtualClock clock,
    Timers timers,
    UserMemory memory,
    Futexes futexes,
    SignalQuota signalQuota,
    Scheduler scheduler,
    TaskTable tasks,
    IpcNamespace ipc,
    Trace trace) {
  TimerClock uptimeClock() {
    return new TimerClock(clock::uptimeNanos, timers, 0);
  }
}
