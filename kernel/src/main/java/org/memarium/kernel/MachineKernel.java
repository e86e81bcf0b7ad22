package org.memarium.kernel;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.Segmentation;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.exec.CoreDump;
import org.memarium.kernel.exec.Execve;
import org.memarium.kernel.exec.Vdso;
import org.memarium.kernel.futex.FutexThread;
import org.memarium.kernel.futex.Futexes;
import org.memarium.kernel.ipc.IpcNamespace;
import org.memarium.kernel.oom.OutOfMemory;
import org.memarium.kernel.process.ContextSwitch;
import org.memarium.kernel.process.ExternalSignals;
import org.memarium.kernel.process.Scheduler;
import org.memarium.kernel.process.Segments;
import org.memarium.kernel.process.SignalQuota;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskJobControl;
import org.memarium.kernel.process.TaskMachinery;
import org.memarium.kernel.process.TaskTable;
import org.memarium.kernel.process.TlsSegments;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.process.UtsName;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.procfs.MemInfo;
import org.memarium.kernel.procfs.ProcFs;
import org.memarium.kernel.procfs.SysFs;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.kernel.syscall.Names;
import org.memarium.kernel.syscall.SystemCalls;
import org.memarium.kernel.vfs.InvalidViewException;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.kernel.vfs.VfsConfig;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.fault.RemoteAccess;
import org.memarium.mm.oom.OomSettings;
import org.memarium.mm.space.Layout;

/**
 * The kernel of a machine above its memory: processor, clock, scheduler, files, the OOM killer,
 * views and system calls, in the order in which {@code start_kernel} sets them up.
 */
final class MachineKernel {
  private final MachineConfig config;
  private final MachineMemory memory;
  final ExternalSignals external = new ExternalSignals();
  final TaskTable tasks = new TaskTable();

  /** The GDT: the segments of the kernel, of programs, and of thread-local storage. */
  final DescriptorTable gdt;

  final Cpu cpu;
  final VirtualClock clock;
  final Scheduler scheduler;
  final LinearMemory linearMemory;
  final Vfs vfs;
  private final IpcNamespace ipc;
  final OutOfMemory outOfMemory;
  private final MachineView view;
  final MachineFiles files;
  final Execve execve;
  final CoreDump coreDump;
  final Kernel kernel;
  final SystemCalls systemCalls;

  /** What every task uses. */
  final TaskMachinery machinery;

  MachineKernel(MachineConfig config, MachineMemory memory) {
    this.config = config;
    this.memory = memory;
    final Layout layout = config.layout();
    Segments segments = is32Bit() ? Segments.I386 : Segments.X86_64;
    gdt = new DescriptorTable(memory.ram(), memory.gdtPhysicalAddress, segments.entries());
    segments.fill(gdt);
    Segmentation segmentation = new Segmentation();
    segmentation.setGdt(gdt);
    segmentation.force(Segmentation.CS, segments.userCode());
    cpu = new Cpu(memory.mmu, segmentation, config.cpu());
    memory.manager.trace().time().setCosts(config.costs());
    clock = new VirtualClock(cpu, memory.manager.trace().time(), config.bootTimeNanos());
    TlsSegments tls = new TlsSegments(gdt, segments.firstTls());
    scheduler = new Scheduler(config.quantum(), new ContextSwitch(cpu, tls, memory.manager));
    if (config.memoryLimits() != null) {
      memory.allocator.groups().setCurrent(this::currentGroup);
    }
    memory.manager.trace().setClock(clock::uptimeNanos);
    memory.log.setClock(clock::uptimeNanos);

    // A 64-bit kernel checks a 32-bit program's pointers against its own limit.
    UserMemory userMemory =
        new UserMemory(
            memory.mmu,
            is32Bit() ? layout.taskSize() : Architecture.X86_64.taskSize(),
            wordBytes());
    linearMemory =
        new LinearMemory(
            memory.manager, memory.kernelMemory, userMemory, this::running, layout.taskSize());
    vfs = openFiles();
    ipc =
        new IpcNamespace(
            memory.manager, memory.slab, this::currentTgid, clock::realtimeNanos, wordBytes());
    UtsName uname = UtsName.of(is32Bit() ? "i686" : "x86_64");
    OomSettings oomSettings = new OomSettings();
    outOfMemory =
        new OutOfMemory(
            memory.manager,
            tasks,
            scheduler::current,
            oomSettings,
            memory.log,
            uname.release() + " " + uname.version(),
            cpu::requestStop);
    view =
        new MachineView(
            this::running,
            tasks,
            scheduler,
            uname,
            wordBytes(),
            layout,
            config.cpu(),
            memory.manager,
            new RemoteAccess(memory.faults, memory.manager),
            memory.slab,
            memory.vmalloc,
            memory.reclaim,
            oomSettings,
            vfs,
            clock);
    memory.reclaim.shrinkers().register(vfs.shrinker());
    vfs.mount("sys", "sysfs", new SysFs(view, clock::realtimeNanos));
    ProcFs proc = new ProcFs(view, vfs::mountTable, clock::realtimeNanos);
    proc.addIpc(ipc);
    vfs.mount("proc", "proc", proc);
    tasks.setRemoved(proc::forget);
    files = new MachineFiles(vfs, memory.allocator.groups());
    Vdso vdso = new Vdso(memory.pageCache);
    @Nullable RandomGenerator random =
        config.randomise() ? new SplittableRandom(config.seed()) : null;
    execve =
        new Execve(
            memory.manager,
            memory.faults,
            userMemory,
            scheduler::requireCurrent,
            vfs,
            cpu,
            segments,
            tls,
            layout,
            vdso,
            random);
    coreDump = new CoreDump(cpu, tls, view.remoteAccess(), wordBytes());
    Timers timers = new Timers();
    Futexes futexes = new Futexes(this::futexThread);
    kernel =
        new Kernel(
            cpu,
            userMemory,
            memory.faults,
            scheduler,
            tasks,
            timers,
            futexes,
            clock,
            tls,
            vfs,
            ipc,
            uname,
            wordBytes(),
            external,
            new MachineStatistics(memory.allocator, memory.manager.swap()),
            memory.swap,
            this::execFromProgram,
            new Names(memory.slab.kernelCaches().namesCache()),
            new Kernel.Unsupported());
    vfs.setJobControl(new TaskJobControl(scheduler, tasks));
    systemCalls = new SystemCalls(kernel);
    machinery =
        new TaskMachinery(
            vfs,
            clock,
            timers,
            userMemory,
            futexes,
            new SignalQuota(),
            scheduler,
            tasks,
            ipc,
            memory.manager.trace());
  }

