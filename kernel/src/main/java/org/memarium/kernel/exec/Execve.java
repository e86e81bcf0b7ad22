package org.memarium.kernel.exec;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.CpuModel;
import org.memarium.cpu.Flags;
import org.memarium.hardware.Ram;
import org.memarium.hardware.Segmentation;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.process.FloatingPointFrame;
import org.memarium.kernel.process.Identity;
import org.memarium.kernel.process.Personality;
import org.memarium.kernel.process.Segments;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskExec;
import org.memarium.kernel.process.TlsSegments;
import org.memarium.kernel.process.UserMemory;
import org.memarium.kernel.process.VirtualClock;
import org.memarium.kernel.vfs.ErrnoException;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.Vfs;
import org.memarium.mm.Errno;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.space.Layout;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.MmapFlags;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.TraceEvent;

/**
 * {@code execve}: gives a process another program; Linux {@code fs/exec.c}.
 *
 * <p>Until the new address space is complete but for its segments, a failure leaves the process as
 * it was. Behind this point of no return a process that had a program dies of SIGSEGV.
 */
public final class Execve {
  private static final int MAX_SCRIPTS = 5;

  /** In place of a depth: the program was given as a descriptor that execve closes. */
  private static final int CLOSED = -1;

  private static final int RANDOM_BYTES = 16;
  private static final String PLATFORM = "i686";

  /** The larger of a signal's two frames, and what aligns it and the FPU's state above it. */
  private static final int SIGNAL_FRAME_BYTES = 732 + 15 + 63;

  /** Bytes of {@code struct rseq} that the kernel fills, and its alignment. */
  private static final int RSEQ_FEATURE_BYTES = 28;

  private static final int RSEQ_ALIGNMENT = 32;

  private final MemoryManager memory;
  private final FaultHandler faults;
  private final UserMemory userMemory;
  private final Supplier<Task> current;
  private final Vfs vfs;
  private final Cpu cpu;
  private final Segments segments;
  private final TlsSegments tls;
  private final Layout layout;
  private final @Nullable RandomGenerator random;
  private final Vdso vdso;

  /**
   * The execve of a machine.
   *
   * @param current the task that gets another program
   * @param vdso what it maps into every program; one for all processes of a machine
   * @param random for addresses; null: no randomisation
   */
  public Execve(
      MemoryManager memory,
      FaultHandler faults,
      UserMemory userMemory,
      Supplier<Task> current,
      Vfs vfs,
      Cpu cpu,
      Segments segments,
      TlsSegments tls,
      Layout layout,
      Vdso vdso,
      @Nullable RandomGenerator random) {
    this.memory = memory;
    this.faults = faults;
    this.userMemory = userMemory;
    this.current = current;
    this.vfs = vfs;
    this.cpu = cpu;
    this.segments = segments;
    this.tls = tls;
    this.layout = layout;
    this.random = random;
    this.vdso = vdso;
  }

  /** The linear address of __kernel_sigreturn, and of __kernel_rt_sigreturn. */
  public long[] signalReturns() {
    long vdsoAddress = task().requireMm().parts().vdso();
    return new long[] {
      vdsoAddress + VdsoImage.SIGRETURN_OFFSET, vdsoAddress + VdsoImage.RT_SIGRETURN_OFFSET
    };
  }

  private Task task() {
    return current.get();
  }

  /** Files that are open while a program is loaded. */
  private record Program(
      ElfFile elf,
      OpenFile file,
      @Nullable ElfFile interpreter,
      @Nullable OpenFile interpreterFile) {
    void release() {
      file.release();
      if (interpreterFile != null) {
        interpreterFile.release();
      }
    }
  }

  /**
   * Replaces the process's image.
   *
   * @param path of the program; each char one byte, as in the strings that follow
   * @param arguments argv; an empty one gets an empty string
   * @param environment envp
   * @throws ExecException if that is not possible
   */
  public void exec(String path, List<String> arguments, List<String> environment) {
    exec(Fcntl.AT_FDCWD, path, 0, arguments, environment);
  }

