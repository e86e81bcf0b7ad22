package org.memarium.kernel;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.Ram;
import org.memarium.kernel.error.ExecException;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.syscall.SystemCallDescription;
import org.memarium.kernel.syscall.SystemCallNames;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.trace.TraceEvent;

/**
 * Makes random system calls with random arguments, and looks for what must never happen: an
 * exception of Java's, a call that does not come back, memory that does not add up, a change of the
 * host's files outside the writable folder, or their contents in the machine.
 *
 * <p>It works in sessions: a machine, some ten thousand calls in it by whoever runs there, the
 * machine's end. A session follows from the seed and its number alone, so that a finding is seen
 * again with {@code scripts/fuzz-syscalls --seed S --session N}.
 */
final class SystemCallFuzzer {
  private static final long STEP_INSTRUCTIONS = 20_000;
  private static final int CALLS_PER_IMAGE = 200;
  private static final long CALLS_PER_AUDIT = 5000;
  private static final int LAST_CALLS = 12;
  private static final int LAST_EVENTS = 60;
  private static final int MILLIS_BETWEEN_LOOKS = 2;
  private static final int LOOKS_UNTIL_HANGING = 10_000;
  private static final long RAM_BYTES = 48L << 20;

  private static final List<String> PATHS =
      List.of(
          "/",
          ".",
          "..",
          "file",
          "/file",
          "empty",
          "script",
          "program",
          "folder",
          "folder/deeper",
          "/folder/deeper/file",
          "up",
          "up/secret",
          "absolute",
          "folder/deep",
          "loop",
          "writable",
          "/writable",
          "/writable/a",
          "/writable/b",
          "/writable/c",
          "/writable/d/e",
          "writable/d",
          "new",
          "/new",
          "new/x",
          "../../outside/secret",
          "/dev/null",
          "/dev/zero",
          "/dev/full",
          "/dev/tty",
          "/dev/random",
          "/dev/shm/x",
          "/dev/ptmx",
          "/proc",
          "/proc/self/root",
          "/proc/self/cwd",
          "/proc/self/exe",
          "/proc/self/fd/3",
          "/proc/self/fd",
          "/proc/self/maps",
          "/proc/self/mem",
          "/proc/self/pagemap",
          "/proc/1/root",
          "/proc/meminfo",
          "/proc/sys/vm/drop_caches",
          "/proc/self/task",
          "/proc/100/stat",
          "/sys",
          "",
          "user.attribute",
          "socket",
          "/writable/socket");

  private static final int[] ARGUMENTS = {Cpu.EBX, Cpu.ECX, Cpu.EDX, Cpu.ESI, Cpu.EDI, Cpu.EBP};

  private final HostTree tree;
  private final long seed;
  private final List<String> hostBefore;
  private long callsPerAudit = CALLS_PER_AUDIT;

  /** The latest events of processes, where somebody wants to see them. */
  private @Nullable Deque<String> events;

  /** How often each call gave what, over all sessions. */
  private final SortedMap<Integer, SortedMap<String, Long>> outcomes = new TreeMap<>();

  /** What is not there, of which nothing is to be expected. */
  private final Set<Integer> absent = new HashSet<>();

  private long calls;

  // ---- The session that runs; the watchdog looks at the first two. ----

  private final AtomicLong progress = new AtomicLong();
  private volatile @Nullable Machine machine;
  private final int[] call = new int[7];
  private final int[][] last = new int[LAST_CALLS][];
  private long callsOfSession;
  private boolean beforeCall;

  /** A machine's root and its surroundings are made in {@code folder}, which is empty. */
  SystemCallFuzzer(Path folder, long seed) {
    tree = new HostTree(folder);
    this.seed = seed;
    hostBefore = tree.picture();
  }

  long calls() {
    return calls;
  }

