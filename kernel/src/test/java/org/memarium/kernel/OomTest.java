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
import org.memarium.kernel.error.KernelPanicException;
import org.memarium.kernel.process.Signal;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.VmStatItem;

/** Memory ends: who is killed, what the kernel says of it, and who is not killed. */
final class OomTest {
  private static final int MAP_ANONYMOUS_NORESERVE = 0x4022;

  @RegisterExtension final MachineExtension machines = new MachineExtension();

  @TempDir private Path folder;

  private String program() {
    return HostPrograms.compile(folder, "oom.c", "-static").toString();
  }

  private String run(String... arguments) {
    List<String> command = new java.util.ArrayList<>(List.of(program()));
    command.addAll(List.of(arguments));
    MachineExtension.Run run = machines.run(config -> {}, command.toArray(String[]::new));
    assertEquals(0, run.status(), run.out());
    return run.out();
  }

  private static List<String> log(Machine machine) {
    return machine.log().lines().stream().map(KernelLog.Line::text).toList();
  }

  @Test
  void whoAsksForMoreThanThereIsIsKilled() {
    Machine machine = machines.boot(config -> {});
    String program = program();
    machine.exec(program, List.of(program, "hog"), List.of());
    assertEquals(128 + Signal.SIGKILL, machine.run());
    String line = machine.deathLine();
    assertNotNull(line);
    assertTrue(line.contains("SIGKILL: out of memory"), line);
    assertEquals(1, machine.memory().vmStat().get(VmStatItem.OOM_KILL));
    assertTrue(machine.proc("vmstat").contains("\noom_kill 1\n"));
  }

  @Test
  void theLargestIsKilledFirst() {
    assertEquals(
        "6:0 killed by 9\n4:0 killed by 9\n3:0 killed by 9\n", run("order", "4:0", "6:0", "3:0"));
  }

  @Test
  void theLaterOfTwoAlikeIsKilledFirst() {
    assertEquals(
        "3:0second killed by 9\n3:0first killed by 9\n", run("order", "3:0first", "3:0second"));
  }

  @Test
  void oomScoreAdjCountsInThousandthsOfAllMemory() {
    assertEquals(
        "3:500 killed by 9\n2:100 killed by 9\n4:0 killed by 9\n6:-900 killed by 9\n",
        run("order", "4:0", "3:500", "6:-900", "2:100"));
  }

  @Test
  void aCallThatFindsNoMemoryEndsWithItsProcess() {
    assertEquals("killed by 9\n", run("call"));
  }

  @Test
  void whoSharesTheMemoryOfTheVictimDiesToo() {
    assertEquals("the child killed by 9\nwho shared killed by 9\n", run("shared"));
  }

  @Test
  void lockedMemoryDoesNotSaveAProcess() {
    assertEquals("killed by 9\n", run("locked"));
  }

  @Test
  void ofATreeOfProcessesTheOneThatGrowsDies() {
    assertEquals(
        "depth 1: child killed by 9\ndepth 2: child ended with 0\ndepth 3: child ended with 0\n",
        run("forks", "3"));
  }

  @Test
  void theReportIsLinuxs() {
    Machine machine = machines.boot(config -> {});
    String program = program();
    machine.exec(program, List.of(program, "hog"), List.of());
    machine.run();
    List<String> shapes =
        List.of(
            "oom-static invoked oom-killer: gfp_mask=0x[0-9a-f]+\\(GFP_[A-Z_|]+\\), order=0,"
                + " oom_score_adj=0",
            "CPU: 0 PID: 100 Comm: oom-static Not tainted .*",
            "Mem-Info:",
            "active_anon:\\d+ inactive_anon:\\d+ isolated_anon:0",
            " active_file:\\d+ inactive_file:\\d+ isolated_file:0",
            " unevictable:0 dirty:\\d+ writeback:0",
            " slab_reclaimable:\\d+ slab_unreclaimable:\\d+",
            " mapped:\\d+ shmem:\\d+ pagetables:\\d+",
            " sec_pagetables:0 bounce:0",
            " kernel_misc_reclaimable:0",
            " free:\\d+ free_pcp:\\d+ free_cma:0",
            "Node 0 active_anon:\\d+kB .* all_unreclaimable\\? (yes|no)",
            "DMA free:\\d+kB boost:0kB min:\\d+kB low:\\d+kB high:\\d+kB .* free_cma:0kB",
            "lowmem_reserve\\[\\]:( \\d+)+",
            "Normal free:\\d+kB .*",
            "lowmem_reserve\\[\\]:( \\d+)+",
            "DMA: (\\d+\\*\\d+kB (\\([UMEHI]+\\) )?)+= \\d+kB",
            "Normal: (\\d+\\*\\d+kB (\\([UMEHI]+\\) )?)+= \\d+kB",
            "Node 0 hugepages_total=0 .*",
            "\\d+ total pagecache pages",
            "0 pages in swap cache",
            "Free swap  = 0kB",
            "Total swap = 0kB",
            "\\d+ pages RAM",
            "0 pages HighMem/MovableOnly",
            "\\d+ pages reserved",
            "0 pages hwpoisoned",
            "Tasks state \\(memory values in pages\\):",
            "\\[  pid  \\]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
            "\\[    100\\]     0   100 +\\d+ +\\d+ +\\d+ +0             0 oom-static",
            "oom-kill:constraint=CONSTRAINT_NONE,nodemask=\\(null\\),cpuset=/,mems_allowed=0,"
                + "global_oom,task_memcg=/,task=oom-static,pid=100,uid=0",
            "Out of memory: Killed process 100 \\(oom-static\\) total-vm:\\d+kB, anon-rss:\\d+kB,"
                + " file-rss:\\d+kB, shmem-rss:0kB, UID:0 pgtables:\\d+kB oom_score_adj:0");
    List<String> lines = log(machine);
    for (int i = 0; i < shapes.size(); i++) {
      assertTrue(Pattern.matches(shapes.get(i), lines.get(i)), lines.get(i));
    }
    assertEquals(shapes.size(), lines.size(), lines.toString());
  }

