package org.memarium.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.CpuModel;
import org.memarium.kernel.process.Scheduler;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskTable;
import org.memarium.kernel.process.UserProcess;
import org.memarium.kernel.process.UtsName;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.procfs.ProcessView;
import org.memarium.kernel.procfs.SystemView;
import org.memarium.kernel.vfs.SuperblockShrinker;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.mm.fault.RemoteAccess;
import org.memarium.mm.oom.OomSettings;
import org.memarium.mm.reclaim.Reclaim;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.vmalloc.Vmalloc;

/**
 * What {@code /proc} tells of a machine.
 *
 * @param running the task that runs; null if none does
 * @param tasks every task
 * @param scheduler who runs
 * @param uname what the kernel calls itself
 * @param wordBytes bytes of a {@code long} in the kernel
 * @param layout the kernel that programs find themselves on
 * @param cpu the processor
 * @param memory the memory manager
 * @param remoteAccess reads and writes what other processes have in memory
 * @param slab the slab allocator
 * @param vmalloc vmalloc and its areas
 * @param reclaim reclaim and compaction, and their settings
 * @param oomSettings what is set of the OOM killer
 * @param vfs the files, whose descriptors can be shrunk
 * @param clock the machine's time
 */
record MachineView(
    Supplier<@Nullable Task> running,
    TaskTable tasks,
    Scheduler scheduler,
    UtsName uname,
    int wordBytes,
    Layout layout,
    CpuModel cpu,
    MemoryManager memory,
    RemoteAccess remoteAccess,
    SlabAllocator slab,
    Vmalloc vmalloc,
    Reclaim reclaim,
    OomSettings oomSettings,
    Vfs vfs,
    VirtualClock clock)
    implements SystemView {
  @Override
  public List<? extends ProcessView> processes() {
    List<ProcessView> processes = new ArrayList<>();
    for (UserProcess process : tasks.processes()) {
      Task leader = process.leader();
      if (leader.mm() != null || process.isExiting()) {
        processes.add(leader.view());
      }
    }
    return processes;
  }

  @Override
  public @Nullable ProcessView process(int pid) {
    Task task = tasks.find(pid);
    return task == null ? null : task.process().leader().view();
  }

  @Override
  public long forks() {
    return tasks.made();
  }

  @Override
  public int lastPid() {
    return tasks.last();
  }

  @Override
  public long ioWaitNanos() {
    return clock.ioWaitNanos();
  }

  @Override
  public long contextSwitches() {
    return scheduler.switches();
  }

  @Override
  public @Nullable ProcessView current() {
    Task task = running.get();
    return task == null ? null : task.view();
  }

  @Override
  public SuperblockShrinker superblockShrinker() {
    return vfs.shrinker();
  }

  @Override
  public void dropSlab() {
    vfs.dropSlab();
  }

  @Override
  public String osType() {
    return uname.sysname();
  }

  @Override
  public String osRelease() {
    return uname.release();
  }

  @Override
  public String version() {
    return uname.version();
  }

  @Override
  public String hostName() {
    return uname.nodename();
  }

  @Override
  public long uptimeNanos() {
    return clock.uptimeNanos();
  }

  @Override
  public long bootTimeNanos() {
    return clock.bootTimeNanos();
  }
}