  /**
   * One session.
   *
   * @return what went wrong, with the way to see it again; null if nothing did
   */
  @Nullable String session(long number, long callCount) {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + number);
    callsOfSession = 0;
    Arrays.fill(last, null);
    tree.clear();
    try {
      run(random, callCount);
      List<String> open = tree.open();
      if (!open.isEmpty()) {
        return finding(number, "files of the host that are still open: " + open, null);
      }
      List<String> host = tree.picture();
      if (!host.equals(hostBefore)) {
        host.removeAll(hostBefore);
        return finding(number, "the host's files changed: " + host, null);
      }
      return null;
    } catch (RuntimeException | Error e) {
      return finding(number, "", e);
    } finally {
      machine = null;
      calls += callsOfSession;
    }
  }

  private String finding(long session, String what, @Nullable Throwable cause) {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text);
    out.printf("seed %d, session %d, call %d: %s%n", seed, session, callsOfSession, what);
    if (cause != null) {
      cause.printStackTrace(out);
    }
    if (events != null) {
      events.forEach(event -> out.println("  " + event));
      return text.toString();
    }
    for (int i = LAST_CALLS; i > 0; i--) {
      int[] made = last[(int) Math.floorMod(callsOfSession - i, (long) LAST_CALLS)];
      if (made != null) {
        out.println("  " + describe(made));
      }
    }
    return text.toString();
  }

  private static String describe(int[] call) {
    StringBuilder text = new StringBuilder(SystemCallNames.name(call[0])).append('(');
    for (int i = 1; i < call.length; i++) {
      text.append(i == 1 ? "" : ", ");
      text.append(
          call[i] > -200 && call[i] < 10_000
              ? Integer.toString(call[i])
              : "0x" + Integer.toHexString(call[i]));
    }
    return text.append(')').toString();
  }

  private static Machine boot(SplittableRandom random, HostTree tree) {
    MachineConfigBuilder config =
        MachineConfig.builder()
            .ramBytes(RAM_BYTES)
            .root(tree.root())
            .writable(tree.writable())
            .workingDirectory("/")
            .seed(random.nextLong())
            .randomise(random.nextBoolean())
            // The disk of the host must not fill, nor this JVM's heap with processes.
            .limit(RLimits.FSIZE, 1 << 20, 1 << 20)
            .limit(RLimits.NPROC, 16, 16)
            .limit(RLimits.NOFILE, 64, 256)
            .standardInput(new RandomInput(random.split()))
            .standardOutput(new Nowhere())
            .standardError(new Nowhere());
    int uid = random.nextBoolean() ? 0 : 1000;
    config.user(uid, uid);
    for (int fd = 0; fd < 3; fd++) {
      config.terminal(fd, random.nextBoolean());
    }
    return Machine.boot(config.build());
  }

  private void run(SplittableRandom random, long callCount) {
    FuzzArguments arguments = new FuzzArguments(random, PATHS);
    Machine fresh = boot(random, tree);
    machine = fresh;
    Deque<String> latest = events;
    if (latest != null) {
      fresh.trace().listen((sequence, nanos, event) -> keep(latest, event));
    }
    try (fresh) {
      Cpu cpu = fresh.cpu();
      boolean running = false;
      long callsBefore = 0;
      Deque<int[]> beginning = new ArrayDeque<>();
      while (callsOfSession < callCount) {
        progress.incrementAndGet();
        if (!running) {
          if (!exec(fresh)) {
            // Files in memory may have taken all there is.
            break;
          }
          running = true;
          callsBefore = callsOfSession;
          beginning.clear();
          beginning.addAll(FuzzArguments.beginning());
        }
        beforeCall = false;
        if (fresh.run(STEP_INSTRUCTIONS)) {
          countOutcomes(fresh);
          running = false;
          if (callsOfSession == callsBefore) {
            // No frame is left for a first call, and no later program would have one.
            break;
          }
          continue;
        }
        if (!beforeCall) {
          // It went astray, into a handler that faults again for example.
          fresh.interrupt(Signal.SIGKILL);
          continue;
        }
        if (callsOfSession % CALLS_PER_IMAGE == 0
            || beginning.size() == FuzzArguments.beginning().size()) {
          fillData(fresh, arguments.data());
        }
        Task task = fresh.running();
        arguments.setPid(task == null ? 0 : task.pid());
        int[] first = beginning.pollFirst();
        if (first == null) {
          arguments.next(call);
        } else {
          System.arraycopy(first, 0, call, 0, call.length);
        }
        cpu.setRegister(Cpu.EAX, call[0]);
        for (int i = 0; i < ARGUMENTS.length; i++) {
          cpu.setRegister(ARGUMENTS[i], call[1 + i]);
        }
        last[(int) (callsOfSession % LAST_CALLS)] = call.clone();
        callsOfSession++;
        if (callsOfSession % callsPerAudit == 0) {
          fresh.audit();
        }
      }
      fresh.audit();
      countOutcomes(fresh);
      lookForSecret(fresh);
    }
  }

  private static void keep(Deque<String> latest, TraceEvent event) {
    String text = event.toString();
    if (text.startsWith("S")) {
      latest.addLast(text);
      if (latest.size() > LAST_EVENTS) {
        latest.removeFirst();
      }
    }
  }

  private boolean exec(Machine fresh) {
    try {
      fresh.exec("/driver", List.of("driver"), List.of("A=1"));
    } catch (ExecException outOfMemory) {
      return false;
    }
    fresh.stopBeforeCalls(number -> {
      // A handler's way back is the kernel's own business.
      beforeCall = fresh.cpu().eip() == SystemCallDriver.AFTER_CALL;
      return beforeCall;
    });
    return true;
  }

  private static void fillData(Machine machine, byte[] data) {
    for (int at = 0; at < data.length; at += 4096) {
      try {
        machine
            .linearMemory()
            .write(SystemCallDriver.DATA + at, Arrays.copyOfRange(data, at, at + 4096));
      } catch (RuntimeException notMappedAnyMore) {
        // What the program took away it does without.
      }
    }
  }

  private void countOutcomes(Machine machine) {
    for (SystemCallDescription call : machine.systemCalls()) {
      if (call.errno() != 0) {
        absent.add(call.number());
      }
    }
    for (RunReport.SystemCallCount count : machine.report().systemCalls()) {
      SortedMap<String, Long> of = outcomes.computeIfAbsent(count.number(), n -> new TreeMap<>());
      long good = count.calls();
      for (Map.Entry<String, Long> error : count.errors().entrySet()) {
        of.merge(error.getKey(), error.getValue(), Long::sum);
        good -= error.getValue();
      }
      of.merge("ok", good, Long::sum);
    }
  }

  /** What stands in files outside must not have come into the machine's RAM. */
  private static void lookForSecret(Machine machine) {
    byte[] secret = HostTree.SECRET.getBytes(StandardCharsets.US_ASCII);
    byte[] page = new byte[4096];
    Ram ram = machine.memory().allocator().ram();
    for (long at = 0; at < ram.bytes(); at += Ram.PAGE_SIZE) {
      ram.read(at, page, 0, Ram.PAGE_SIZE);
      if (page[0] == secret[0] && Arrays.equals(page, 0, secret.length, secret, 0, secret.length)) {
        throw new IllegalStateException("a file outside was read: frame 0x%x".formatted(at >> 12));
      }
    }
  }

  /** Standard input: some random bytes, then its end. */
  private static final class RandomInput implements ReadableByteChannel {
    private final SplittableRandom random;
    private int left = 10_000;

    RandomInput(SplittableRandom random) {
      this.random = random;
    }

    @Override
    public int read(ByteBuffer to) {
      if (left <= 0) {
        return -1;
      }
      int count = Math.min(left, Math.min(to.remaining(), 1 + random.nextInt(100)));
      for (int i = 0; i < count; i++) {
        to.put((byte) random.nextInt());
      }
      left -= count;
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  /** Takes all that is written. */
  private static final class Nowhere implements WritableByteChannel {
    @Override
    public int write(ByteBuffer from) {
      int count = from.remaining();
      from.position(from.limit());
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  // ---- By hand ----

  /**
   * {@code --seconds S --seed N --calls C --audit A [--session N]}: sessions of C calls with a
   * recount after every A until the time is over, or that one session. Findings are printed as they
   * come, each kind once; the exit status is 1 if there were any, and 3 if a call did not come
   * back.
   */
  public static void main(String[] arguments) throws IOException {
    Map<String, Long> options =
        new TreeMap<>(Map.of("--seconds", 60L, "--seed", 1L, "--calls", 20_000L, "--session", -1L));
    options.put("--audit", CALLS_PER_AUDIT);
    for (int i = 0; i < arguments.length; i += 2) {
      if (!options.containsKey(arguments[i]) || i + 1 == arguments.length) {
        System.err.println(
            "fuzz-syscalls: options are " + options.keySet() + ", each with a number");
        System.exit(2);
      }
      options.put(arguments[i], Long.parseLong(arguments[i + 1]));
    }
    long seed = options.getOrDefault("--seed", 1L);
    SystemCallFuzzer fuzzer =
        new SystemCallFuzzer(Files.createTempDirectory("memarium-fuzz"), seed);
    fuzzer.callsPerAudit = options.getOrDefault("--audit", CALLS_PER_AUDIT);
    fuzzer.watch(Thread.currentThread());
    Map<String, Integer> kinds = new LinkedHashMap<>();
    if (options.getOrDefault("--session", -1L) >= 0) {
      fuzzer.events = new ArrayDeque<>();
    }
    long only = options.getOrDefault("--session", -1L);
    long start = System.nanoTime();
    long end = start + options.getOrDefault("--seconds", 60L) * 1_000_000_000L;
    long sessions = 0;
    for (long session = Math.max(only, 0); System.nanoTime() < end; session++) {
      String finding = fuzzer.session(session, options.getOrDefault("--calls", 20_000L));
      sessions++;
      if (finding != null && kinds.merge(kind(finding), 1, Integer::sum) == 1) {
        System.out.println(finding);
      }
      if (only >= 0) {
        break;
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    fuzzer.printOutcomes();
    System.out.printf(
        Locale.ROOT,
        "%,d calls in %,d sessions, %.0f seconds, %,.0f calls a second; %d kinds of findings %s%n",
        fuzzer.calls,
        sessions,
        seconds,
        fuzzer.calls / seconds,
        kinds.size(),
        kinds.values());
    System.exit(kinds.isEmpty() ? 0 : 1);
  }

  /** Findings are of one kind if they come from the same place. */
  private static String kind(String finding) {
    List<String> place = new ArrayList<>();
    finding
        .lines()
        .skip(1)
        .limit(3)
        .filter(line -> !line.endsWith(")"))
        .forEach(line -> place.add(line.replaceAll("[0-9a-f]+", "")));
    finding.lines().filter(line -> line.startsWith("\tat ")).limit(3).forEach(place::add);
    return place.toString();
  }

  private void printOutcomes() {
    List<String> never = new ArrayList<>();
    outcomes.forEach((number, of) -> {
      if (!absent.contains(number) && of.getOrDefault("ok", 0L) == 0) {
        never.add(SystemCallNames.name(number) + " " + of);
      }
    });
    System.out.println("never without an error: " + String.join(", ", never));
  }

  /**
   * Wakes a program that waits for the outside, kills one whose call moves GBs, and ends the JVM if
   * a call does not come back all the same.
   *
   * @param runner the thread that makes the sessions
   * @return the thread that watches it, until it is interrupted
   */
  Thread watch(Thread runner) {
    Thread watchdog =
        new Thread(() -> {
          long seen = -1;
          int quiet = 0;
          while (true) {
            try {
              Thread.sleep(MILLIS_BETWEEN_LOOKS);
            } catch (InterruptedException e) {
              return;
            }
            Machine waiting = machine;
            long now = progress.get();
            quiet = now == seen && waiting != null ? quiet + 1 : 0;
            seen = now;
            Thread.State state = runner.getState();
            boolean waits = state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
            if (waiting != null && quiet > (waits ? 0 : LOOKS_UNTIL_HANGING / 2)) {
              waiting.interrupt(Signal.SIGKILL);
            }
            if (quiet == LOOKS_UNTIL_HANGING) {
              System.out.println(finding(-1, "a call does not come back", null));
              for (StackTraceElement frame : runner.getStackTrace()) {
                System.out.println("\tat " + frame);
              }
              Runtime.getRuntime().halt(3);
            }
          }
        });
    watchdog.setDaemon(true);
    watchdog.start();
    return watchdog;
  }
}
