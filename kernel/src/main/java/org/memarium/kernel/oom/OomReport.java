package org.memarium.kernel.oom;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskTable;
import org.memarium.kernel.process.UserProcess;
import org.memarium.mm.frame.Gfp;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.PageAllocator;
import org.memarium.mm.oom.ShowMem;
import org.memarium.mm.reclaim.GroupStat;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.trace.KernelLog;

/**
 * What the OOM killer writes into the kernel's log (Linux 6.1 {@code mm/oom_kill.c}, {@code
 * dump_header}): who asked, where memory is, who has how much of it, who is killed.
 *
 * <p>Linux also prints the kernel's registers and stack, which this kernel does not have.
 */
final class OomReport {
  private final MemoryManager memory;
  private final TaskTable tasks;
  private final KernelLog log;
  private final String release;

  OomReport(MemoryManager memory, TaskTable tasks, KernelLog log, String release) {
    this.memory = memory;
    this.tasks = tasks;
    this.log = log;
    this.release = release;
  }

  /** {@code oc->totalpages}: RAM and swap. */
  long totalPages() {
    return memory.allocator().node().totalRamPages() + swapPages();
  }

  /** {@code total_swap_pages}. */
  long swapPages() {
    return memory.swap().totalPages();
  }

  private long freeSwapPages() {
    return memory.swap().freePages();
  }

  /**
   * {@code dump_header}.
   *
   * @param current who asked; null: the kernel itself
   * @param victim who is killed; null: nobody
   * @param dumpTasks whether every process is listed that may be killed
   */
  void header(
      OomRequest request, @Nullable Task current, @Nullable Task victim, boolean dumpTasks) {
    String comm = current == null ? "swapper" : current.comm();
    int adjustment = current == null ? 0 : current.settings().oomScoreAdj();
    int gfpFlags = request.gfpFlags();
    log.warn(
        "%s invoked oom-killer: gfp_mask=0x%x(%s), order=%d, oom_score_adj=%d"
            .formatted(comm, gfpFlags, Gfp.describe(gfpFlags), request.order(), adjustment));
    int pid = current == null ? 0 : current.pid();
    log.warn("CPU: 0 PID: %d Comm: %s Not tainted %s".formatted(pid, comm, release));
    MemCgroup group = request.group();
    if (group == null) {
      PageAllocator allocator = memory.allocator();
      ShowMem.lines(allocator, gfpFlags, swapPages(), freeSwapPages()).forEach(log::warn);
    } else {
      group(group);
    }
    if (dumpTasks) {
      tasks(request);
    }
    if (victim != null) {
      summary(group, victim);
    }
  }

  /** {@code mem_cgroup_print_oom_meminfo}. */
  private void group(MemCgroup group) {
    log.info(
        "memory: usage %dkB, limit %dkB, failcnt %d"
            .formatted(kibibytes(group.usage()), kibibytes(group.max()), group.failures()));
    log.info(
        "swap: usage %dkB, limit %dkB, failcnt %d"
            .formatted(
                kibibytes(group.swapUsage()), kibibytes(group.swapMax()), group.swapFailures()));
    log.info("Memory cgroup stats for %s:".formatted(group.path()));
    GroupStat.of(memory, group).lines().forEach(log::info);
  }

  /** {@code dump_oom_summary}. */
  private void summary(@Nullable MemCgroup group, Task victim) {
    MemCgroup ofVictim = memory.allocator().groups().find(victim.requireMm().group());
    String path = ofVictim == null ? "/" : ofVictim.path();
    log.info(
        "oom-kill:constraint=%s,nodemask=(null),cpuset=/,mems_allowed=0,%s,task_memcg=%s,task=%s,pid=%d,uid=%d"
            .formatted(
                group == null ? "CONSTRAINT_NONE" : "CONSTRAINT_MEMCG",
                group == null ? "global_oom" : "oom_memcg=" + group.path(),
                path,
                victim.comm(),
                victim.pid(),
                victim.identity().uid()));
  }

  /** {@code dump_tasks}. */
  private void tasks(OomRequest request) {
    log.info("Tasks state (memory values in pages):");
    log.info("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name");
    for (UserProcess process : tasks.processes()) {
      Task task = OutOfMemory.withMemory(process);
      MmStruct mm = task == null ? null : task.mm();
      if (task != null && mm != null && request.concerns(mm)) {
        log.info(
            String.format(
                Locale.ROOT,
                "[%7d] %5d %5d %8d %8d %8d %8d         %5d %s",
                task.pid(),
                task.identity().uid(),
                process.pid(),
                mm.accounting().totalVm(),
                mm.rss().total(),
                mm.pageTableBytes(),
                mm.rss().swapEntries(),
                task.settings().oomScoreAdj(),
                task.comm()));
      }
    }
  }

  private static long kibibytes(long pages) {
    return pages << (Ram.PAGE_SHIFT - 10);
  }

  /** The line that says who was killed. */
  String killed(Task victim, String message) {
    MmStruct mm = victim.requireMm();
    return String.format(
        Locale.ROOT,
        "%s: Killed process %d (%s) total-vm:%dkB, anon-rss:%dkB, file-rss:%dkB, shmem-rss:%dkB,"
            + " UID:%d pgtables:%dkB oom_score_adj:%d",
        message,
        victim.pid(),
        victim.comm(),
        kibibytes(mm.accounting().totalVm()),
        kibibytes(mm.rss().anon()),
        kibibytes(mm.rss().file()),
        kibibytes(mm.rss().shmem()),
        victim.identity().uid(),
        mm.pageTableBytes() >> 10,
        victim.settings().oomScoreAdj());
  }

  /** The reaper's line. */
  String reaped(Task victim) {
    MmStruct mm = victim.requireMm();
    return String.format(
        Locale.ROOT,
        "oom_reaper: reaped process %d (%s), now anon-rss:%dkB, file-rss:%dkB, shmem-rss:%dkB",
        victim.pid(),
        victim.comm(),
        kibibytes(mm.rss().anon()),
        kibibytes(mm.rss().file()),
        kibibytes(mm.rss().shmem()));
  }
}
