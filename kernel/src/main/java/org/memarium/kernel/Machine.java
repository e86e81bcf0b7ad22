package org.memarium.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageAccessListener;
import org.memarium.hardware.Ram;
import org.memarium.hardware.Segmentation;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.error.UsageException;
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
import org.memarium.kernel.syscall.SystemCallDescription;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.kernel.syscall.SystemCalls;
import org.memarium.kernel.tty.HostTerminal;
import org.memarium.kernel.vfs.InvalidViewException;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.kernel.vfs.VfsConfig;
import org.memarium.kernel.wait.Timers;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.fault.RemoteAccess;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.oom.OomSettings;
import org.memarium.mm.pagetable.KernelMapper;
import org.memarium.mm.pagetable.KernelMemory;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.reclaim.Reclaim;
import org.memarium.mm.slab.Kmalloc;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.swap.ZswapParameters;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;
import org.memarium.mm.vmalloc.Kmap;
import org.memarium.mm.vmalloc.KvMalloc;
import org.memarium.mm.vmalloc.Vmalloc;

/**
 * A computer: RAM, MMU, one processor, memory manager, files, processes.
 *
 * <p>Boot it, give it a program, run it, read the report, close it:
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="program"}
 *
 * <p>Or leave the program out, and use its kernel:
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="kmalloc"}
 *
 * <p>It belongs to the thread that boots it; only {@link #interrupt}, {@link #pause} and {@link
 * #interruptPending} may be called from another.
 */
public final class Machine implements AutoCloseable {
  private final MachineConfig config;
  private final Ram ram;
  private final MemoryManager memory;
  private final PageAllocator allocator;
  private final KernelLog log = new KernelLog();
  private final SlabAllocator slab;
  private final Vmalloc vmalloc;
  private final KvMalloc kvMalloc;
  private final Kmap kmap;
  private final KernelMemory kernelMemory;
  private final MachineSwap swap;
  private final Reclaim reclaim;
  private final FaultHandler faults;
  private final Mmu mmu;
  private final Cpu cpu;
  private final Vfs vfs;
  private final VirtualClock clock;
  private final UserMemory userMemory;
  private final DescriptorTable gdt;
  private final ExternalSignals external = new ExternalSignals();
  private final KernelPages pages;
  private final LinearMemory linearMemory;
  private final MachineFiles files;
  private final MachineView view;
  private final TaskTable tasks = new TaskTable();
  private final Timers timers = new Timers();
  private final Futexes futexes = new Futexes(this::futexThread);
  private final SignalQuota signalQuota = new SignalQuota();
  private final Scheduler scheduler;
  private final IpcNamespace ipc;
  private final Execve execve;
  private final Kernel kernel;
  private final SystemCalls systemCalls;
  private final RunLoop loop;
  private final FirstProcess firstProcess;
  private final OutOfMemory outOfMemory;

  /** The thread of the program that the machine was given last, or waits for one. */
  private Task first;

  private ReportBuilder report;
  private Consumer<Task> exitListener = task -> {};
  private boolean closed;

