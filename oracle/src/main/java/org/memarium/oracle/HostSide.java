package org.memarium.oracle;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.MachineConfigBuilder;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.mm.space.RLimits;

/** The host's side: a 32-bit process on its kernel, and its descendants. */
final class HostSide implements AutoCloseable {
  private static final Path TASKSET = Path.of("/usr/bin/taskset");

  private static final long WAIT_NANOS = 200_000_000;

  /** The names of limits in /proc, by number. */
  private static final List<String> LIMITS =
      List.of(
          "Max cpu time",
          "Max file size",
          "Max data size",
          "Max stack size",
          "Max core file size",
          "Max resident set",
          "Max processes",
          "Max open files",
          "Max locked memory",
          "Max address space",
          "Max file locks",
          "Max pending signals",
          "Max msgqueue size",
          "Max nice priority",
          "Max realtime priority",
          "Max realtime timeout");

  /** By the kind that the agent knows them by, from 1 on. */
  private static final List<MemoryCall> ACCESSES =
      List.of(
          MemoryCall.READ_BYTE, MemoryCall.READ_INT, MemoryCall.WRITE_BYTE, MemoryCall.WRITE_INT);

  private static final int FORK_KIND = 5;
  private static final int READAHEAD = SystemCallNames.number("readahead");

  /** How much of a file is read ahead. */
  static final int READAHEAD_BYTES = 1 << 20;

  private static final int SENDFILE = SystemCallNames.number("sendfile64");

  /** How many words the name of a file of /proc takes, with its NUL. */
  private static final int NAME_WORDS = 8;

  /** How many commands {@link #readAll} takes. */
  private static final int READ_COMMANDS = 3;

  private static final int MADV_WILLNEED = 3;
  private static final int MADV_REMOVE = 9;

  /** Descriptors that steps have for files. */
  private static final int[] FILES = {3, 4, 5, 6, 7, 8};

  private static final int[] NO_FILES = {};

  private static final int BUFFER_BYTES = 1 << 20;

  /** Standard output of the agent: all is thrown away. */
  private static final int NOWHERE = 1;

  private final Process process;
  private final Path program;
  private final Mailbox mailbox;
  private final Numbers numbers = new Numbers();
  private final @Nullable HostProc[] processes = new HostProc[Mailbox.SLOTS];
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

  /** The batch that the agent works on; empty: none. */
  private List<Step> batch = List.of();

  /** Where in the mailbox each step of the batch is: there are commands of our own between them. */
  private int[] places = {};

  private HostSide(Process process, Path program, Mailbox mailbox) {
    this.process = process;
    this.program = program;
    this.mailbox = mailbox;
    numbers.setPid(0, (int) process.pid());
  }

