package org.memarium.oracle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.Ram;
import org.memarium.kernel.JavaProgram;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.kernel.MachineConfigBuilder;
import org.memarium.kernel.MemoryFaultException;
import org.memarium.kernel.Preset;
import org.memarium.kernel.vfs.GeneratedFile;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.RecordFile;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.trace.Cost;
import org.memarium.mm.trace.CostModel;

/** Our side: a machine in which the agent's program stands, and what Java makes it do. */
final class OurSide implements AutoCloseable {
  private static final long RAM_BYTES = 512L << 20;

  /** Pages that are read together are there together: most are holes, or in one request. */
  private static final CostModel INSTANT_DISK =
      CostModel.DEFAULT.with(Cost.FILE_LATENCY, 0).with(Cost.FILE_READ, 0).with(Cost.FILE_WRITE, 0);

  private static final int ADDR_NO_RANDOMIZE = 0x4_0000;
  private static final int IPC_RMID = 0;
  private static final int SIG_IGN = 1;
  private static final int SIGXFSZ = 25;
  private static final int PR_SET_THP_DISABLE = 41;

  private final byte[] readAhead = new byte[HostSide.READAHEAD_BYTES];
  private final Machine machine;
  private final Numbers numbers = new Numbers();
  private final @Nullable JavaProgram[] programs = new JavaProgram[Mailbox.SLOTS];

  private OurSide(Machine machine) {
    this.machine = machine;
  }

  /**
   * Boots a machine.
   *
   * @param folder of the host, the working directory of programs, which they may write to
   */
  static OurSide boot(Path folder) {
    MachineConfigBuilder config =
        MachineConfig.builder()
            .preset(Preset.X86_64)
            .layout(Layout.COMPAT)
            .ramBytes(RAM_BYTES)
            // A page is in the cache if it was read or written here, as on the host: both read
            // what a step made longer when it is done, and not before.
            .coldFiles(true)
            .costs(INSTANT_DISK)
            .writable(folder)
            .workingDirectory(folder.toString());
    HostSide.limits(config);
    Machine machine = Machine.boot(config.build());
    machine.memory().pageCache().setBackingDev(HostDisk.of(folder));
    // RAM enough for whatever is asked for, as the host has.
    machine.files().write("/proc/sys/vm/overcommit_memory", "1\n");
    return new OurSide(machine);
  }

  /**
   * Begins anew, with one process; what ran before has ended.
   *
   * @param program the agent's file
   * @param mailbox the name of the mailbox, so that the stack has as many bytes as the agent's
   */
  void start(Path program, Path mailbox) {
    JavaProgram first =
        JavaProgram.start(
            machine,
            program.toString(),
            List.of(program.toString(), mailbox.toString()),
            AgentProgram.LOOP);
    programs[0] = first;
    numbers.clear();
    numbers.setPid(0, first.task().pid());
    prepare(first);
  }

  /** What the agent does before it serves. */
  private void prepare(JavaProgram program) {
    program.call("personality", ADDR_NO_RANDOMIZE);
    long stack = Integer.toUnsignedLong(machine.cpu().register(Cpu.ESP));
    program.write(stack & -Ram.PAGE_SIZE, new byte[Ram.PAGE_SIZE]);
    int name = program.string(AgentProgram.SCRATCH, "mailbox");
    int fd = program.call("memfd_create", name, 0);
    program.write(AgentProgram.SCRATCH, new byte[Ram.PAGE_SIZE]);
    program.call("ftruncate", fd, Mailbox.BYTES);
    int prot = MmapFlags.PROT_READ | MmapFlags.PROT_WRITE;
    int flags = MmapFlags.MAP_SHARED | MmapFlags.MAP_FIXED;
    program.call("mmap2", AgentProgram.MAILBOX, Mailbox.BYTES, prot, flags, fd, 0);
    program.call("close", fd);
    program.call("munmap", AgentProgram.VDSO_FROM, AgentProgram.VDSO_BYTES);
    program.call("prctl", PR_SET_THP_DISABLE, 1);
    int action = program.words(AgentProgram.DATA, SIG_IGN, 0, 0, 0, 0);
    program.call("rt_sigaction", SIGXFSZ, action, 0, 8);
    touch(program);
  }