  private Machine(MachineConfig config, Ram ram, PhysicalMemoryMap map, Architecture architecture) {
    this.config = config;
    this.ram = ram;
    VmStat vmStat = new VmStat();
    Trace trace = new Trace();
    Memblock memblock = new Memblock(architecture, map);
    final KernelPageTable kernelPageTable = new KernelPageTable(ram, memblock);
    final int gdtPfn = memblock.allocate("gdt", 1, 1);
    allocator = PageAllocator.boot(ram, memblock, config.preset().maxOrder(), vmStat, trace);
    if (config.checks()) {
      allocator.enableHistory();
    }
    MemoryLimits limits = config.memoryLimits();
    if (limits != null) {
      limits.apply(allocator.groups().add(MemoryLimits.GROUP));
      allocator.groups().setCurrent(this::currentGroup);
    }
    slab =
        new SlabAllocator(
            allocator, config.preset().slabConfig().withDebug(config.slubDebug()), log);
    mmu = new Mmu(ram, architecture.pageTableFormat(), config.tlbEntries(), config.tlbWays());
    mmu.loadCr3(kernelPageTable.pgd());
    KernelMapper mapper = new KernelMapper(kernelPageTable, allocator, mmu);
    vmalloc = new Vmalloc(mapper, slab);
    kvMalloc = new KvMalloc(slab, vmalloc);
    kmap = new Kmap(mapper);
    kernelMemory = new KernelMemory(mmu, architecture);
    PageCache pageCache = new PageCache(allocator, slab);
    memory = new MemoryManager(allocator, kernelPageTable, mmu, pageCache, slab);
    if (config.pcid()) {
      memory.usePcid();
    }
    reclaim = new Reclaim(memory, config.reclaimPolicy());
    listenToAccesses(config.recordPages());
    faults = new FaultHandler(memory);

    memory.swap().areas().connect(vmalloc, kvMalloc, log);
    swap = new MachineSwap(memory);
    ZswapParameters zswap = config.zswap();
    if (zswap != null) {
      memory.swap().useZswap(zswap, slab);
    }
    pages = new KernelPages(allocator);
    Segments segments = config.layout() == Layout.I386 ? Segments.I386 : Segments.X86_64;
    gdt = new DescriptorTable(ram, (long) gdtPfn << Ram.PAGE_SHIFT, segments.entries());
    segments.fill(gdt);
    Segmentation segmentation = new Segmentation();
    segmentation.setGdt(gdt);
    segmentation.force(Segmentation.CS, segments.userCode());
    cpu = new Cpu(mmu, segmentation, config.cpu());
    trace.time().setCosts(config.costs());
    clock = new VirtualClock(cpu, trace.time(), config.bootTimeNanos());
    TlsSegments tls = new TlsSegments(gdt, segments.firstTls());
    scheduler = new Scheduler(config.quantum(), new ContextSwitch(cpu, tls, memory));
    trace.setClock(clock::uptimeNanos);
    log.setClock(clock::uptimeNanos);

    // A 64-bit kernel checks a 32-bit program's pointers against its own limit.
    long accessLimit =
        config.layout() == Layout.I386
            ? config.layout().taskSize()
            : Architecture.X86_64.taskSize();
    userMemory = new UserMemory(mmu, accessLimit);
    linearMemory =
        new LinearMemory(
            memory, kernelMemory, userMemory, this::running, config.layout().taskSize());
    pageCache.setColdFiles(config.coldFiles());
    pageCache.setCutsToGrow(config.layout().cutsFilesToGrow());
    pageCache.setMarksWholeWindows(config.layout().marksWholeWindows());
    vfs = openFiles(config, clock, pageCache);
    ipc = new IpcNamespace(memory, slab, this::currentTgid, clock::realtimeNanos, wordBytes());
    pageCache.setUnmapsBehindHoles(config.layout().unmapsBehindHoles());
    UtsName uname = UtsName.of(config.layout() == Layout.I386 ? "i686" : "x86_64");
    OomSettings oomSettings = new OomSettings();
    outOfMemory =
        new OutOfMemory(
            memory,
            tasks,
            scheduler::current,
            oomSettings,
            log,
            uname.release() + " " + uname.version(),
            cpu::requestStop);
    view =
        new MachineView(
            this::running,
            tasks,
            scheduler,
            uname,
            wordBytes(),
            config.layout(),
            config.cpu(),
            memory,
            new RemoteAccess(faults, memory),
            slab,
            vmalloc,
            reclaim,
            oomSettings,
            vfs,
            clock);
    reclaim.shrinkers().register(vfs.shrinker());
    vfs.mount("sys", "sysfs", new SysFs(view, clock::realtimeNanos));
    ProcFs proc = new ProcFs(view, vfs::mountTable, clock::realtimeNanos);
    proc.addIpc(ipc);
    vfs.mount("proc", "proc", proc);
    tasks.setRemoved(proc::forget);
    files = new MachineFiles(vfs, allocator.groups());
    Vdso vdso = new Vdso(pageCache);
    @Nullable RandomGenerator random =
        config.randomise() ? new SplittableRandom(config.seed()) : null;
    execve =
        new Execve(
            memory,
            faults,
            userMemory,
            scheduler::requireCurrent,
            vfs,
            cpu,
            segments,
            tls,
            config.layout(),
            vdso,
            random);
    kernel =
        new Kernel(
            cpu,
            userMemory,
            faults,
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
            new MachineStatistics(allocator, memory.swap()),
            swap,
            this::execFromProgram,
            new Names(slab.kernelCaches().namesCache()),
            new Kernel.Unsupported());
    vfs.setJobControl(new TaskJobControl(scheduler, tasks));
    systemCalls = new SystemCalls(kernel);
    firstProcess =
        new FirstProcess(
            config,
            slab,
            allocator.totalRamPages(),
            new TaskMachinery(
                vfs,
                clock,
                timers,
                userMemory,
                futexes,
                signalQuota,
                scheduler,
                tasks,
                ipc,
                memory.trace()));
    first = firstProcess.make();
    report = newReport();
    loop =
        new RunLoop(
            kernel,
            systemCalls,
            faults,
            reclaim.kswapd(),
            memory.pageCache(),
            memory.swap(),
            allocator,
            execve,
            outOfMemory,
            first,
            this::afterSystemCall,
            this::beforeExit);
    allocator.setOomKiller(outOfMemory);
    allocator.groups().setOomKiller(outOfMemory);
    mmu.setFaultHandler(loop);
    if (config.checks()) {
      reclaim.setAfterReclaim(_ -> loop.requestCheck());
    }
    slab.context().setCurrent(this::currentPid, this::currentCommand);
    config.faultInjection().begin(allocator, slab, memory.pageCache(), swap);
  }

