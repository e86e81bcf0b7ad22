package org.memarium.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.memarium.hardware.Ram;
import org.memarium.kernel.process.Signal;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.trace.KernelLog;

/** What a group of processes may have of memory together: cgroup v2. */
final class MemoryGroupTest {
  private static final String GROUP = "/sys/fs/cgroup/program/";
  private static final int MAP_ANONYMOUS_NORESERVE = 0x4022;
  private static final long MIB = 1 << 20;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private Machine boot(long max) {
    return machines.boot(config ->
        config.memoryLimits(
            new MemoryLimits(max, MemoryLimits.UNLIMITED, 0, 0, MemoryLimits.UNLIMITED)));
  }

  private static MemCgroup group(Machine machine) {
    return machine.memory().allocator().groups().all().getFirst();
  }

  private static long bytes(Machine machine, String file) {
    return Long.parseLong(machine.files().text(GROUP + file).strip());
  }

  private static long stat(Machine machine, String name) {
    for (String line : machine.files().text(GROUP + "memory.stat").lines().toList()) {
      if (line.startsWith(name + " ")) {
        return Long.parseLong(line.substring(name.length() + 1));
      }
    }
    throw new AssertionError("memory.stat has no " + name);
  }

  private static int map(JavaProgram program, int bytes) {
    return program.call("mmap2", 0, bytes, 3, MAP_ANONYMOUS_NORESERVE, -1, 0);
  }

  private static void touch(JavaProgram program, int at, int bytes) {
    for (int page = 0; page < bytes; page += Ram.PAGE_SIZE) {
      program.writeByte(Integer.toUnsignedLong(at) + page, 1);
    }
  }

  @Test
  void pagesAreChargedWhenTheyComeAndUnchargedWhenTheyGo() {
    Machine machine = boot(MemoryLimits.UNLIMITED);
    JavaProgram program = JavaProgram.start(machine);
    int at = map(program, 8 << 20);
    final long before = bytes(machine, "memory.current");
    final long anon = stat(machine, "anon");
    touch(program, at, 4 << 20);
    assertEquals(anon + 4 * MIB, stat(machine, "anon"));
    // And one or two page tables.
    long tables = bytes(machine, "memory.current") - before - 4 * MIB;
    assertTrue(tables >= Ram.PAGE_SIZE && tables <= 3 * Ram.PAGE_SIZE, "tables: " + tables);
    assertEquals(0, program.call("munmap", at, 8 << 20));
    assertEquals(anon, stat(machine, "anon"));
    machine.audit();
    program.exit(0);
    assertEquals(0, stat(machine, "anon"));
    assertEquals(0, stat(machine, "pagetables"));
  }

  @Test
  void theLimitHoldsToThePage() {
    Machine machine = boot(8 * MIB);
    JavaProgram program = JavaProgram.start(machine);
    int at = map(program, 16 << 20);
    int page = 0;
    while (group(machine).margin() > 0) {
      program.writeByte(Integer.toUnsignedLong(at) + page, 1);
      page += Ram.PAGE_SIZE;
    }
    assertEquals(8 * MIB, bytes(machine, "memory.current"));
    assertFalse(program.isEnded());
    int next = page;
    assertThrows(RuntimeException.class, () -> touch(program, at + next, 1 << 20));
    assertTrue(program.isEnded());
    assertEquals(8 * MIB, bytes(machine, "memory.peak"));
    List<String> log = machine.log().lines().stream().map(KernelLog.Line::text).toList();
    assertTrue(
        log.getLast().startsWith("Memory cgroup out of memory: Killed process 100 "),
        log::toString);
    assertTrue(machine.files().text(GROUP + "memory.events").contains("oom 1\noom_kill 1\n"));
  }

  @Test
  void aProgramThatWantsMoreIsKilledAndOthersOutsideDoNotMatter() {
    String program = HostPrograms.compile(folder, "oom.c", "-static").toString();
    Machine machine = boot(6 * MIB);
    machine.exec(program, List.of(program, "hog"), List.of());
    assertEquals(128 + Signal.SIGKILL, machine.run());
    assertNotNull(machine.deathLine());
    List<String> shapes =
        List.of(
            "oom-static invoked oom-killer: gfp_mask=0x[0-9a-f]+\\(.*\\), order=0, oom_score_adj=0",
            "CPU: 0 PID: 100 Comm: oom-static Not tainted .*",
            "memory: usage 6144kB, limit 6144kB, failcnt \\d+",
            "swap: usage 0kB, limit 8589934588kB, failcnt 0",
            "Memory cgroup stats for /program:",
            "anon \\d+",
            "file \\d+");
    List<String> log = machine.log().lines().stream().map(KernelLog.Line::text).toList();
    for (int i = 0; i < shapes.size(); i++) {
      assertTrue(Pattern.matches(shapes.get(i), log.get(i)), log.get(i));
    }
    assertTrue(
        log.contains(
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
                + "oom_memcg=/program,task_memcg=/program,task=oom-static,pid=100,uid=0"),
        log::toString);
  }