  /** The agent's pages, present and written to; also after fork. */
  private static void touch(JavaProgram program) {
    program.readInt(AgentProgram.TEXT);
    for (int at = AgentProgram.MAILBOX;
        at < AgentProgram.MAILBOX + Mailbox.BYTES;
        at += Ram.PAGE_SIZE) {
      // Nothing is there, and a write faults otherwise than a read.
      program.writeInt(at, 0);
    }
    for (int at = AgentProgram.DATA; at < AgentProgram.END; at += Ram.PAGE_SIZE) {
      program.writeInt(at, program.readInt(at));
    }
  }

  /** Its numbers of processes and segments. */
  Numbers numbers() {
    return numbers;
  }

  /** The machine. */
  Machine machine() {
    return machine;
  }

  /** Whether a slot has a process. */
  boolean isAlive(int slot) {
    JavaProgram program = programs[slot];
    return program != null && !program.isEnded();
  }

  /** A slot's address space. */
  MmStruct mm(int slot) {
    return program(slot).task().requireMm();
  }

  /** Whether a descriptor is of a file of huge pages. */
  boolean hasHugeFile(int slot, int fd) {
    OpenFile file = program(slot).task().files().get(fd);
    return file != null && file.hugePages() != null;
  }

  /** The page cache of a file that a process has open; null: it has none, or there is no file. */
  @Nullable AddressSpace pagesOf(int slot, int fd) {
    OpenFile file = program(slot).task().files().get(fd);
    return file != null && file.mmapKind() == MappedFile.MmapKind.PAGE_CACHE
        ? file.mapping()
        : null;
  }

  /** Whether a descriptor is of a file pagemap, in which frames have other numbers there. */
  boolean isPageMap(int slot, int fd) {
    OpenFile file = program(slot).task().files().get(fd);
    return file != null && file.inode() instanceof RecordFile;
  }

  /** Whether a descriptor is of a file clear_refs: of those that steps open no other takes text. */
  boolean isClearRefs(int slot, int fd) {
    OpenFile file = program(slot).task().files().get(fd);
    return file != null && file.inode() instanceof GeneratedFile;
  }

  /** The descriptor that a process's next file gets. */
  int lowestFreeDescriptor(int slot) {
    int[] open = program(slot).task().files().openDescriptors();
    int lowest = 0;
    while (lowest < open.length && open[lowest] == lowest) {
      lowest++;
    }
    return lowest;
  }

  private JavaProgram program(int slot) {
    JavaProgram program = programs[slot];
    if (program == null) {
      throw new IllegalStateException("there is no process p" + slot);
    }
    return program;
  }

  /** Does a step. */
  Outcome execute(Step step) {
    JavaProgram program = program(step.process());
    int result = 0;
    try {
      switch (step.call()) {
        case READ_BYTE -> result = program.readByte(step.unsigned(0));
        case READ_INT -> result = program.readInt(step.unsigned(0));
        case WRITE_BYTE -> program.writeByte(step.unsigned(0), step.argument(1));
        case WRITE_INT -> program.writeInt(step.unsigned(0), step.argument(1));
        case EXIT_GROUP -> {
          program.exit(step.argument(0));
          programs[step.process()] = null;
          return new Outcome(0, 0, 0, 0, 0);
        }
        case FORK -> result = fork(program, step.argument(0));
        case PROC_OPEN -> result = openProcFile(program, step);
        default -> result = program.call(step.call().number(), numbers.resolve(step));
      }
      for (int fd : HostSide.filesReadAfter(step)) {
        readAll(program, fd);
      }
      if (step.call().group() == CallGroup.ACCESS && step.call().name().startsWith("WRITE")) {
        result = step.argument(1);
      }
      numbers.learn(step, result);
      return new Outcome(result, 0, 0, 0, faults(program));
    } catch (MemoryFaultException e) {
      return new Outcome(0, e.signal(), e.code(), (int) e.address(), faults(program));
    }
  }