  /**
   * {@code execveat}: the same, with a path from a directory.
   *
   * @param directory a descriptor, or AT_FDCWD; the program itself if the path is empty
   * @param flags AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW
   */
  public void exec(
      int directory, String path, int flags, List<String> arguments, List<String> environment) {
    List<String> argv = new ArrayList<>(arguments.isEmpty() ? List.of("") : arguments);
    OpenFile file = openFile(directory, path, flags, path);
    String name = path;
    boolean closes = false;
    if (directory != Fcntl.AT_FDCWD && !path.startsWith("/")) {
      name = "/dev/fd/" + directory + (path.isEmpty() ? "" : "/" + path);
      closes = task().files().isCloseOnExec(directory);
    }
    Program program = inspect(file, name, name, argv, closes ? CLOSED : 0);
    try {
      load(program, name, argv, environment);
      Trace trace = memory.trace();
      if (trace.isOn()) {
        trace.emit(new TraceEvent.SchedProcessExec(task().pid(), name));
      }
    } finally {
      program.release();
    }
  }

  // ---- Finding out what it is ----

  private OpenFile openFile(int directory, String path, int flags, String shown) {
    try {
      OpenFile file = task().fileCalls().openExecutable(directory, path, flags);
      file.hold();
      return file;
    } catch (ErrnoException e) {
      throw new ExecException(e.errno(), shown + ": " + reason(e.errno()));
    }
  }

  private static String reason(int errno) {
    return switch (errno) {
      case Errno.ENOENT, Errno.ENOTDIR -> "no such program";
      case Errno.EACCES -> "may not be executed: it is a directory, or lacks the right";
      case Errno.ELOOP -> "too many symbolic links";
      default -> "cannot be opened: " + Errno.name(errno);
    };
  }

  /**
   * Opens a program; where it is a script its interpreter, with the arguments changed for it.
   *
   * @param shown the path that the user gave, for messages
   */
  private Program open(String path, String shown, List<String> argv, int depth) {
    return inspect(openFile(Fcntl.AT_FDCWD, path, 0, shown), path, shown, argv, depth);
  }

  /**
   * Finds out what an open file is.
   *
   * @param depth how many scripts led here; {@link #CLOSED}: execve will close the only way to it
   */
  private Program inspect(OpenFile file, String path, String shown, List<String> argv, int depth) {
    try {
      byte[] start = new byte[Script.LOOKED_AT_BYTES];
      long length = file.pread(start, 0, start.length, 0);
      if (length > 0 && Script.isScript(start, (int) length)) {
        Program interpreter = openScript(path, shown, start, (int) length, argv, depth);
        file.release();
        return interpreter;
      }
      ElfFile elf =
          ElfFile.readProgram(shown, (buffer, at) -> file.pread(buffer, 0, buffer.length, at));
      String interpreter =
          elf.interpreter((buffer, at) -> file.pread(buffer, 0, buffer.length, at));
      if (interpreter.isEmpty()) {
        return new Program(elf, file, null, null);
      }
      return withInterpreter(elf, file, interpreter, shown);
    } catch (ExecException e) {
      file.release();
      throw e;
    }
  }

  private Program openScript(
      String path, String shown, byte[] start, int length, List<String> argv, int depth) {
    Script script = Script.parse(start, length);
    if (script == null) {
      throw new ExecException(Errno.ENOEXEC, shown + ": a script whose #! names no interpreter");
    }
    if (depth == CLOSED) {
      throw new ExecException(Errno.ENOENT, shown + ": a script that its interpreter cannot open");
    }
    if (depth == MAX_SCRIPTS) {
      throw new ExecException(Errno.ELOOP, shown + ": scripts that interpret scripts, without end");
    }
    argv.set(0, path);
    if (script.argument() != null) {
      argv.addFirst(script.argument());
    }
    argv.addFirst(script.interpreter());
    String name = shown + ": its interpreter " + script.interpreter();
    return open(script.interpreter(), name, argv, depth + 1);
  }

  private Program withInterpreter(ElfFile elf, OpenFile file, String path, String shown) {
    String name = shown + ": its loader " + path;
    OpenFile interpreterFile = openFile(Fcntl.AT_FDCWD, path, 0, name);
    try {
      ElfFile interpreter =
          ElfFile.readInterpreter(
              name, (buffer, at) -> interpreterFile.pread(buffer, 0, buffer.length, at));
      return new Program(elf, file, interpreter, interpreterFile);
    } catch (ExecException e) {
      interpreterFile.release();
      throw e;
    }
  }

