package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.memarium.kernel.CallStop;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.kernel.process.Task;
import org.memarium.malloc.heap.Heap;
import org.memarium.malloc.heap.Heap.Arena;
import org.memarium.malloc.heap.Heap.Library;
import org.memarium.malloc.heap.Heap.Tally;
import org.memarium.malloc.heap.HeapReader;

/** What is read of a heap from outside, beside what glibc itself counts ({@code mallinfo2}). */
class HeapTest {
  private static final int RUINS = 60;

  @ParameterizedTest
  @CsvSource({
    "static, small",
    "static, small mapped threads foreign",
    "static-pie, small mapped foreign",
    "dynamic, small",
    "dynamic, mapped",
    "dynamic, threads foreign",
    "dynamic, small mapped threads foreign"
  })
  void everyByteIsWhereGlibcCountsIt(String linked, String what) throws IOException {
    Run run = run(program(linked), what);
    Heap heap = run.heap;
    assertEquals(List.of(), heap.problems());
    assertEquals(Library.GLIBC, heap.library());

    Map<String, Long> expected = new LinkedHashMap<>();
    run.out
        .lines()
        .map(line -> line.split(" ", 2))
        .forEach(words -> expected.put(words[0], Long.valueOf(words[1])));
    Map<String, Long> found = new LinkedHashMap<>();
    Tally free = Tally.NONE;
    Tally fast = Tally.NONE;
    long top = 0;
    for (Arena arena : heap.arenas()) {
      free =
          new Tally(free.count() + 1 + arena.free().count(), free.bytes() + arena.free().bytes());
      fast = new Tally(fast.count() + arena.fast().count(), fast.bytes() + arena.fast().bytes());
      top += arena.topBytes();
    }
    long system = heap.arenas().stream().mapToLong(Arena::systemBytes).sum();
    long available = free.bytes() + fast.bytes() + top;
    found.put("arena", system);
    found.put("ordblks", free.count());
    found.put("smblks", fast.count());
    found.put("hblks", heap.mappedChunks().count());
    found.put("hblkhd", heap.mappedChunks().bytes());
    found.put("fsmblks", fast.bytes());
    found.put("uordblks", system - available);
    found.put("fordblks", available);
    found.put("keepcost", heap.arenas().getFirst().topBytes());
    assertEquals(expected, found);

    assertEquals(heap.obtainedBytes(), heap.inUseBytes() + heap.freeBytes() + heap.overheadBytes());
    assertEquals(0, heap.unwalkedBytes());
    assertTrue(heap.mainBrkBytes() <= heap.brkBytes());
    assertTrue(heap.arenaMappedBytes() + heap.mappedChunks().bytes() <= heap.anonymousBytes());
    assertEquals(what.contains("threads") ? 4 : 1, heap.threadCaches().size());
  }

  @Test
  void aStrippedProgramIsReadAsWell(@TempDir Path folder) throws IOException {
    // The names are equally long: the C library keeps the program's.
    Path stripped = folder.resolve("stripped");
    Path whole = Files.copy(program("static"), folder.resolve("symbolic"));
    Ended ended = HostRun.plain(List.of("strip", "-o", stripped.toString(), whole.toString()));
    if (ended.status() != 0) {
      Oracles.missing("strip: " + ended.err());
    }
    assertTrue(Files.size(stripped) < Files.size(whole));
    Heap heap = run(stripped, "small mapped").heap;
    assertEquals(run(whole, "small mapped").heap, heap);
  }

  @Test
  void whatIsWrittenBehindTheEndOfAChunkIsCalledCorrupt() throws IOException {
    Heap heap = run(program("dynamic"), "corrupt").heap;
    String problem = String.join("; ", heap.problems());
    assertTrue(problem.matches("corrupt: main_arena: top at 0x\\w+ has a size of 0x5.*"), problem);
  }