  private int openProcFile(JavaProgram program, Step step) {
    String path = ProcFile.path(numbers.resolve(step));
    return program.call("open", program.string(AgentProgram.PROC_NAME, path), step.argument(2));
  }

  /** Reads a file of a disk, as the agent does it. */
  private void readAll(JavaProgram program, int fd) {
    OpenFile file = program.task().files().get(fd);
    if (file == null || !file.isReadable() || file.mmapKind() != MappedFile.MmapKind.PAGE_CACHE) {
      return;
    }
    AddressSpace space = file.mapping();
    if (space.store().isPersistent()) {
      int bytes = (int) Math.min(space.bytes(), HostSide.READAHEAD_BYTES);
      space.readAhead(0, (bytes + Ram.PAGE_SIZE - 1) / Ram.PAGE_SIZE);
      space.read(0, readAhead, 0, bytes, file.readahead());
    }
  }

  private int fork(JavaProgram program, int slot) {
    int pid = program.call("fork");
    touch(program);
    if (pid > 0) {
      JavaProgram child = program.task(pid);
      programs[slot] = child;
      touch(child);
    }
    return pid;
  }

  private static int faults(JavaProgram program) {
    return (int) (program.task().faults().minor() + program.task().faults().major());
  }

  /** A file of {@code /proc/PID}. */
  byte[] proc(int slot, String name) {
    return machine.files().read("/proc/" + numbers.pid(slot) + "/" + name);
  }

  /** The names in a directory of {@code /proc/PID}, sorted. */
  List<String> procNames(int slot, String name) {
    return machine.files().list("/proc/" + numbers.pid(slot) + "/" + name);
  }

  /** Words of {@code /proc/PID/pagemap}, from a page on. */
  long[] pageMap(int slot, long firstPage, int pages) {
    String file = "/proc/" + numbers.pid(slot) + "/pagemap";
    byte[] bytes = machine.files().read(file, Long.BYTES * firstPage, Long.BYTES * pages);
    long[] words = new long[pages];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(words);
    return words;
  }

  /** What is in a page that is present, whatever its rights are. */
  void page(int slot, long address, byte[] to) {
    long pte = mm(slot).pages().tables().pte(address);
    machine.mmu().ram().read((long) Pte.pfn(pte) << Ram.PAGE_SHIFT, to, 0, Ram.PAGE_SIZE);
  }

  /** Whether a page is present. */
  boolean isPresent(int slot, long address) {
    return Pte.isPresent(mm(slot).pages().tables().pte(address));
  }

  /** A word of memory that is present, without touching it. */
  int peek(int slot, long address) {
    long pte = mm(slot).pages().tables().pte(address);
    long page = (long) Pte.pfn(pte) << Ram.PAGE_SHIFT;
    return Pte.isPresent(pte)
        ? machine.mmu().ram().getInt(page + (address & (Ram.PAGE_SIZE - 1)))
        : 0;
  }

  /** Ends all processes, and takes away what would outlive them. */
  void end() {
    JavaProgram first = programs[0];
    if (first != null && !first.isEnded()) {
      for (int segment : numbers.segments()) {
        first.call("shmctl", segment, IPC_RMID, 0);
      }
      // By the machine itself, which remembers names.
      for (String file : FileSteps.FILES) {
        first.call("unlink", first.string(AgentProgram.SCRATCH, file));
      }
    }
    for (int slot = Mailbox.SLOTS - 1; slot >= 0; slot--) {
      JavaProgram program = programs[slot];
      programs[slot] = null;
      if (program != null && !program.isEnded()) {
        program.exit(0);
      }
    }
  }

  @Override
  public void close() {
    machine.close();
  }
}