  // ---- Loading it ----

  private void load(Program program, String path, List<String> argv, List<String> environment) {
    ElfFile elf = program.elf;
    MmStruct mm = MmStruct.allocate(memory, layout, task().limits());
    if (mm == null) {
      throw new ExecException(Errno.ENOMEM, elf.name() + ": no memory for its page table");
    }
    boolean stays = false;
    try {
      ElfSegment gnuStack = elf.gnuStack();
      int personality = task().attributes().personality();
      if (gnuStack == null) {
        personality |= Personality.READ_IMPLIES_EXEC;
      }
      RandomGenerator chance = (personality & Personality.ADDR_NO_RANDOMIZE) == 0 ? random : null;
      mm.setIn3Gib((personality & Personality.ADDR_LIMIT_3GB) != 0);
      long stackTop = mm.placement().stackTop(chance);
      check(elf, mm.stack().create(stackTop), "its stack");
      StackImage stack =
          new StackImage(
              mm,
              faults,
              memory.allocator().ram(),
              elf.name(),
              stackTop,
              layout == Layout.COMPAT ? 8 : 4,
              (long) argv.size() + environment.size(),
              task().limits().soft(RLimits.STACK));
      stack.pushStrings(path, argv, environment);

      boolean hadProgram = task().mm() != null;
      if (!TaskExec.begin(task())) {
        throw new ExecException(Errno.ENOMEM, elf.name() + ": no memory for its open files");
      }
      stays = true;
      TaskExec.execMmap(task(), mm);
      task().attributes().setPersonality(personality);
      task().attributes().setRandomized(chance != null);
      mm.setReadImpliesExec((personality & Personality.READ_IMPLIES_EXEC) != 0);
      mm.setPrivileged(task().identity().isPrivileged());
      mm.unmappedArea().pickLayout((personality & Personality.ADDR_COMPAT_LAYOUT) != 0, chance);
      boolean executableStack = gnuStack == null || (gnuStack.flags() & ElfSegment.EXECUTE) != 0;
      try {
        check(elf, mm.stack().setUp(executableStack), "its stack");
        begin(program, mm, stack, argv, environment, chance);
      } catch (ExecException e) {
        if (hadProgram) {
          task().kill(Signal.SIGSEGV);
        }
        throw e;
      }
    } finally {
      if (!stays) {
        mm.exit();
      }
    }
  }

  private static void check(ElfFile elf, long result, String what) {
    if (result < 0) {
      throw new ExecException(
          (int) -result, "%s: no room for %s: %s".formatted(elf.name(), what, Errno.name(result)));
    }
  }

  private void begin(
      Program program,
      MmStruct mm,
      StackImage stack,
      List<String> argv,
      List<String> environment,
      @Nullable RandomGenerator chance) {
    ElfFile elf = program.elf;
    ElfLoader loader = new ElfLoader(mm, userMemory, chance);
    boolean interpreted = program.interpreter != null;
    loader.loadProgram(elf, program.file, interpreted);
    if (program.interpreter != null && program.interpreterFile != null) {
      loader.loadInterpreter(program.interpreter, program.interpreterFile);
    }
    long vdsoAddress = vdso.map(mm);
    check(elf, Errno.isError(vdsoAddress) ? vdsoAddress : 0, "[vdso]");
    mm.parts().setVdso(vdsoAddress);

    long at = layout.alignStack(stack.stringsStart(), chance);
    byte[] platform = (PLATFORM + "\0").getBytes(StandardCharsets.US_ASCII);
    at -= platform.length;
    final long platformAddress = at;
    userMemory.write(at, platform);
    byte[] randomBytes = new byte[RANDOM_BYTES];
    vfs.random(randomBytes, 0, RANDOM_BYTES);
    at -= RANDOM_BYTES;
    final long randomAddress = at;
    userMemory.write(at, randomBytes);
    byte[] auxv = auxiliaryVector(elf, loader, stack, platformAddress, randomAddress);
    long stackPointer = stack.vectors(at, argv, environment, auxv, userMemory);
    loader.placeBrk(elf, interpreted);
    if ((task().attributes().personality() & Personality.MMAP_PAGE_ZERO) != 0) {
      mapPageZero(mm);
    }

    TaskExec.becomeProgram(task(), program.file, baseName(stack.path()), auxv);
    task().files().closeOnExec();
    startThread(loader.entry(), stackPointer);
  }