  /**
   * Why this host cannot be asked.
   *
   * @param folder where programs can be written
   * @return null: it can
   */
  static @Nullable String missing(Path folder) {
    String system = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
    if (!system.equals("Linux on amd64")) {
      return "needs a host that is Linux on x86-64; this is " + system;
    }
    Path program = null;
    try {
      if ((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") != 0) {
        return "needs root, as what root may do is tried";
      }
      program =
          AgentProgram.write(folder, "memarium-oracle-probe-" + ProcessHandle.current().pid());
      // Without a mailbox it dies of SIGSEGV as soon as it looks for one.
      new ProcessBuilder(program.toString()).start().waitFor();
      return null;
    } catch (IOException e) {
      return "needs a host that runs 32-bit programs: " + e.getMessage();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "interrupted";
    } finally {
      delete(program);
    }
  }

  /** Gives a machine the resource limits of this process, which the agent inherits. */
  static void limits(MachineConfigBuilder config) {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
        int resource = LIMITS.indexOf(line.substring(0, Math.min(25, line.length())).strip());
        if (resource >= 0) {
          String[] values = line.substring(26).strip().split(" +", -1);
          config.limit(resource, limit(values[0]), limit(values[1]));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long limit(String value) {
    return value.equals("unlimited") ? RLimits.INFINITY : Long.parseUnsignedLong(value);
  }

  private static void delete(@Nullable Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts the agent.
   *
   * @param program the agent's file
   * @param mailboxFile where the mailbox shall be, a file that is not there
   * @param folder the working directory
   * @param job whose it is, of those that run at once
   */
  static HostSide start(Path program, Path mailboxFile, Path folder, int job) {
    try {
      Mailbox mailbox = new Mailbox(mailboxFile);
      ProcessBuilder builder =
          new ProcessBuilder(onOneProcessor(program, mailboxFile, job))
              .directory(folder.toFile())
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD);
      builder.environment().clear();
      HostSide side = new HostSide(builder.start(), program, mailbox);
      // An empty batch: when it is done the agent has its mailbox.
      mailbox.post(0, 0);
      side.finish(0);
      Files.delete(mailboxFile);
      return side;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * On one processor, if the host has {@code taskset}: Linux gathers pages that are locked or
   * unlocked in batches for each processor, and only the batch of the one where a call runs is
   * emptied before it looks for pages to take.
   */
  private static List<String> onOneProcessor(Path program, Path mailboxFile, int job)
      throws IOException {
    List<String> command = List.of(program.toString(), mailboxFile.toString());
    if (!Files.isExecutable(TASKSET)) {
      return command;
    }
    String allowed = "";
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("Cpus_allowed_list:")) {
        allowed = line.substring(line.indexOf(':') + 1).strip();
      }
    }
    List<Integer> processors = new ArrayList<>();
    for (String range : allowed.split(",", -1)) {
      String[] ends = range.split("-", -1);
      int last = Integer.parseInt(ends[ends.length - 1]);
      for (int processor = Integer.parseInt(ends[0]); processor <= last; processor++) {
        processors.add(processor);
      }
    }
    // The first job takes the last one.
    int processor = processors.get(processors.size() - 1 - job % processors.size());
    List<String> pinned =
        new ArrayList<>(List.of(TASKSET.toString(), "-c", Integer.toString(processor)));
    pinned.addAll(command);
    return pinned;
  }

  /** Its numbers of processes and segments. */
  Numbers numbers() {
    return numbers;
  }

  /** How many commands of the agent a step is. */
  static int commands(Step step) {
    int before = step.call() == MemoryCall.PROC_OPEN ? NAME_WORDS : pins(step) ? 1 : 0;
    return before + 1 + READ_COMMANDS * filesReadAfter(step).length;
  }

  /** Whether a step pins pages to read them ({@code FOLL_PIN}), which must be one process's own. */
  private static boolean pins(Step step) {
    return step.call() == MemoryCall.PROCESS_VM_READV;
  }

  /** Descriptors of the files that are read, on both sides, as soon as a step is done. */
  static int[] filesReadAfter(Step step) {
    return switch (step.call()) {
      case FTRUNCATE64, FALLOCATE, PWRITE64 -> new int[] {step.argument(0)};
      case MADVISE -> step.argument(2) == MADV_REMOVE ? FILES : NO_FILES;
      case PROCESS_MADVISE -> step.argument(3) == MADV_REMOVE ? FILES : NO_FILES;
      default -> NO_FILES;
    };
  }

  /** Lets a process begin steps, all of them its own. */
  void post(List<Step> steps) {
    batch = List.copyOf(steps);
    int slot = batch.getFirst().process();
    places = new int[batch.size()];
    int commands = 0;
    for (int number = 0; number < batch.size(); number++) {
      Step step = batch.get(number);
      int[] arguments = numbers.resolve(step);
      MemoryCall call = step.call();
      if (pins(step)) {
        commands = drainBatches(slot, commands);
      }
      if (call == MemoryCall.PROC_OPEN) {
        commands = nameProcFile(slot, commands, arguments);
        arguments = new int[] {AgentProgram.PROC_NAME, arguments[2]};
      }
      int i = commands++;
      places[number] = i;
      switch (call) {
        case READ_BYTE, READ_INT, WRITE_BYTE, WRITE_INT -> {
          int[] value = {step.argument(1)};
          mailbox.put(slot, i, ACCESSES.indexOf(call) + 1, arguments[0], value);
        }
        case FORK -> {
          mailbox.clear(step.argument(0));
          mailbox.put(slot, i, FORK_KIND, 0, new int[] {Mailbox.address(step.argument(0))});
        }
        default -> mailbox.put(slot, i, 0, call.number(), arguments);
      }
      for (int fd : filesReadAfter(step)) {
        commands = readAll(slot, commands, fd);
      }
    }
    mailbox.post(slot, commands);
  }

  /** Writes the name of a file of /proc into the agent's memory. */
  private int nameProcFile(int slot, int commands, int[] arguments) {
    int next = commands;
    ByteBuffer name = ByteBuffer.allocate(4 * NAME_WORDS).order(ByteOrder.LITTLE_ENDIAN);
    name.put(ProcFile.path(arguments).getBytes(StandardCharsets.ISO_8859_1));
    int write = ACCESSES.indexOf(MemoryCall.WRITE_INT) + 1;
    for (int i = 0; i < NAME_WORDS; i++) {
      int[] word = {name.getInt(4 * i)};
      mailbox.put(slot, next++, write, AgentProgram.PROC_NAME + 4 * i, word);
    }
    return next;
  }

  /**
   * A page that was locked, or is not any more, is held by a batch of the processor for a while,
   * and so is nobody's own: who pins it gets a copy. Nothing waits in a batch here, so nothing does
   * there: {@code lru_add_drain} is all that this advice for memory without a file does.
   */
  private int drainBatches(int slot, int commands) {
    int[] advice = {AgentProgram.DATA, Ram.PAGE_SIZE, MADV_WILLNEED};
    mailbox.put(slot, commands, 0, MemoryCall.MADVISE.number(), advice);
    return commands + 1;
  }

  /**
   * What became longer is read before anybody asks, here and on the host. Reading ahead brings all
   * pages in, and reading makes those uptodate of which the file system has only zeroed a part.
   */
  private int readAll(int slot, int commands, int fd) {
    int next = commands;
    int[] readahead = {fd, 0, 0, READAHEAD_BYTES};
    mailbox.put(slot, next++, 0, READAHEAD, readahead);
    int[] zero = {0};
    int write = ACCESSES.indexOf(MemoryCall.WRITE_INT) + 1;
    mailbox.put(slot, next++, write, AgentProgram.POSITION, zero);
    int[] send = {NOWHERE, fd, AgentProgram.POSITION, READAHEAD_BYTES};
    mailbox.put(slot, next++, 0, SENDFILE, send);
    return next;
  }

  /** Waits for the steps that were posted last; a process that ended itself has no outcome. */
  List<Outcome> await() {
    List<Outcome> outcomes = new ArrayList<>(batch.size());
    if (batch.isEmpty()) {
      return outcomes;
    }
    int slot = batch.getFirst().process();
    boolean ends = batch.getLast().call() == MemoryCall.EXIT_GROUP;
    if (ends) {
      awaitEnd(slot);
    } else {
      finish(slot);
    }
    for (int i = 0; i < batch.size() - (ends ? 1 : 0); i++) {
      Outcome outcome = mailbox.outcome(slot, places[i]);
      numbers.learn(batch.get(i), outcome.result());
      if (batch.get(i).call() == MemoryCall.FORK && outcome.result() > 0) {
        // An empty batch: when it is done the child has touched its pages.
        mailbox.post(batch.get(i).argument(0), 0);
        finish(batch.get(i).argument(0));
      }
      outcomes.add(outcome);
    }
    batch = List.of();
    return outcomes;
  }

  private void finish(int slot) {
    while (!mailbox.isDone(slot)) {
      mailbox.await(slot, WAIT_NANOS);
      if (!mailbox.isDone(slot) && isOver(numbers.pid(slot))) {
        throw new OracleException(
            "the agent's process %d is gone, in %s".formatted(numbers.pid(slot), atWork(slot)));
      }
    }
  }

  /** The step whose fault count is not there yet. */
  private String atWork(int slot) {
    for (int i = 0; i < batch.size(); i++) {
      if (mailbox.outcome(slot, places[i]).faults() == 0) {
        return batch.get(i).toString();
      }
    }
    return "no step";
  }

  private void awaitEnd(int slot) {
    mailbox.awaitEnd(numbers.pid(slot));
    forget(slot);
  }

  private void forget(int slot) {
    HostProc process = processes[slot];
    processes[slot] = null;
    if (process != null) {
      process.close();
    }
  }

  /** Whether a process is a zombie, or not even that. */
  private static boolean isOver(int pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      char state = stat.charAt(stat.lastIndexOf(')') + 2);
      return state == 'Z' || state == 'X';
    } catch (IOException gone) {
      return true;
    }
  }

  /** A file of {@code /proc/PID}. */
  String proc(int slot, String name) {
    try {
      Path file = Path.of("/proc/" + numbers.pid(slot) + "/" + name);
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The names in a directory of {@code /proc/PID}, in its order. */
  List<String> procNames(int slot, String name) {
    Path directory = Path.of("/proc/" + numbers.pid(slot) + "/" + name);
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A slot's process, whose files are held open. */
  HostProc process(int slot) {
    HostProc process = processes[slot];
    if (process == null) {
      process = new HostProc(numbers.pid(slot), buffer);
      processes[slot] = process;
    }
    return process;
  }

  /**
   * Lets go of the pages that were looked at. What is read through {@code /proc/PID/mem} is marked
   * as used, in batches of the processor that reads: a page in one has a reference more, so that
   * {@code MADV_PAGEOUT} would not free it.
   */
  void lookAway() {
    mailbox.drainBatches(program);
  }

  /** Ends all its processes. */
  @Override
  public void close() {
    try {
      for (int slot = Mailbox.SLOTS - 1; slot > 0; slot--) {
        int pid = numbers.pid(slot);
        if (pid > 0) {
          ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
        forget(slot);
      }
      forget(0);
      process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      mailbox.close();
    }
  }
}
