package org.memarium.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Ram;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.mm.Errno;

/**
 * A process whose program is the Java code that holds it: it makes one system call after the other,
 * and reads and writes its memory as instructions would, through TLB, page tables and faults.
 *
 * {@snippet class="org.memarium.examples.MachineExamples" region="java-program"}
 *
 * <p>To the machine it is a program like others, of two instructions:
 *
 * <pre>
 *   0x08048000  headers and code        again: int $0x80
 *                                              jmp again
 *   0x08049000  {@link #DATA}: 64 KiB for arguments
 * </pre>
 *
 * <p>A process is driven by one thread, that of its machine. Those that {@link #fork} makes are
 * driven the same way, each when its turn is; none runs by itself.
 */
public final class JavaProgram {
  /** Memory for what calls point to; zero at first. */
  public static final int DATA = 0x0804_9000;

  /** How much there is from {@link #DATA} on, in bytes. */
  public static final int DATA_BYTES = 0x1_0000;

  /** A signal handler that does nothing: {@code ret}. */
  public static final int HANDLER = 0x0804_8084;

  /** Where such a program stands when it has made a call: at {@code jmp again}. */
  public static final int AFTER_CALL = 0x0804_8082;

  private static final String PATH = "/dev/shm/java-program";
  private static final int TEXT = 0x0804_8000;
  private static final int ENTRY = TEXT + 0x80;
  private static final int CALL_BYTES = 2;
  private static final byte[] CODE = {
    (byte) 0xcd, (byte) 0x80, // again: int $0x80
    (byte) 0xeb, (byte) 0xfc, //        jmp again
    (byte) 0xc3 //                      ret
  };

  private static final int[] ARGUMENTS = {Cpu.EBX, Cpu.ECX, Cpu.EDX, Cpu.ESI, Cpu.EDI, Cpu.EBP};

  private final Driver driver;
  private final Machine machine;
  private final Mmu mmu;
  private final Task task;

  /** Whether a call that it has begun has not come back. */
  private boolean calling;

  private JavaProgram(Driver driver, Task task) {
    this.driver = driver;
    this.machine = driver.machine;
    this.mmu = machine.mmu();
    this.task = task;
  }

  /**
   * Gives a machine the program, which then stands before its first call.
   *
   * @throws org.memarium.kernel.error.ExecException if there is no memory for it
   */
  public static JavaProgram start(Machine machine) {
    machine.files().create(PATH, elf(), 0755);
    return start(machine, PATH, List.of("java-program"), ENTRY);
  }

  /**
   * Gives a machine a program of the caller's, and takes the place of its instructions.
   *
   * @param path of an ELF file, as programs see it
   * @param arguments argv, the program's own name first
   * @param loop where in it {@code again: int $0x80; jmp again} is
   * @throws org.memarium.kernel.error.ExecException if it is no program that can run
   */
  public static JavaProgram start(Machine machine, String path, List<String> arguments, int loop) {
    machine.exec(path, arguments, List.of());
    machine.cpu().setEip(loop);
    Driver driver = new Driver(machine, loop + CALL_BYTES);
    JavaProgram program = new JavaProgram(driver, machine.task());
    driver.advance(program.task, false);
    return program;
  }