  /**
   * Where the program may not map it, it runs without; where there are seals, it stays for good.
   */
  private void mapPageZero(MmStruct mm) {
    int prot = MmapFlags.PROT_READ | MmapFlags.PROT_EXEC;
    int flags = MmapFlags.MAP_FIXED | MmapFlags.MAP_PRIVATE | MmapFlags.MAP_ANONYMOUS;
    if (!Errno.isError(mm.mmap(0, Ram.PAGE_SIZE, prot, flags, null, 0)) && layout.hasSeals()) {
      mm.mseal(0, Ram.PAGE_SIZE, 0);
    }
  }

  private byte[] auxiliaryVector(
      ElfFile elf, ElfLoader loader, StackImage stack, long platform, long random16) {
    long vdsoAddress = task().requireMm().parts().vdso();
    Identity identity = task().identity();
    boolean secure = identity.uid() != identity.euid() || identity.gid() != identity.egid();
    return new AuxiliaryVector()
        .add(AuxiliaryVector.AT_SYSINFO, vdsoAddress + VdsoImage.VSYSCALL_OFFSET)
        .add(AuxiliaryVector.AT_SYSINFO_EHDR, vdsoAddress)
        .add(AuxiliaryVector.AT_MINSIGSTKSZ, minSignalStack(cpu.model()))
        .add(AuxiliaryVector.AT_HWCAP, cpu.model().features())
        .add(AuxiliaryVector.AT_PAGESZ, 4096)
        .add(AuxiliaryVector.AT_CLKTCK, VirtualClock.USER_HZ)
        .add(AuxiliaryVector.AT_PHDR, loader.headers())
        .add(AuxiliaryVector.AT_PHENT, ElfSegment.BYTES)
        .add(AuxiliaryVector.AT_PHNUM, elf.segments().size())
        .add(AuxiliaryVector.AT_BASE, loader.interpreterBase())
        .add(AuxiliaryVector.AT_FLAGS, 0)
        .add(AuxiliaryVector.AT_ENTRY, loader.programEntry())
        .add(AuxiliaryVector.AT_UID, identity.uid())
        .add(AuxiliaryVector.AT_EUID, identity.euid())
        .add(AuxiliaryVector.AT_GID, identity.gid())
        .add(AuxiliaryVector.AT_EGID, identity.egid())
        .add(AuxiliaryVector.AT_SECURE, secure ? 1 : 0)
        .add(AuxiliaryVector.AT_RANDOM, random16)
        .add(AuxiliaryVector.AT_HWCAP2, 0)
        .add(AuxiliaryVector.AT_EXECFN, stack.pathAddress())
        .add(AuxiliaryVector.AT_PLATFORM, platform)
        .add(AuxiliaryVector.AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_BYTES)
        .add(AuxiliaryVector.AT_RSEQ_ALIGN, RSEQ_ALIGNMENT)
        .toBytes();
  }

  /** {@code init_sigframe_size}: the least stack for a signal handler. */
  private static int minSignalStack(CpuModel model) {
    return SIGNAL_FRAME_BYTES + FloatingPointFrame.bytes(model) + 15 & -16;
  }

  private static String baseName(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** {@code start_thread}: all registers 0 but the two; flat segments; a fresh FPU; no TLS. */
  private void startThread(long entry, long stackPointer) {
    for (int register = 0; register < 8; register++) {
      cpu.setRegister(register, 0);
    }
    cpu.setRegister(Cpu.ESP, (int) stackPointer);
    cpu.setEip((int) entry);
    cpu.setEflags(Flags.IF);
    tls.clear();
    Segmentation registers = cpu.segmentation();
    registers.setLdt(null);
    registers.force(Segmentation.CS, segments.userCode());
    for (int register : new int[] {Segmentation.SS, Segmentation.DS, Segmentation.ES}) {
      registers.force(register, segments.userData());
    }
    registers.force(Segmentation.FS, 0);
    registers.force(Segmentation.GS, 0);
    cpu.resetFloatingPoint();
  }
}