  /** Every task is in the one group that there is; what no task asks for is the root's. */
  private int currentGroup() {
    // The kernel's own boot asks before the scheduler is there.
    return scheduler == null || scheduler.current() == null ? 0 : 1;
  }

  /** {@code current->pid}; of the idle task where no program runs. */
  private int currentPid() {
    Task task = running();
    return task == null ? 0 : task.pid();
  }

  /** {@code current->tgid}, of a task that ends too; 0 where there is none. */
  private int currentTgid() {
    Task task = scheduler.current();
    return task == null ? 0 : task.process().pid();
  }

  private @Nullable FutexThread futexThread(int tid) {
    Task task = tasks.find(tid);
    return task == null ? null : task.futexThread();
  }

  private String currentCommand() {
    Task task = running();
    return task == null ? "swapper" : task.comm();
  }

  private int wordBytes() {
    return config.layout() == Layout.I386 ? 4 : 8;
  }

  private ReportBuilder newReport() {
    return new ReportBuilder(
        cpu,
        mmu,
        memory,
        faults,
        first,
        systemCalls,
        kernel.unsupported(),
        new TimeAccount(cpu, mmu, ram, memory.trace().time(), allocator.vmStat(), scheduler));
  }

  /** The report is about the memory of the program that the machine was given. */
  private void beforeExit(Task task) {
    if (task.equals(first)) {
      report.atEnd();
    }
    exitListener.accept(task);
  }

  /**
   * Tells of every thread that ends, while its registers and all of its memory are still there;
   * only one listener is told, the last one given. It looks and changes nothing.
   */
  public void setExitListener(Consumer<Task> listener) {
    exitListener = listener;
  }

  /** The return to user mode: nobody reads what RCU protects, so a grace period ends. */
  private void afterSystemCall() {
    slab.rcu().synchronizeRcu();
    if (config.checks()) {
      audit();
    }
  }

  /** Lets kswapd do all it has to do: Java code executes no instructions to share time with. */
  void letKswapdRun() {
    if (reclaim.kswapd().isRunnable()) {
      reclaim.kswapd().run();
    }
  }

  /** Some policies, and recordings, want to know of every access. */
  private void listenToAccesses(@Nullable Path recordTo) {
    if (recordTo != null) {
      try {
        reclaim.record(recordTo);
      } catch (IOException failure) {
        throw new UsageException("the recording of pages cannot be made: " + failure.getMessage());
      }
    }
    PageAccessListener listener = reclaim.accessListener();
    if (listener != null) {
      mmu.setAccessListener(listener);
    }
  }

