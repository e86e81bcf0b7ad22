package org.memarium.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.Mmu;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.process.Scheduler;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskExit;
import org.memarium.kernel.process.TaskTable;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.syscall.SystemCallDescription;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.pagetable.KernelMemory;
import org.memarium.mm.reclaim.Reclaim;
import org.memarium.mm.slab.Kmalloc;
import org.memarium.mm.slab.SlabAllocator;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.Trace;
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
  private final MachineMemory memory;
  private final MachineKernel kernel;
  private final MachineTerminal terminal;
  private final RunLoop loop;
  private final FirstProcess firstProcess;

  /** The thread of the program that the machine was given last, or waits for one. */
  private Task first;

  private ReportBuilder report;
  private Consumer<Task> exitListener = task -> {};
  private boolean closed;

  private Machine(MachineConfig config, MachineMemory memory) {
    this.config = config;
    this.memory = memory;
    kernel = new MachineKernel(config, memory);
    terminal = new MachineTerminal(kernel.vfs, kernel.external);
    firstProcess =
        new FirstProcess(
            config, memory.slab, memory.allocator.node().totalRamPages(), kernel.machinery);
    first = firstProcess.make();
    report = new ReportBuilder(memory, kernel, first);
    loop = new RunLoop(memory, kernel, first, this::afterSystemCall, this::beforeExit);
    memory.allocator.slowPath().setOomKiller(kernel.outOfMemory);
    memory.allocator.groups().setOomKiller(kernel.outOfMemory);
    memory.mmu.setFaultHandler(loop);
    if (config.checks()) {
      memory.reclaim.setAfterReclaim(_ -> loop.requestCheck());
    }
    memory.slab.context().setCurrent(kernel::currentPid, kernel::currentCommand);
    config.faultInjection().begin(memory.allocator, memory.slab, memory.pageCache, memory.swap);
  }

  /**
   * Boots: lays out RAM, builds zones and the kernel's page table, mounts the files.
   *
   * @throws UsageException if the host cannot give that much RAM, or a folder is not there
   */
  public static Machine boot(MachineConfig config) {
    MachineMemory memory = MachineMemory.boot(config);
    Machine machine;
    try {
      machine = new Machine(config, memory);
    } catch (Throwable failure) {
      memory.close();
      throw failure;
    }
    try {
      memory.swap.boot(config.swap(), memory.allocator);
      return machine;
    } catch (Throwable failure) {
      machine.close();
      throw failure;
    }
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
    memory.slab.rcu().synchronizeRcu();
    if (config.checks()) {
      audit();
    }
  }

  /** Lets kswapd do all it has to do: Java code executes no instructions to share time with. */
  void letKswapdRun() {
    if (memory.reclaim.kswapd().isRunnable()) {
      memory.reclaim.kswapd().run();
    }
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
      kernel.forgetLastProgram();
      first = firstProcess.make();
      report = new ReportBuilder(memory, kernel, first);
      loop.begin(first);
    }
    first.sleep().end();
    kernel.scheduler.switchTo(first);
    report.beforeExec(path);
    kernel.execve.exec(
        bytes(path),
        arguments.stream().map(Machine::bytes).toList(),
        environment.stream().map(Machine::bytes).toList());
  }

  /** For the program strings are bytes; here each becomes one char. */
  static String bytes(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
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
    if (kernel.outOfMemory.hasPanicked()) {
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
    return kernel.running();
  }

  /** Who runs. */
  Scheduler scheduler() {
    return kernel.scheduler;
  }

  /** Every task. */
  TaskTable tasks() {
    return kernel.tasks;
  }

  /** Ends every process that is left. */
  private void endAll() {
    List<Task> left = List.copyOf(kernel.tasks.all());
    left.forEach(TaskExit::release);
    for (Task task : left) {
      TaskExit.reap(task);
    }
    kernel.scheduler.forgetCurrent();
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
    kernel.external.send(signal);
    kernel.cpu.requestStop();
  }

  /** The terminal that standard input may be, for who sits before it; from any thread. */
  public MachineTerminal terminal() {
    return terminal;
  }

  /**
   * Whether a signal of {@link #interrupt}, or a {@link #pause}, has not reached the process yet;
   * from any thread. A channel of the machine asks before it waits.
   */
  public boolean interruptPending() {
    return kernel.external.isPending() || loop.isPauseRequested();
  }

  // ---- Kernel memory ----

  /** The page allocator, for whoever holds the machine: {@code alloc_pages} and its kin. */
  public KernelPages pages() {
    return memory.pages;
  }

  /** Memory by linear address: the kernel's, and the running program's. */
  public LinearMemory linearMemory() {
    return kernel.linearMemory;
  }

  // ---- Looking at it ----

  /** The machine's files, as root sees them: settings can be written there too. */
  public MachineFiles files() {
    return kernel.files;
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
    return kernel.files.text(path.startsWith("/") ? path : "/proc/" + path);
  }

  /** Every event of the memory manager, from the first after {@link #boot}. */
  public Trace trace() {
    return memory.manager.trace();
  }

  /** What each system call is here: its number, name, status, and a remark; by number. */
  public List<SystemCallDescription> systemCalls() {
    return kernel.systemCalls.descriptions();
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
    return kernel.tasks.find(tid);
  }

  /** The memory manager. */
  public MemoryManager memory() {
    return memory.manager;
  }

  /** The slab allocator: caches are made and found here. */
  public SlabAllocator slab() {
    return memory.slab;
  }

  /** {@code kmalloc} and its kin. */
  public Kmalloc kmalloc() {
    return memory.slab.kmalloc();
  }

  /** vmalloc, vmap and ioremap. */
  public Vmalloc vmalloc() {
    return memory.vmalloc;
  }

  /** kvmalloc. */
  public KvMalloc kvMalloc() {
    return memory.kvMalloc;
  }

  /** kmap. */
  public Kmap kmap() {
    return memory.kmap;
  }

  /** The kernel's memory by linear address: what the allocators return. */
  public KernelMemory kernelMemory() {
    return memory.kernelMemory;
  }

  /** The kernel's log. */
  public KernelLog log() {
    return memory.log;
  }

  /** Reverse mapping, migration and compaction. */
  public Reclaim reclaim() {
    return memory.reclaim;
  }

  /** The page-fault handler. */
  public FaultHandler faults() {
    return memory.faults;
  }

  /** The processor. */
  public Cpu cpu() {
    return kernel.cpu;
  }

  /** The MMU. */
  public Mmu mmu() {
    return memory.mmu;
  }

  /** The files. */
  public Vfs vfs() {
    return kernel.vfs;
  }

  /** The GDT: the segments of the kernel, of programs, and of thread-local storage. */
  public DescriptorTable gdt() {
    return kernel.gdt;
  }

  /** What it was booted from. */
  public MachineConfig config() {
    return config;
  }

  /** The virtual clock. */
  public VirtualClock clock() {
    return kernel.clock;
  }

  /**
   * Recounts everything from scratch.
   *
   * @throws IllegalStateException with the difference, where something does not add up
   */
  public void audit() {
    kernel.audit();
  }

  /** Ends the process if it still runs and gives the RAM back. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        if (!kernel.outOfMemory.hasPanicked()) {
          endAll();
        }
        kernel.vfs.close();
        memory.reclaim.endRecording();
      } catch (IOException failure) {
        throw new UncheckedIOException("the recording of pages is not whole", failure);
      } finally {
        memory.close();
      }
    }
  }
}
