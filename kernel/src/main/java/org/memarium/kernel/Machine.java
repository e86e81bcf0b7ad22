package org.memarium.kernel;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.Ram;
import org.memarium.hardware.Segmentation;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.exec.Execve;
import org.memarium.kernel.process.ExternalSignals;
import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.Segments;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TlsSegments;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.process.UtsName;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.procfs.ProcFs;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.kernel.syscall.SystemCalls;
import org.memarium.kernel.vfs.Credentials;
import org.memarium.kernel.vfs.FdTable;
import org.memarium.kernel.vfs.FsStruct;
import org.memarium.kernel.vfs.InvalidViewException;
import org.memarium.kernel.vfs.StandardStreams;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.kernel.vfs.VfsConfig;
import org.memarium.mm.Architecture;
import org.memarium.mm.Audit;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.file.PageCache;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.frame.PhysicalMemoryMap;
import org.memarium.mm.pagetable.KernelPageTable;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VmStat;

/**
 * A computer with one process: RAM, MMU, processor, memory manager, files.
 *
 * <p>Boot it, give it a program, run it, read the report, close it:
 *
 * <pre>{@code
 * try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
 *   machine.exec("/bin/busybox", List.of("busybox", "echo", "hello"), List.of("PATH=/bin"));
 *   int status = machine.run();
 * }
 * }</pre>
 *
 * <p>It belongs to the thread that boots it; only {@link #interrupt} and {@link #interruptPending}
 * may be called from another.
 */
public final class Machine implements AutoCloseable {
  /** A process takes so many pages for its kernel stack and structures: limits their number. */
  private static final int PAGES_PER_THREAD = 16;

  private final MachineConfig config;
  private final Ram ram;
  private final MemoryManager memory;
  private final PageAllocator allocator;
  private final FaultHandler faults;
  private final Mmu mmu;
  private final Cpu cpu;
  private final Vfs vfs;
  private final Task task;
  private final VirtualClock clock;
  private final ExternalSignals external = new ExternalSignals();
  private final Execve execve;
  private final RunLoop loop;
  private final ReportBuilder report;
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
    mmu = new Mmu(ram, architecture.pageTableFormat(), config.tlbEntries(), config.tlbWays());
    mmu.loadCr3(kernelPageTable.pgd());
    PageCache pageCache = new PageCache(allocator);
    memory = new MemoryManager(allocator, kernelPageTable, mmu, pageCache);
    faults = new FaultHandler(memory);

    Segments segments = config.layout() == Layout.I386 ? Segments.I386 : Segments.X86_64;
    DescriptorTable gdt =
        new DescriptorTable(ram, (long) gdtPfn << Ram.PAGE_SHIFT, segments.entries());
    segments.fill(gdt);
    Segmentation segmentation = new Segmentation();
    segmentation.setGdt(gdt);
    segmentation.force(Segmentation.CS, segments.userCode());
    cpu = new Cpu(mmu, segmentation);
    clock = new VirtualClock(cpu, config.bootTimeNanos());
    trace.setClock(clock::uptimeNanos);