  private Vfs openFiles(MachineConfig config, VirtualClock clock, PageCache pageCache) {
    try {
      Vfs opened =
          Vfs.open(
              new VfsConfig(
                  config.root(),
                  config.writable(),
                  VfsConfig.defaultOverlayBytes(),
                  config.seed(),
                  clock::realtimeNanos,
                  pageCache,
                  slab));
      if (config.network() == Network.LOOPBACK) {
        opened.addLoopback();
      }
      return opened;
    } catch (InvalidViewException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Boots: lays out RAM, builds zones and the kernel's page table, mounts the files.
   *
   * @throws UsageException if the host cannot give that much RAM, or a folder is not there
   */
  public static Machine boot(MachineConfig config) {
    Architecture architecture = architecture(config);
    if (config.ramBytes() > architecture.maxRamBytes()) {
      throw new UsageException(
          "RAM of %d bytes cannot be: %s machines have at most %d"
              .formatted(config.ramBytes(), architecture.name(), architecture.maxRamBytes()));
    }
    PhysicalMemoryMap map = PhysicalMemoryMap.pc(architecture, config.ramBytes());
    Ram ram;
    try {
      ram = Ram.reserve(map.endPhysicalAddress());
    } catch (OutOfMemoryError e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
    Machine machine;
    try {
      machine = new Machine(config, ram, map, architecture);
    } catch (Throwable failure) {
      ram.close();
      throw failure;
    }
    try {
      machine.swap.boot(config.swap(), machine.allocator);
      return machine;
    } catch (Throwable failure) {
      machine.close();
      throw failure;
    }
  }

  private static Architecture architecture(MachineConfig config) {
    return switch (config.pageTableFormat()) {
      case TWO_LEVEL -> Architecture.I386;
      case PAE -> Architecture.I386_PAE;
      case FOUR_LEVEL -> Architecture.COMPAT;
    };
  }

  // ---- Programs ----

  /**
   * Gives the machine a program, as {@code execve} does. After {@link #run} has ended one, the next
   * gets a new process; before that it takes the place of the one that runs.
   *
   * @param path of the program, as the program will see it
   * @param arguments argv, the program's own name first
   * @param environment {@code NAME=value} each
   * @throws ExecException if it is no program that can run here
   */
  public void exec(String path, List<String> arguments, List<String> environment) {
    if (first.isEnded()) {
      endAll();
      // What came for the last one is not for this one.
      external.clear();
      systemCalls.clearCounts();
      kernel.unsupported().clear();
      first = firstProcess.make();
      report = newReport();
      loop.begin(first);
    }
    first.sleep().end();
    scheduler.switchTo(first);
    report.beforeExec(path);
    execve.exec(
        bytes(path),
        arguments.stream().map(Machine::bytes).toList(),
        environment.stream().map(Machine::bytes).toList());
  }

  /** For the program strings are bytes; here each becomes one char. */
  static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
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

  /**
   * Runs until the program ends, and whatever else it has started.
   *
   * @return its exit status as a shell sees it: 0 to 255, 128 + signal if a signal ended it
   */
  public int run() {
    while (!run(Long.MAX_VALUE)) {}
    return exitStatus();
  }

  /**
   * Runs for a while: the process is looked at where it stands, and run on.
   *
   * @param maxInstructions how many at most
   * @return whether the process has ended; {@link #exitStatus} is its status then
   * @throws IllegalStateException if no program runs, or the kernel has panicked
   * @throws org.memarium.kernel.error.KernelPanicException if the kernel panics: the machine can
   *     only be looked at and closed then
   */
  public boolean run(long maxInstructions) {
    if (outOfMemory.hasPanicked()) {
      throw new IllegalStateException("the machine stands still, since its kernel panicked");
    }
    if (first.mm() == null && loop.isOver()) {
      throw new IllegalStateException("no program runs");
    }
    loop.run(maxInstructions);
    if (!loop.isOver()) {
      return false;
    }
    report.afterExit();
    return true;
  }

  /**
   * Makes {@link #run(long)} come back soon, with the program where it stands; from any thread. A
   * system call that waits is broken off, and made again when the program runs on.
   */
  public void pause() {
    loop.requestPause();
  }

  /** Says before which system calls {@link #run(long)} comes back. */
  @FunctionalInterface
  public interface CallStop {
    /**
     * Asked once for each call that the program is about to make.
     *
     * @param number in the i386 table, such as 252 for exit_group
     */
    boolean stopsBefore(int number);

    /**
     * Before each call of a name, such as {@code mmap2}.
     *
     * @throws IllegalArgumentException if no system call has it
     */
    static CallStop named(String name) {
      int wanted = SystemCallNames.number(name);
      return number -> number == wanted;
    }
  }

  /**
   * Makes {@link #run(long)} come back before certain system calls of the program that runs; when
   * it runs on, it makes the call.
   *
   * @param stop which; null: before none
   */
  public void stopBeforeCalls(@Nullable CallStop stop) {
    loop.setCallStop(stop);
  }

  /** The last program's exit status as a shell sees it; 0 while it runs. */
  public int exitStatus() {
    return first.process().exitStatus();
  }

  /** The task whose program runs, or stands in the middle of its way; null if there is none. */
  public @Nullable Task running() {
    // /proc asks before the scheduler is there.
    Task task = scheduler == null ? null : scheduler.current();
    return task == null || task.isEnded() || task.mm() == null ? null : task;
  }

  /** Who runs. */
  Scheduler scheduler() {
    return scheduler;
  }

  /** Every task. */
  TaskTable tasks() {
    return tasks;
  }

  /** Ends every process that is left. */
  private void endAll() {
    List<Task> left = List.copyOf(tasks.all());
    left.forEach(Task::release);
    left.forEach(Task::reap);
    scheduler.forgetCurrent();
  }

  /**
   * How the process died, where a signal ended it: one line such as {@code busybox: SIGSEGV: write
   * to 0x00000000, no area there (eip 0x08049012)}; null if it exited by itself, and for signals
   * that shells do not speak of either: SIGINT and SIGPIPE.
   */
  public @Nullable String deathLine() {
    return loop.deathLine();
  }

  /**
   * Sends a signal to the process from outside, as Ctrl-C does; from any thread. A program that
   * waits for input notices when there is some.
   *
   * @param signal its number, such as 2 for SIGINT
   */
  public void interrupt(int signal) {
    external.send(signal);
    cpu.requestStop();
  }

  /** These bytes were typed at the terminal that standard input is; from any thread. */
  public void typed(byte[] bytes) {
    byte[] own = bytes.clone();
    external.post(() -> onTerminal(terminal -> terminal.typed(own)));
  }

  /** The terminal has another size; from any thread. */
  public void resizeTerminal(int rows, int columns) {
    external.post(() -> onTerminal(terminal -> terminal.tty().setSize(rows, columns)));
  }

  /**
   * Somebody sits at the terminal: sleeps take their time, where otherwise they pass at once. From
   * any thread.
   *
   * @param hostNanos the host's clock; null: nobody is there any more
   */
  public void setWatched(@Nullable LongSupplier hostNanos) {
    external.setWatched(hostNanos);
  }

  /** Nobody types any more: the terminal is gone; from any thread. */
  public void hangUpTerminal() {
    external.post(() -> onTerminal(HostTerminal::hangUp));
  }

  private void onTerminal(Consumer<HostTerminal> event) {
    HostTerminal terminal = vfs.terminal();
    if (terminal != null) {
      event.accept(terminal);
    }
  }

  /**
   * Whether a signal of {@link #interrupt}, or a {@link #pause}, has not reached the process yet;
   * from any thread. A channel of the machine asks before it waits.
   */
  public boolean interruptPending() {
    return external.isPending() || loop.isPauseRequested();
  }

  // ---- Kernel memory ----

  /** The page allocator, for whoever holds the machine: {@code alloc_pages} and its kin. */
  public KernelPages pages() {
    return pages;
  }

  /** Memory by linear address: the kernel's, and the running program's. */
  public LinearMemory linearMemory() {
    return linearMemory;
  }

  // ---- Looking at it ----

  /** The machine's files, as root sees them: settings can be written there too. */
  public MachineFiles files() {
    return files;
  }

  /**
   * A view of the machine as it stands now, such as {@code proc("meminfo")}, {@code
   * proc("self/maps")} or {@code proc("sys/vm/max_map_count")}.
   *
   * @param path below {@code /proc}, or with it
   * @return the text; each char is one byte
   * @throws UsageException if there is no such file
   */
  public String proc(String path) {
    return files.text(path.startsWith("/") ? path : "/proc/" + path);
  }

  /** Every event of the memory manager, from the first after {@link #boot}. */
  public Trace trace() {
    return memory.trace();
  }

  /** What each system call is here: its number, name, status, and a remark; by number. */
  public List<SystemCallDescription> systemCalls() {
    return systemCalls.descriptions();
  }

  /** What the last process did so far. */
  public RunReport report() {
    return report.build();
  }

  /**
   * The first thread of the program that the machine was given: it runs, has ended, or waits for
   * the program.
   */
  public Task task() {
    return first;
  }

  /** The thread of a number, of whatever process; null if there is none. */
  public @Nullable Task task(int tid) {
    return tasks.find(tid);
  }

  /** The memory manager. */
  public MemoryManager memory() {
    return memory;
  }

  /** The slab allocator: caches are made and found here. */
  public SlabAllocator slab() {
    return slab;
  }

  /** {@code kmalloc} and its kin. */
  public Kmalloc kmalloc() {
    return slab.kmalloc();
  }

  /** vmalloc, vmap and ioremap. */
  public Vmalloc vmalloc() {
    return vmalloc;
  }

  /** kvmalloc. */
  public KvMalloc kvMalloc() {
    return kvMalloc;
  }

  /** kmap. */
  public Kmap kmap() {
    return kmap;
  }

  /** The kernel's memory by linear address: what the allocators return. */
  public KernelMemory kernelMemory() {
    return kernelMemory;
  }

  /** The kernel's log. */
  public KernelLog log() {
    return log;
  }

  /** Reverse mapping, migration and compaction. */
  public Reclaim reclaim() {
    return reclaim;
  }

  /** The page-fault handler. */
  public FaultHandler faults() {
    return faults;
  }

  /** The processor. */
  public Cpu cpu() {
    return cpu;
  }

  /** The MMU. */
  public Mmu mmu() {
    return mmu;
  }

  /** The files. */
  public Vfs vfs() {
    return vfs;
  }

  /** The GDT: the segments of the kernel, of programs, and of thread-local storage. */
  public DescriptorTable gdt() {
    return gdt;
  }

  /** What it was booted from. */
  public MachineConfig config() {
    return config;
  }

  /** The virtual clock. */
  public VirtualClock clock() {
    return clock;
  }

  /**
   * Recounts everything from scratch.
   *
   * @throws IllegalStateException with the difference, where something does not add up
   */
  public void audit() {
    Audit audit = new Audit(memory.memMap().frames());
    memory.audit(audit);
    reclaim.audit(audit);
    pages.audit(audit);
    ipc.audit(audit);
    FileAudit.recount(audit, tasks, slab.kernelCaches(), memory, vfs, files.place());
    slab.audit(audit);
    vmalloc.audit(audit);
    kmap.audit(audit);
    allocator.audit(audit);
    memory.memMap().audit(audit);
    MemInfo.audit(audit, view);
    audit.finish();
  }

  /** Ends the process if it still runs and gives the RAM back. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        if (!outOfMemory.hasPanicked()) {
          endAll();
        }
        vfs.close();
        reclaim.endRecording();
      } catch (IOException failure) {
        throw new UncheckedIOException("the recording of pages is not whole", failure);
      } finally {
        swap.close();
        ram.close();
      }
    }
  }
}