  @Test
  void muslIsNamedAndNotRead() throws IOException {
    Heap heap = run(Oracles.muslProgram("heap"), "small").heap;
    assertEquals(Library.MUSL, heap.library());
    assertEquals(0, heap.obtainedBytes());
  }

  @Test
  void aProgramWithoutCLibraryHasNoHeap() throws IOException {
    Heap heap = run(Oracles.HOME.resolve("samples/maps"), "").heap;
    assertEquals(Library.NONE, heap.library());
    assertEquals(List.of(), heap.problems());
  }

  /** Whatever a program makes of its heap, the reader comes to an end, and its sums add up. */
  @Test
  void ruinsAreReadToTheirEnd() throws IOException {
    try (Machine machine = boot(new ByteArrayOutputStream())) {
      exec(machine, program("dynamic"), "small mapped threads foreign");
      machine.stopBeforeCalls(CallStop.named("exit_group"));
      assertFalse(machine.run(Long.MAX_VALUE));
      Task task = machine.task();
      Heap whole = HeapReader.read(machine, task);
      assertEquals(List.of(), whole.problems());
      int found = 0;
      for (int seed = 0; seed < RUINS; seed++) {
        List<Long> places = ruin(machine, whole, seed);
        Heap heap = HeapReader.read(machine, task);
        if (heap.library() == Library.GLIBC) {
          assertEquals(
              heap.obtainedBytes(),
              heap.inUseBytes() + heap.freeBytes() + heap.overheadBytes() + heap.unwalkedBytes(),
              "seed " + seed);
        }
        found += heap.problems().isEmpty() ? 0 : 1;
        for (int i = places.size() - 2; i >= 0; i -= 2) {
          machine.linearMemory().writeInt(places.get(i), places.get(i + 1).intValue());
        }
      }
      assertTrue(found > RUINS / 2, found + " of " + RUINS + " were noticed");
      assertEquals(whole, HeapReader.read(machine, task));
    }
  }

  /** Overwrites some words of the heap; returns where, and what was there. */
  private static List<Long> ruin(Machine machine, Heap whole, int seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Long> places = new ArrayList<>();
    int count = 1 + random.nextInt(20);
    for (int i = 0; i < count; i++) {
      Arena arena = whole.arenas().get(random.nextInt(whole.arenas().size()));
      long at =
          switch (random.nextInt(4)) {
            case 0 -> arena.address() + 4L * random.nextInt(279);
            case 1 -> arena.top() + 4;
            case 2 ->
                whole.threadCaches().get(random.nextInt(whole.threadCaches().size())).address()
                    + 4L * random.nextInt(96);
            default -> {
              Heap.Segment segment = arena.segments().getFirst();
              yield segment.start() + (random.nextLong(segment.bytes()) & -4);
            }
          };
      long value =
          switch (random.nextInt(5)) {
            case 0 -> random.nextInt();
            case 1 -> arena.address() + 4L * random.nextInt(279);
            case 2 -> at - 8;
            case 3 -> 0;
            default -> arena.segments().getFirst().start() + 16L * random.nextInt(5000) + 8;
          };
      places.add(at);
      places.add((long) machine.linearMemory().readInt(at));
      machine.linearMemory().writeInt(at, (int) value);
    }
    return places;
  }

  @Test
  void theReportOfARunHasTheSameSums() throws IOException {
    String program = program("dynamic").toString();
    Ended ended = MachineRun.command("run", "--report", program, "small", "mapped");
    List<String> lines =
        ended
            .err()
            .lines()
            .filter(line -> line.matches("(heap)? +(by brk|by mmap|malloc's).*"))
            .toList();
    assertEquals(3, lines.size(), ended.err());
    for (String line : lines) {
      List<Long> numbers = new ArrayList<>();
      for (String word : line.replaceAll("\\(\\d+\\)", "").split("[^0-9,]+", -1)) {
        String digits = word.replace(",", "");
        if (!digits.isEmpty()) {
          numbers.add(Long.valueOf(digits));
        }
      }
      assertEquals(
          numbers.getFirst(),
          numbers.stream().skip(1).mapToLong(Long::longValue).sum(),
          () -> line);
    }
  }

