package org.memarium.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.kernel.Machine;
import org.memarium.kernel.MachineConfig;
import org.memarium.mm.frame.Gfp;

/**
 * The programs that people read /proc with (procps, busybox) run on the host, find a machine's
 * /proc as theirs, and print what the audit says of that machine: the audit has recounted every
 * line of meminfo before it is written.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RealReadersTest {
  private static final int EXIT_GROUP = 252;
  private static final int WRITE = 4;

  /** KiB: two refills of a per-CPU list, which leave the free lists at once. */
  private static final int SLACK = 512;

  private Path proc = Path.of("");
  private String pid = "";
  private Map<String, Long> meminfo = Map.of();

  @BeforeAll
  void export(@TempDir Path folder) throws IOException {
    proc = folder.resolve("proc");
    try (Machine machine = Machine.boot(MachineConfig.builder().build())) {
      machine.slab().kmalloc().kmalloc(300_000, Gfp.GFP_KERNEL);
      machine.vmalloc().vmalloc(1 << 20);
      String busybox = Oracles.busybox().toString();
      machine.exec(busybox, List.of("busybox", "seq", "20000"), List.of());
      machine.stopBeforeCalls(number -> number == EXIT_GROUP);
      assertFalse(machine.run(Long.MAX_VALUE));
      machine.audit();
      pid = machine.files().readlink("/proc/self");
      ProcExport.of(machine.files()).write(proc);
    }
    String withProc = Oracles.HOME.resolve("scripts/with-proc").toString();
    Ended permitted = HostRun.plain(List.of(withProc, proc.toString(), "true"));
    if (permitted.status() != 0) {
      Oracles.missing("a mount namespace of one's own (unshare -m): " + permitted.err().strip());
    }
    meminfo = numbers("meminfo", ":");
  }

  /** Lines of a name, a separator and a number. */
  private Map<String, Long> numbers(String file, String separator) throws IOException {
    Map<String, Long> numbers = new LinkedHashMap<>();
    for (String line : Files.readAllLines(proc.resolve(file))) {
      String[] parts = line.split(separator + "\\s*", 2);
      numbers.put(parts[0], Long.parseLong(parts[1].split(" ", 2)[0]));
    }
    return numbers;
  }

  private long kibibytes(String name) {
    Long value = meminfo.get(name);
    if (value == null) {
      throw new AssertionError("meminfo has no line " + name);
    }
    return value;
  }

  /**
   * What a reader prints that finds the machine's /proc as its own; one that fails fails the test.
   */
  private List<String> read(String... command) throws IOException {
    if (HostRun.plain(List.of("sh", "-c", "command -v " + command[0])).status() != 0) {
      Oracles.missing(command[0] + " (package procps)");
    }
    List<String> withProc = new ArrayList<>();
    withProc.add(Oracles.HOME.resolve("scripts/with-proc").toString());
    withProc.add(proc.toString());
    withProc.addAll(List.of(command));
    Ended ended = HostRun.plain(withProc);
    assertEquals(0, ended.status(), ended.err());
    return ended.out().lines().toList();
  }

  private static long[] figures(String line) {
    return Arrays.stream(line.trim().split("[^0-9]+", -1))
        .filter(word -> !word.isEmpty())
        .mapToLong(Long::parseLong)
        .toArray();
  }

  private long cache() {
    return kibibytes("Cached") + kibibytes("SReclaimable");
  }

  private void expectFree(long[] row, int shift) {
    assertEquals(kibibytes("MemTotal") >> shift, row[0], "total");
    long withoutAvailable = kibibytes("MemTotal") - kibibytes("MemAvailable");
    long withoutCache = kibibytes("MemTotal") - kibibytes("MemFree") - cache();
    // Until version 4 procps took caches off instead of what is available.
    assertTrue(row[1] == withoutAvailable >> shift || row[1] == withoutCache >> shift, "used");
    assertEquals(kibibytes("MemFree") >> shift, row[2], "free");
    assertEquals(kibibytes("Shmem") >> shift, row[3], "shared");
    assertEquals((kibibytes("Buffers") + cache()) >> shift, row[4], "buff/cache");
    assertEquals(kibibytes("MemAvailable") >> shift, row[5], "available");
  }

  @Test
  void freePrintsTheRecount() throws IOException {
    expectFree(figures(read("free", "-k").get(1)), 0);
    expectFree(figures(read("free", "-m").get(1)), 10);
  }

  @Test
  void vmstatPrintsTheRecount() throws IOException {
    long[] row = figures(read("vmstat").get(2));
    assertEquals(1, row[0], "running");
    assertEquals(kibibytes("MemFree"), row[3], "free");
    assertEquals(0, row[4], "buff");
    assertEquals(cache(), row[5], "cache");
  }

  @Test
  void vmstatPrintsTheEvents() throws IOException {
    List<String> lines = read("vmstat", "-s");
    Map<String, Long> vmstat = numbers("vmstat", " ");
    assertTrue(lines.contains("%13d K total memory".formatted(kibibytes("MemTotal"))));
    assertTrue(lines.contains("%13d K free memory".formatted(kibibytes("MemFree"))));
    assertTrue(lines.contains("%13d K active memory".formatted(kibibytes("Active"))));
    assertTrue(lines.contains("%13d K inactive memory".formatted(kibibytes("Inactive"))));
    assertTrue(lines.contains("%13d pages swapped out".formatted(vmstat.get("pswpout"))));
  }

  /**
   * A line of slabinfo: name, then active objects, objects, object size, objects and pages a slab.
   */
  private List<String[]> slabs() throws IOException {
    return Files.readAllLines(proc.resolve("slabinfo")).stream()
        .skip(2)
        .map(line -> line.split(" +", -1))
        .toList();
  }

  @Test
  void vmstatPrintsTheSlabs() throws IOException {
    List<String> lines = read("vmstat", "-m");
    // The heading comes again on each screen.
    long printed = lines.stream().filter(line -> !line.startsWith("Cache ")).count();
    assertEquals(slabs().size(), printed);
    for (String[] slab : slabs()) {
      long[] expected = figures(slab[1] + " " + slab[2] + " " + slab[3] + " " + slab[4]);
      String name = slab[0].length() > 24 ? slab[0].substring(0, 24) : slab[0];
      String line = lines.stream().filter(one -> one.startsWith(name + " ")).findFirst().orElse("");
      assertFalse(line.isEmpty(), name);
      assertEquals(
          Arrays.toString(expected), Arrays.toString(figures(line.substring(name.length()))));
    }
  }

  @Test
  void slabtopAddsTheSlabsUp() throws IOException {
    long active = 0;
    long objects = 0;
    long slabs = 0;
    for (String[] slab : slabs()) {
      active += Long.parseLong(slab[1]);
      objects += Long.parseLong(slab[2]);
      slabs += Long.parseLong(slab[14]);
    }
    List<String> lines = read("slabtop", "-o");
    assertTrue(lines.get(0).contains(": %d / %d (".formatted(active, objects)), lines.get(0));
    assertTrue(lines.get(1).contains(" / %d (".formatted(slabs)), lines.get(1));
    assertTrue(lines.get(2).contains(" / %d (".formatted(slabs().size())), lines.get(2));
  }

  @Test
  void pmapAddsTheAreasUp() throws IOException {
    List<String> lines = read("pmap", "-X", pid);
    assertTrue(lines.getFirst().contains("busybox seq 20000"), lines.getFirst());
    List<String> smaps = Files.readAllLines(proc.resolve(pid + "/smaps"));
    List<String> columns = List.of(lines.get(1).trim().split(" +", -1));
    int first = columns.indexOf("Size");
    long[] sums = figures(lines.getLast());
    for (String name : List.of("Size", "Rss", "Pss", "Referenced", "Anonymous", "Locked")) {
      long expected = 0;
      for (String line : smaps) {
        expected += line.startsWith(name + ":") ? figures(line)[0] : 0;
      }
      assertEquals(expected, sums[columns.indexOf(name) - first], name);
    }
    String rss =
        Files.readAllLines(proc.resolve(pid + "/status")).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .findFirst()
            .orElse("");
    assertEquals(figures(rss)[0], sums[columns.indexOf("Rss") - first]);
  }

  @Test
  void busyboxTopPrintsTheRecount() throws IOException {
    List<String> lines = read(Oracles.busybox().toString(), "top", "-b", "-n1");
    long used = kibibytes("MemTotal") - kibibytes("MemFree");
    assertEquals(
        "Mem: %dK used, %dK free, %dK shrd, 0K buff, %dK cached"
            .formatted(used, kibibytes("MemFree"), kibibytes("Shmem"), kibibytes("Cached")),
        lines.getFirst());
    assertTrue(lines.getLast().startsWith("  " + pid + " ") || lines.size() > 4, lines.getLast());
  }

  /** busybox free asks sysinfo(2), the host's, for all but what is available. */
  @Test
  void busyboxFreePrintsWhatIsAvailable() throws IOException {
    List<String> lines = read(Oracles.busybox().toString(), "free");
    long[] row = figures(lines.get(1));
    assertEquals(kibibytes("MemAvailable"), row[row.length - 1]);
  }

  @Test
  void busyboxFreeInsideTheMachinePrintsTheRecount() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    MachineConfig config = MachineConfig.builder().standardOutput(Channels.newChannel(out)).build();
    try (Machine machine = Machine.boot(config)) {
      machine.exec(Oracles.busybox().toString(), List.of("busybox", "free"), List.of());
      machine.stopBeforeCalls(number -> number == WRITE);
      assertFalse(machine.run(Long.MAX_VALUE));
      machine.audit();
      long total = figure(machine, "MemTotal");
      long free = figure(machine, "MemFree");
      long available = figure(machine, "MemAvailable");
      machine.run();
      long[] row = figures(out.toString(UTF_8).lines().toList().get(1));
      assertEquals(total, row[0], "total");
      // Between looking and printing it touches some pages more.
      assertTrue(Math.abs(free - row[2]) <= SLACK, "free");
      assertTrue(Math.abs(available - row[5]) <= SLACK, "available");
      assertEquals(row[0], row[1] + row[2] + row[4], "total is used, free and cache");
    }
  }

  private static long figure(Machine machine, String name) {
    for (String line : machine.proc("meminfo").lines().toList()) {
      if (line.startsWith(name + ":")) {
        return figures(line)[0];
      }
    }
    throw new AssertionError("meminfo has no line " + name);
  }
}