  @Test
  void theRightOneOfAGroupIsKilledFirst() {
    String program = HostPrograms.compile(folder, "oom.c", "-static").toString();
    MachineExtension.Run run =
        machines.run(
            config ->
                config.memoryLimits(
                    new MemoryLimits(
                        16 * MIB, MemoryLimits.UNLIMITED, 0, 0, MemoryLimits.UNLIMITED)),
            program,
            "order",
            "4:0",
            "3:500",
            "2:-900",
            "1:100");
    assertEquals(
        "3:500 killed by 9\n4:0 killed by 9\n1:100 killed by 9\n2:-900 killed by 9\n", run.out());
    assertEquals(0, run.status());
  }

  @Test
  void allOfAGroupIsKilledIfItIsSetSo() {
    Machine machine = boot(8 * MIB);
    machine.files().write(GROUP + "memory.oom.group", "1\n");
    JavaProgram one = JavaProgram.start(machine);
    JavaProgram other = one.fork();
    int at = map(one, 16 << 20);
    assertThrows(RuntimeException.class, () -> touch(one, at, 16 << 20));
    assertTrue(one.isEnded());
    assertTrue(other.isEnded());
    assertTrue(
        machine.files().text(GROUP + "memory.events").endsWith("oom_kill 2\noom_group_kill 1\n"));
  }

  @Test
  void whoIsForkedIsInTheGroupAndNobodyMovesOut() {
    Machine machine = boot(8 * MIB);
    JavaProgram program = JavaProgram.start(machine);
    program.fork();
    assertEquals("100\n101\n", machine.files().text(GROUP + "cgroup.procs"));
    assertEquals("0::/program\n", machine.proc("101/cgroup"));
    assertEquals("", machine.files().text("/sys/fs/cgroup/cgroup.procs"));
    assertThrows(
        RuntimeException.class,
        () -> machine.files().write("/sys/fs/cgroup/cgroup.procs", "101\n"));
  }

  @Test
  void limitsAreBytesWithUnitsInWholePages() {
    Machine machine = boot(MemoryLimits.UNLIMITED);
    assertEquals("max\n", machine.files().text(GROUP + "memory.max"));
    machine.files().write(GROUP + "memory.max", "5000000\n");
    assertEquals("4997120\n", machine.files().text(GROUP + "memory.max"));
    machine.files().write(GROUP + "memory.high", "16M");
    assertEquals("16777216\n", machine.files().text(GROUP + "memory.high"));
    machine.files().write(GROUP + "memory.high", "max");
    assertEquals("max\n", machine.files().text(GROUP + "memory.high"));
    assertThrows(RuntimeException.class, () -> machine.files().write(GROUP + "memory.low", "much"));
  }

  @Test
  void whoGoesBeyondHighIsSlowedDownAndNotKilled() {
    String program = HostPrograms.compile(folder, "oom.c", "-static").toString();
    Machine machine =
        machines.boot(config ->
            config.memoryLimits(
                new MemoryLimits(MemoryLimits.UNLIMITED, 4 * MIB, 0, 0, MemoryLimits.UNLIMITED)));
    machine.exec(program, List.of(program, "hold", "6"), List.of());
    assertEquals(0, machine.run());
    assertTrue(group(machine).peak() * Ram.PAGE_SIZE > 6 * MIB);
    assertTrue(group(machine).events(MemCgroup.Event.HIGH) > 0);
    // A page beyond costs a look; far beyond, two seconds each.
    assertTrue(machine.clock().uptimeNanos() > 1_000_000_000L);
  }

  @Test
  void aProgramThatFitsIntoMemoryAndSwapTogetherIsNotKilled() {
    String program = HostPrograms.compile(folder, "oom.c", "-static").toString();
    Machine machine =
        machines.boot(config ->
            config
                .swap(SwapArea.temporary(32 * MIB))
                .memoryLimits(
                    new MemoryLimits(
                        6 * MIB, MemoryLimits.UNLIMITED, 0, 0, MemoryLimits.UNLIMITED)));
    machine.exec(program, List.of(program, "hold", "12"), List.of());
    assertEquals(0, machine.run(), machine::deathLine);
    assertEquals(6 * MIB, bytes(machine, "memory.peak"));
    assertTrue(stat(machine, "pgsteal") > 0);
    // Pages that were being written when their process ended keep their places for a while.
    assertTrue(bytes(machine, "memory.swap.current") <= 64 * Ram.PAGE_SIZE);
  }