  @Test
  void theShellShowsItWhereTheProgramStands(@TempDir Path folder) throws IOException {
    Path script = folder.resolve("script");
    Files.writeString(
        script,
        "run --until exit_group %s small mapped threads\nheap\nheap 77\nkill\nheap\n"
            .formatted(program("dynamic")));
    Ended ended = MachineRun.command("shell", "--keep-going", "--script", script.toString());
    String shape =
        ended
            .out()
            .lines()
            .filter(line -> !line.matches("[a-z]+ \\d+"))
            .map(line -> line.replaceAll("0x[0-9a-f]{8}", "ADDRESS").replaceAll("[0-9,]*\\d", "N"))
            .map(line -> line.replaceAll(" +", " ").replaceAll("(N x N ?)+", "N x N"))
            .map(line -> line.replaceAll("(fast|small|large) bin N of N( to N)?", "bin"))
            .distinct()
            .reduce("", (all, line) -> all + line + "\n");
    assertEquals(
        """
        heap (N) stands still at eip ADDRESS, after N instructions
        glibc, main_arena at ADDRESS: GNU C Library (Debian GLIBC N.N-N+debNuN) stable release version N.N.

        main_arena, N threads chunks bytes
         ADDRESS-ADDRESS
         in use N N
         in caches of threads N N
         in fast bins N N
         in the other bins N N
         top, at ADDRESS N N
         caches of threads themselves N N
         alignment, gaps, malloc's structures N
         system_mem N
         unsorted bin of N N N
         bin N N
        arena ADDRESS, N thread chunks bytes
         unsorted bin of N to N N N
        caches of threads: chunks, by size
         thread N, at ADDRESS N N
         N x N
        mmapped chunks
         ADDRESS, memory at ADDRESS N
        sums
         by brk N = main arena N, below it N
         by mmap N = mmapped chunks N (N), arenas N, others N
         malloc's N = in use N, free N, overhead N
        """,
        shape
            .lines()
            .filter(line -> !line.contains("ended with status"))
            .reduce("", (all, line) -> all + line + "\n")
            .replaceAll(
                "GNU C Library \\(.*",
                "GNU C Library (Debian GLIBC N.N-N+debNuN) stable" + " release version N.N."));
    assertTrue(ended.err().contains("heap: there is no process 77"), ended.err());
    assertTrue(ended.err().contains("heap: no program runs"), ended.err());
  }

  private static Path program(String linked) throws IOException {
    return switch (linked) {
      case "static" -> Oracles.staticProgram("heap");
      case "static-pie" -> Oracles.staticPie("heap");
      default -> Oracles.dynamicProgram("heap");
    };
  }

  /** What a run printed, and its heap when it ended. */
  private record Run(String out, Heap heap) {}

  private static Run run(Path program, String arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    List<Heap> heaps = new ArrayList<>();
    try (Machine machine = boot(out)) {
      machine.setExitListener(thread -> {
        if (thread.equals(machine.task())) {
          heaps.add(HeapReader.read(machine, thread));
        }
      });
      exec(machine, program, arguments);
      assertEquals(0, machine.run());
      machine.audit();
    }
    return new Run(out.toString(StandardCharsets.UTF_8), heaps.getFirst());
  }

  private static Machine boot(ByteArrayOutputStream out) {
    return Machine.boot(
        MachineConfig.builder()
            .ramBytes(128L << 20)
            .standardOutput(Channels.newChannel(out))
            .build());
  }

  private static void exec(Machine machine, Path program, String arguments) {
    List<String> argv = new ArrayList<>(List.of(program.toString()));
    if (!arguments.isEmpty()) {
      argv.addAll(List.of(arguments.split(" ", -1)));
    }
    machine.exec(program.toString(), argv, List.of());
  }
}