  /** The program as an ELF file. */
  public static byte[] elf() {
    ByteBuffer elf = ByteBuffer.allocate(Ram.PAGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(0, new byte[] {0x7f, 'E', 'L', 'F', 1, 1, 1});
    elf.putShort(16, (short) 2).putShort(18, (short) 3).putInt(20, 1);
    elf.putInt(24, ENTRY).putInt(28, 52);
    elf.putShort(40, (short) 52).putShort(42, (short) 32).putShort(44, (short) 2);
    int[][] headers = {
      {1, 0, TEXT, TEXT, 0x1000, 0x1000, 5, 0x1000},
      {1, 0, DATA, DATA, 0, DATA_BYTES, 6, 0x1000}
    };
    for (int i = 0; i < headers.length; i++) {
      for (int word = 0; word < headers[i].length; word++) {
        elf.putInt(52 + 32 * i + 4 * word, headers[i][word]);
      }
    }
    elf.put(ENTRY - TEXT, CODE);
    return elf.array();
  }

  // ---- System calls ----

  /**
   * Makes a system call.
   *
   * @param name such as {@code mmap2}
   * @param arguments at most six; those that are not given are 0
   * @return what EAX holds afterwards: a result, or a negative errno
   * @throws IllegalArgumentException if no system call has the name
   * @throws IllegalStateException if the call sleeps until another process does something, or ended
   *     the process; {@link #begin} is for such calls
   */
  public int call(String name, int... arguments) {
    return call(SystemCallNames.number(name), arguments);
  }

  /** Makes a system call by its number in the i386 table. */
  public int call(int number, int... arguments) {
    if (!begin(number, arguments)) {
      String what = SystemCallNames.name(number);
      throw new IllegalStateException(
          isEnded()
              ? "%s ended process %d: %s".formatted(what, task.pid(), machine.deathLine())
              : "%s of process %d sleeps until another process acts".formatted(what, task.pid()));
    }
    return result();
  }

  /**
   * Begins a system call that may sleep, or end the process.
   *
   * @return whether it has come back, with {@link #result}; else the process has ended, or sleeps,
   *     and {@link #comeBack} asks again when another process has acted
   */
  public boolean begin(int number, int... arguments) {
    if (calling || isEnded()) {
      throw new IllegalStateException(
          "process %d %s".formatted(task.pid(), calling ? "is in a call" : "has ended"));
    }
    select();
    Cpu cpu = machine.cpu();
    cpu.setRegister(Cpu.EAX, number);
    for (int i = 0; i < ARGUMENTS.length; i++) {
      cpu.setRegister(ARGUMENTS[i], i < arguments.length ? arguments[i] : 0);
    }
    calling = true;
    calling = !driver.advance(task, true);
    return !calling;
  }

  /** Whether the call that {@link #begin} began has come back by now. */
  public boolean comeBack() {
    calling = calling && !driver.advance(task, false);
    return !calling;
  }

  /** What EAX holds after a call that has come back. */
  public int result() {
    if (calling || isEnded()) {
      throw new IllegalStateException("process %d has no result".formatted(task.pid()));
    }
    select();
    return machine.cpu().register(Cpu.EAX);
  }

  /**
   * {@code fork}.
   *
   * @return the child, driven like this one
   * @throws IllegalStateException with the errno, if there can be no child
   */
  public JavaProgram fork() {
    int pid = call("fork");
    if (pid < 0) {
      throw new IllegalStateException("fork: " + Errno.name(pid));
    }
    return task(pid);
  }

  /** The process, or thread, that a call of this family's made: by its number. */
  public JavaProgram task(int tid) {
    Task made = machine.tasks().find(tid);
    if (made == null) {
      throw new IllegalArgumentException("there is no task " + tid);
    }
    driver.advance(made, false);
    return new JavaProgram(driver, made);
  }

  /** {@code exit_group}: ends the process. */
  public void exit(int status) {
    begin(SystemCallNames.number("exit_group"), status);
  }

  /** Whether the process has ended. */
  public boolean isEnded() {
    return task.isEnded();
  }

  /** Its task. */
  public Task task() {
    return task;
  }

  /** The machine that it lives in. */
  public Machine machine() {
    return machine;
  }

  /** Its registers and page table are the processor's. */
  private void select() {
    if (task.isEnded()) {
      String cause = task.process().deathCause();
      throw new IllegalStateException(
          "process %d has ended%s".formatted(task.pid(), cause == null ? "" : ": " + cause));
    }
    machine.letKswapdRun();
    machine.scheduler().pick(task);
  }

  // ---- Memory: every access may fault, and throws MemoryFaultException if it may not be ----

  /** Reads a byte, 0 to 255. */
  public int readByte(long linearAddress) {
    select();
    try {
      return mmu.readByte(linearAddress) & 0xff;
    } catch (ProcessorException e) {
      throw fault(e);
    }
  }

  /** Writes the low byte of a value. */
  public void writeByte(long linearAddress, int value) {
    select();
    try {
      mmu.writeByte(linearAddress, value);
    } catch (ProcessorException e) {
      throw fault(e);
    }
  }

  /** Reads four bytes, little-endian. */
  public int readInt(long linearAddress) {
    select();
    try {
      return mmu.readInt(linearAddress);
    } catch (ProcessorException e) {
      throw fault(e);
    }
  }

  /** Writes four bytes, little-endian. */
  public void writeInt(long linearAddress, int value) {
    select();
    try {
      mmu.writeInt(linearAddress, value);
    } catch (ProcessorException e) {
      throw fault(e);
    }
  }

  /** Reads bytes, upwards. */
  public byte[] read(long linearAddress, int count) {
    byte[] bytes = new byte[count];
    read(linearAddress, bytes, 0, count);
    return bytes;
  }

  /** Reads bytes, upwards, into {@code to} from index {@code offset}. */
  public void read(long linearAddress, byte[] to, int offset, int count) {
    select();
    try {
      for (int done = 0; done < count; ) {
        long at = linearAddress + done;
        int chunk = Math.min(count - done, bytesInPage(at));
        mmu.ram().read(mmu.physicalForRead(at), to, offset + done, chunk);
        done += chunk;
      }
    } catch (ProcessorException e) {
      throw fault(e);
    }
  }

  /** Writes bytes, upwards; those before one that faults have been written. */
  public void write(long linearAddress, byte[] bytes) {
    write(linearAddress, bytes, 0, bytes.length);
  }

  /** Writes bytes of {@code from}, from index {@code offset}, in the same way. */
  public void write(long linearAddress, byte[] from, int offset, int count) {
    select();
    try {
      for (int done = 0; done < count; ) {
        long at = linearAddress + done;
        int chunk = Math.min(count - done, bytesInPage(at));
        mmu.ram().write(mmu.physicalForWrite(at), from, offset + done, chunk);
        done += chunk;
      }
    } catch (ProcessorException e) {
      throw fault(e);
    }
  }

  /** Writes words one after the other, and returns where: an argument for a call. */
  public int words(int address, int... words) {
    for (int i = 0; i < words.length; i++) {
      writeInt(Integer.toUnsignedLong(address) + 4L * i, words[i]);
    }
    return address;
  }

  /** Writes a string, a byte for each char, and a NUL; returns where: an argument for a call. */
  public int string(int address, String text) {
    write(Integer.toUnsignedLong(address), (text + "\0").getBytes(StandardCharsets.ISO_8859_1));
    return address;
  }

  private static int bytesInPage(long linearAddress) {
    return Ram.PAGE_SIZE - (int) (linearAddress & (Ram.PAGE_SIZE - 1));
  }

  private MemoryFaultException fault(ProcessorException e) {
    return new MemoryFaultException(machine.faults().lastResult(), e.linearAddress());
  }

  /**
   * Stops every program before each of its calls, but for the one whose turn it is, which makes
   * one.
   */
  private static final class Driver implements CallStop {
    private final Machine machine;
    private final int afterCall;

    /** Who makes a call as soon as it stands before one; null: nobody. */
    private @Nullable Task caller;

    Driver(Machine machine, int afterCall) {
      this.machine = machine;
      this.afterCall = afterCall;
    }

    @Override
    public boolean stopsBefore(int number) {
      if (machine.cpu().eip() != afterCall) {
        // A handler's way back is the kernel's own call, and not the caller's.
        return false;
      }
      if (caller != null && caller.equals(machine.running())) {
        caller = null;
        return false;
      }
      return true;
    }

    /**
     * Lets a task run until it stands before its next call.
     *
     * @param calls whether it makes the one that it stands before
     * @return whether it stands before one; if not it has ended, or cannot run
     */
    boolean advance(Task task, boolean calls) {
      caller = calls ? task : null;
      machine.stopBeforeCalls(this);
      while (true) {
        if (task.runState().isRunnable()) {
          machine.scheduler().pick(task);
        }
        if (machine.run(Long.MAX_VALUE) || !task.runState().isRunnable()) {
          return false;
        }
        boolean stands = task.equals(machine.running()) && task.sleep().call() == null;
        if (stands && caller == null && !task.isEnded()) {
          return true;
        }
      }
    }
  }
}