  @Test
  void withoutDumpTasksTheReportIsShorter() {
    Machine machine = machines.boot(config -> {});
    machine.files().write("/proc/sys/vm/oom_dump_tasks", "0\n");
    String program = program();
    machine.exec(program, List.of(program, "hog"), List.of());
    machine.run();
    assertFalse(log(machine).contains("Tasks state (memory values in pages):"));
  }

  @Test
  void whoAsksIsKilledWithoutASearchIfItIsSetSo() {
    Machine machine = machines.boot(config -> {});
    machine.files().write("/proc/sys/vm/oom_kill_allocating_task", "1\n");
    JavaProgram large = JavaProgram.start(machine);
    fill(large, 16 << 20);
    JavaProgram small = large.fork();
    assertThrows(IllegalStateException.class, () -> fill(small, 32 << 20));
    assertTrue(small.isEnded());
    assertFalse(large.isEnded());
    assertTrue(log(machine).getLast().startsWith("Out of memory (oom_kill_allocating_task): "));
  }

  /** A process gets memory that another one loses meanwhile, and goes on with it. */
  @Test
  void theMemoryOfAVictimIsFreeAtOnce() {
    Machine machine = machines.boot(config -> {});
    JavaProgram large = JavaProgram.start(machine);
    JavaProgram small = large.fork();
    fill(large, 16 << 20);
    fill(small, 15 << 20);
    assertTrue(large.isEnded());
    assertFalse(small.isEnded());
    assertEquals(small.task().pid(), small.call("getpid"));
    assertTrue(
        log(machine).getLast().startsWith("oom_reaper: reaped process 100 (java-program), now"));
    assertThrows(IllegalStateException.class, () -> large.call("getpid"));
  }

  @Test
  void whereNobodyMayBeKilledTheKernelPanics() {
    Machine machine = machines.boot(config -> {});
    JavaProgram program = JavaProgram.start(machine);
    machine.files().write("/proc/100/oom_score_adj", "-1000\n");
    KernelPanicException panic =
        assertThrows(KernelPanicException.class, () -> fill(program, 32 << 20));
    assertEquals("Kernel panic - not syncing: System is deadlocked on memory", panic.getMessage());
    assertEquals(panic.getMessage(), log(machine).getLast());
    assertThrows(IllegalStateException.class, machine::run);
    machines.forget(machine);
  }

  @Test
  void panicOnOomComesBeforeEverything() {
    Machine machine = machines.boot(config -> {});
    machine.files().write("/proc/sys/vm/panic_on_oom", "1\n");
    JavaProgram program = JavaProgram.start(machine);
    assertThrows(KernelPanicException.class, () -> fill(program, 32 << 20));
    assertFalse(program.isEnded());
    machines.forget(machine);
  }

  @Test
  void oomScoreIsTheShareOfMemoryInThousandthsOnAScaleTo2000() {
    Machine machine = machines.boot(config -> {});
    JavaProgram program = JavaProgram.start(machine);
    fill(program, 8 << 20);
    long total = machine.memory().allocator().node().totalRamPages();
    long pages =
        program.task().requireMm().rss().total()
            + program.task().requireMm().pageTableBytes() / 4096;
    assertEquals((1000 + pages * 1000 / total) * 2 / 3 + "\n", machine.proc("100/oom_score"));
    machine.files().write("/proc/100/oom_score_adj", "-500\n");
    long less = pages - 500 * (total / 1000);
    assertEquals((1000 + less * 1000 / total) * 2 / 3 + "\n", machine.proc("100/oom_score"));
    machine.files().write("/proc/100/oom_score_adj", "-1000\n");
    assertEquals("0\n", machine.proc("100/oom_score"));
  }

  /** Maps so many bytes, and writes to each page. */
  private static void fill(JavaProgram program, int bytes) {
    int at = program.call("mmap2", 0, bytes, 3, MAP_ANONYMOUS_NORESERVE, -1, 0);
    for (int page = 0; page < bytes; page += 4096) {
      program.writeByte(Integer.toUnsignedLong(at) + page, 1);
    }
  }
}