  private boolean is32Bit() {
    return config.layout() == Layout.I386;
  }

  private int wordBytes() {
    return is32Bit() ? 4 : 8;
  }

  private Vfs openFiles() {
    try {
      Vfs opened =
          Vfs.open(
              new VfsConfig(
                  config.root(),
                  config.writable(),
                  VfsConfig.defaultOverlayBytes(),
                  config.seed(),
                  clock::realtimeNanos,
                  memory.pageCache,
                  memory.slab));
      if (config.network() == Network.LOOPBACK) {
        opened.addLoopback();
      }
      return opened;
    } catch (InvalidViewException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private long execFromProgram(
      int directory, String path, int flags, List<String> arguments, List<String> environment) {
    try {
      execve.exec(directory, path, flags, arguments, environment);
      return 0;
    } catch (ExecException e) {
      return -e.errno();
    }
  }

  // ---- Who runs ----

  /** The task whose program runs, or stands in the middle of its way; null if there is none. */
  @Nullable Task running() {
    Task task = scheduler.current();
    return task == null || task.isEnded() || task.mm() == null ? null : task;
  }

  /** {@code current->pid}; of the idle task where no program runs. */
  int currentPid() {
    Task task = running();
    return task == null ? 0 : task.pid();
  }

  /** {@code current->comm}; of the idle task where no program runs. */
  String currentCommand() {
    Task task = running();
    return task == null ? "swapper" : task.comm();
  }

  /** {@code current->tgid}, of a task that ends too; 0 where there is none. */
  private int currentTgid() {
    Task task = scheduler.current();
    return task == null ? 0 : task.process().pid();
  }

  /** Every task is in the one group that there is; what no task asks for is the root's. */
  private int currentGroup() {
    return scheduler.current() == null ? 0 : 1;
  }

  private @Nullable FutexThread futexThread(int tid) {
    Task task = tasks.find(tid);
    return task == null ? null : task.futexThread();
  }

  /** The next program is told of nothing that came for the last one, or that it did. */
  void forgetLastProgram() {
    external.clear();
    systemCalls.clearCounts();
    kernel.unsupported().clear();
  }

  /** Recounts everything from scratch; see {@link Machine#audit}. */
  void audit() {
    Audit audit = new Audit(memory.manager.memMap().frames());
    memory.audit(audit);
    ipc.audit(audit);
    FileAudit.recount(audit, tasks, memory.slab.kernelCaches(), memory.manager, vfs, files.place());
    memory.auditAllocators(audit);
    MemInfo.audit(audit, view);
    audit.finish();
  }
}