  @Test
  void swapHasALimitOfItsOwn() {
    String program = HostPrograms.compile(folder, "oom.c", "-static").toString();
    Machine machine =
        machines.boot(config ->
            config
                .swap(SwapArea.temporary(32 * MIB))
                .memoryLimits(new MemoryLimits(6 * MIB, MemoryLimits.UNLIMITED, 0, 0, 2 * MIB)));
    machine.exec(program, List.of(program, "hold", "12"), List.of());
    assertEquals(128 + Signal.SIGKILL, machine.run());
    assertTrue(group(machine).events(MemCgroup.Event.SWAP_MAX) > 0);
  }

  @Test
  void whoGoesBeyondHighOfSwapIsSlowedDownAndNotKilled() {
    final Machine machine = bootWithSwap(0, 0);
    JavaProgram program = JavaProgram.start(machine);
    int at = map(program, 12 << 20);
    touch(program, at, 4 << 20);
    machine.files().write(GROUP + "memory.swap.high", Long.toString(MIB));
    assertEquals(0, group(machine).events(MemCgroup.Event.SWAP_HIGH));
    machine.files().write(GROUP + "memory.reclaim", Long.toString(2 * MIB));
    assertTrue(bytes(machine, "memory.swap.current") >= MIB + MIB / 2);
    // Whoever takes memory now waits, though there is plenty.
    long before = machine.clock().uptimeNanos();
    touch(program, at + (4 << 20), 1 << 20);
    program.call("getpid");
    assertTrue(group(machine).events(MemCgroup.Event.SWAP_HIGH) > 0);
    assertTrue(machine.clock().uptimeNanos() - before > 1_000_000_000L);
    String events = machine.files().text(GROUP + "memory.swap.events");
    assertTrue(events.matches("high [1-9][0-9]*\nmax 0\nfail 0\n"), events);
    machine.audit();
  }

  @Test
  void whatIsAskedForIsReclaimedAndNoMoreThanThereIs() {
    Machine machine = bootWithSwap(0, 0);
    JavaProgram program = JavaProgram.start(machine);
    touch(program, map(program, 8 << 20), 8 << 20);
    long before = bytes(machine, "memory.current");
    machine.files().write(GROUP + "memory.reclaim", "3M");
    long freed = before - bytes(machine, "memory.current");
    assertTrue(freed >= 3 * MIB && freed < 5 * MIB, "freed " + freed);
    assertThrows(
        RuntimeException.class, () -> machine.files().write(GROUP + "memory.reclaim", "1G"));
    assertEquals(0, group(machine).events(MemCgroup.Event.MAX));
    machine.audit();
  }

  @Test
  void lowIsTakenOnlyWhenNobodyElseHasAny() {
    Machine machine = bootWithSwap(8 * MIB, 0);
    JavaProgram program = JavaProgram.start(machine);
    touch(program, map(program, 6 << 20), 6 << 20);
    long anon = stat(machine, "anon");
    assertEquals(0, group(machine).events(MemCgroup.Event.LOW));
    for (int i = 0; i < 8; i++) {
      machine.reclaim().tryToFreePages();
    }
    // All that the machine has is the group's: so it is taken, and told.
    assertTrue(stat(machine, "anon") < anon);
    assertTrue(group(machine).events(MemCgroup.Event.LOW) > 0);
    String events = machine.files().text(GROUP + "memory.events");
    assertTrue(
        events.matches("low [1-9][0-9]*\nhigh 0\nmax 0\noom 0\noom_kill 0\n(.*\n)*"), events);
  }

  private Machine bootWithSwap(long low, long min) {
    long none = MemoryLimits.UNLIMITED;
    return machines.boot(config ->
        config
            .swap(SwapArea.temporary(32 * MIB))
            .memoryLimits(new MemoryLimits(none, none, low, min, none)));
  }

  @Test
  void minIsNotTakenEvenIfTheMachineIsShort() {
    Machine machine = bootWithSwap(0, 8 * MIB);
    JavaProgram program = JavaProgram.start(machine);
    int at = map(program, 6 << 20);
    touch(program, at, 6 << 20);
    for (int i = 0; i < 8; i++) {
      machine.reclaim().tryToFreePages();
    }
    assertTrue(stat(machine, "anon") >= 6 * MIB);
    machine.files().write(GROUP + "memory.min", "0");
    for (int i = 0; i < 8; i++) {
      machine.reclaim().tryToFreePages();
    }
    assertTrue(stat(machine, "anon") < 6 * MIB);
  }

  @Test
  void withoutALimitThereIsNoGroup() {
    Machine machine = machines.boot(config -> {});
    JavaProgram.start(machine);
    assertEquals("0::/\n", machine.proc("100/cgroup"));
    assertFalse(machine.memory().allocator().groups().areOn());
  }
}