    // A 64-bit kernel checks a 32-bit program's pointers against its own limit.
    long accessLimit =
        config.layout() == Layout.I386
            ? config.layout().taskSize()
            : Architecture.X86_64.taskSize();
    UserMemory userMemory = new UserMemory(mmu, accessLimit);
    vfs = openFiles(config, clock, pageCache);
    task = firstTask(userMemory);
    final UtsName uname = UtsName.of(config.layout() == Layout.I386 ? "i686" : "x86_64");
    final int wordBytes = config.layout() == Layout.I386 ? 4 : 8;
    MachineView view = new MachineView(task, uname, wordBytes, memory, clock);
    vfs.mount("proc", "proc", new ProcFs(view, vfs::mountTable, clock::realtimeNanos));
    TlsSegments tls = new TlsSegments(gdt, segments.firstTls());
    execve =
        new Execve(
            memory,
            faults,
            userMemory,
            task,
            vfs,
            cpu,
            segments,
            tls,
            config.layout(),
            config.randomise() ? random(config.seed()) : null);
    Kernel kernel =
        new Kernel(
            cpu,
            userMemory,
            task,
            clock,
            tls,
            vfs,
            uname,
            wordBytes,
            external,
            new MachineStatistics(allocator),
            this::execFromProgram,
            new Kernel.Unsupported());
    SystemCalls systemCalls = new SystemCalls(kernel);
    loop =
        new RunLoop(kernel, systemCalls, faults, execve, config.checks() ? this::audit : () -> {});
    mmu.setFaultHandler(loop);
    report = new ReportBuilder(cpu, mmu, memory, faults, task, systemCalls, kernel.unsupported());
  }

  private static RandomGenerator random(long seed) {
    return new SplittableRandom(seed);
  }

  private static Vfs openFiles(MachineConfig config, VirtualClock clock, PageCache pageCache) {
    try {
      return Vfs.open(
          new VfsConfig(
              config.root(),
              config.writable(),
              VfsConfig.DEFAULT_OVERLAY_BYTES,
              config.seed(),
              clock::realtimeNanos,
              pageCache));
    } catch (InvalidViewException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private Task firstTask(UserMemory userMemory) {
    RLimits limits = RLimits.initial(allocator.totalRamPages() / PAGES_PER_THREAD);
    for (MachineConfig.Limit limit : config.limits()) {
      limits.set(limit.resource(), limit.soft(), limit.hard());
    }
    FsStruct fs = new FsStruct(vfs.root());
    FdTable fds = new FdTable(() -> limits.soft(RLimits.NOFILE));
    Identity identity = new Identity(config.uid(), config.gid());
    Credentials owner = identity.forFiles();
    StandardStreams streams =
        new StandardStreams(
            config.standardInput(),
            config.standardOutput(),
            config.standardError(),
            config.isTerminal(0),
            config.isTerminal(1),
            config.isTerminal(2),
            config.terminalRows(),
            config.terminalColumns());
    vfs.installStandardStreams(fds, streams, owner);
    Task first = new Task(vfs, fs, fds, identity, limits, clock, userMemory);
    long result = first.fileCalls().chdir(bytes(config.workingDirectory()));
    if (result < 0) {
      throw new UsageException(
          "the working directory %s: %s".formatted(config.workingDirectory(), Errno.name(result)));
    }
    return first;
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
    try {
      return new Machine(config, ram, map, architecture);
    } catch (Throwable failure) {
      ram.close();
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

  /**
   * Replaces the process's image, as {@code execve} does.
   *
   * @param path of the program, as the program will see it
   * @param arguments argv, the program's own name first
   * @param environment {@code NAME=value} each
   * @throws ExecException if it is no program that can run here
   */
  public void exec(String path, List<String> arguments, List<String> environment) {
    report.beforeExec(path);
    execve.exec(
        bytes(path),
        arguments.stream().map(Machine::bytes).toList(),
        environment.stream().map(Machine::bytes).toList());
  }

  /** For the program strings are bytes; here each becomes one char. */
  private static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
  }

  private long execFromProgram(String path, List<String> arguments, List<String> environment) {
    try {
      execve.exec(path, arguments, environment);
      return 0;
    } catch (ExecException e) {
      return -e.errno();
    }
  }

  /**
   * Runs until the process ends.
   *
   * @return its exit status as a shell sees it: 0 to 255, 128 + signal if a signal ended it
   */
  public int run() {
    loop.run();
    report.atEnd();
    endProcess();
    report.afterExit();
    return task.exitStatus();
  }

  /** {@code do_exit}: the address space and the files go. */
  private void endProcess() {
    if (task.mm() != null) {
      task.requireMm().exit();
      task.setMm(null);
    }
    task.files().closeAll();
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

  /**
   * Whether a signal of {@link #interrupt} has not reached the process yet; from any thread. A
   * channel of the machine asks before it waits.
   */
  public boolean interruptPending() {
    return external.isPending();
  }

  /** Every event of the memory manager, from the first after {@link #boot}. */
  public Trace trace() {
    return memory.trace();
  }

  /** What the machine did so far. */
  public RunReport report() {
    return report.build();
  }

  /** The process. */
  public Task task() {
    return task;
  }

  /** The memory manager. */
  public MemoryManager memory() {
    return memory;
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
    allocator.audit(audit);
    memory.memMap().audit(audit);
    audit.finish();
  }

  /** Ends the process if it still runs and gives the RAM back. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      endProcess();
      vfs.close();
      ram.close();
    }
  }
}
