package org.memarium.kernel.oom;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.error.KernelPanicException;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.TaskTable;
import org.memarium.kernel.process.UserProcess;
import org.memarium.mm.frame.MemCgroup;
import org.memarium.mm.frame.MemCgroups;
import org.memarium.mm.frame.OomKiller;
import org.memarium.mm.oom.OomBadness;
import org.memarium.mm.oom.OomSettings;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.trace.KernelLog;
import org.memarium.mm.trace.VmStatItem;

/**
 * {@code out_of_memory}: chooses the process whose end helps most, and ends it (Linux 6.1 {@code
 * mm/oom_kill.c}).
 *
 * <pre>
 *   the task that runs is ending anyway?  -> it may use the reserve
 *   vm.panic_on_oom                       -> the machine ends
 *   vm.oom_kill_allocating_task           -> the task that runs is the victim
 *   else                                  -> the highest badness; the later one of two alike
 *
 *   victim    SIGKILL, to all who share its memory too
 *   it runs   it may use the reserve until it gets to its end
 *   another   oom_reaper: its private memory is free at once
 * </pre>
 *
 * <p>Linux lets the allocation wait until the victim has run to its end. Here one thread does
 * everything, and an allocation cannot wait for another task: what the reaper of Linux does after
 * two seconds, if the victim has not gone by then, happens at once.
 */
public final class OutOfMemory implements OomKiller, MemCgroups.OomKiller {
  private static final String GROUP_MESSAGE = "Memory cgroup out of memory";

  /** How often the same page fault may find no memory. */
  private static final int MAX_FAULT_RETRIES = 10_000;

  private final MemoryManager memory;
  private final TaskTable tasks;
  private final Supplier<@Nullable Task> current;
  private final OomSettings settings;
  private final KernelLog log;
  private final OomReport report;
  private final RateLimit reports;
  private final RateLimit leaks;
  private final Runnable stopProgram;
  private boolean panicked;

  // ---- The last page fault that found no memory ----
  private long leakedEip;
  private long leakedAddress;
  private int leakedTimes;

  /**
   * For the tasks of a machine.
   *
   * @param current the task that runs, or ends; null if none does
   * @param release {@code uname -r} and {@code -v}, for the report
   * @param stopProgram makes the processor leave the program that it runs
   */
  public OutOfMemory(
      MemoryManager memory,
      TaskTable tasks,
      Supplier<@Nullable Task> current,
      OomSettings settings,
      KernelLog log,
      String release,
      Runnable stopProgram) {
    this.memory = memory;
    this.tasks = tasks;
    this.current = current;
    this.settings = settings;
    this.log = log;
    this.report = new OomReport(memory, tasks, log, release);
    this.reports = new RateLimit(log, "oom_kill_process");
    this.leaks = new RateLimit(log, "pagefault_out_of_memory");
    this.stopProgram = stopProgram;
  }

  @Override
  public boolean isVictim() {
    Task task = current.get();
    return task != null && task.process().isOomVictim();
  }

  @Override
  public boolean isDying() {
    Task task = current.get();
    return task != null && (task.process().isOomVictim() || isEnding(task.process()));
  }

  @Override
  public boolean outOfMemory(int gfpFlags, int order) {
    return outOfMemory(new OomRequest(gfpFlags, order, null, report.totalPages()));
  }

  @Override
  public boolean outOfMemory(MemCgroup group, int gfpFlags, int order) {
    long most = Math.max(1, group.max() + Math.min(group.swapMax(), report.swapPages()));
    return isDying() || outOfMemory(new OomRequest(gfpFlags, order, group, most));
  }

  private boolean outOfMemory(OomRequest request) {
    Task task = current.get();
    if (task != null && willFreeMemory(task)) {
      task.process().markOomVictim();
      return true;
    }
    boolean compulsory = settings.panicOnOom() == 2;
    if (compulsory || (settings.panicOnOom() != 0 && request.group() == null)) {
      header(request, null);
      throw panic(
          "Out of memory: %s panic_on_oom is enabled"
              .formatted(compulsory ? "compulsory" : "system-wide"));
    }
    if (settings.killAllocatingTask() != 0
        && request.group() == null
        && task != null
        && task.mm() != null
        && task.settings().oomScoreAdj() != -OomBadness.MAX_SCORE_ADJ) {
      kill(task.process(), request, "Out of memory (oom_kill_allocating_task)");
      return true;
    }
    UserProcess victim = selectBadProcess(request);
    if (victim != null) {
      kill(victim, request, request.group() == null ? "Out of memory" : GROUP_MESSAGE);
      return true;
    }
    if (request.group() == null && (task == null || task.mm() == null)) {
      // Nobody's program asked, but whoever holds the machine: the answer is that there is none.
      return false;
    }
    header(request, null);
    log.warn("Out of memory and no killable processes...");
    if (request.group() != null) {
      return false;
    }
    throw panic("System is deadlocked on memory");
  }

  private void header(OomRequest request, @Nullable Task victim) {
    report.header(request, current.get(), victim, settings.dumpTasks() != 0);
  }

  /** Whether the kernel has given up: nothing of the machine can be relied on. */
  public boolean hasPanicked() {
    return panicked;
  }

  private KernelPanicException panic(String why) {
    panicked = true;
    String line = "Kernel panic - not syncing: " + why;
    log.print(KernelLog.EMERG, line);
    return new KernelPanicException(line);
  }

  // ---- Choosing ----

  /** {@code select_bad_process}: null if nobody may be killed, or nothing would come of it. */
  private @Nullable UserProcess selectBadProcess(OomRequest request) {
    UserProcess chosen = null;
    long most = OomBadness.NEVER;
    for (UserProcess process : tasks.processes()) {
      long points = badness(process, request);
      if (points != OomBadness.NEVER && points >= most) {
        chosen = process;
        most = points;
      }
    }
    return chosen;
  }

  /** {@code oom_badness}. */
  private static long badness(UserProcess process, OomRequest request) {
    Task task = withMemory(process);
    MmStruct mm = task == null ? null : task.mm();
    if (task == null || mm == null || task.mmRelease().isInVfork() || !request.concerns(mm)) {
      return OomBadness.NEVER;
    }
    return OomBadness.points(mm, task.settings().oomScoreAdj(), request.totalPages());
  }

  /** {@code find_lock_task_mm}: a thread that still has its memory. */
  static @Nullable Task withMemory(UserProcess process) {
    for (Task thread : process.threads()) {
      if (thread.mm() != null) {
        return thread;
      }
    }
    return null;
  }

  /** {@code task_will_free_mem}: it is about to end, and so is everybody who shares its memory. */
  private boolean willFreeMemory(Task task) {
    MmStruct mm = task.mm();
    if (mm == null || mm.isOomSkipped() || !isEnding(task.process())) {
      return false;
    }
    if (mm.users() > 1) {
      for (UserProcess process : tasks.processes()) {
        if (shares(process, mm) && !isEnding(process)) {
          return false;
        }
      }
    }
    return true;
  }

  /** {@code __task_will_free_mem}. */
  private static boolean isEnding(UserProcess process) {
    return process.isExiting()
        || (process.threads().size() == 1 && process.threads().getFirst().isEnded());
  }

  /** {@code process_shares_mm}. */
  private static boolean shares(UserProcess process, MmStruct mm) {
    for (Task thread : process.threads()) {
      if (thread.mm() != null) {
        return mm.equals(thread.mm());
      }
    }
    return false;
  }

  // ---- Killing ----

  /** {@code oom_kill_process}. */
  private void kill(UserProcess victim, OomRequest request, String message) {
    Task task = withMemory(victim);
    if (task == null) {
      throw new IllegalStateException(victim + " was chosen, and has no memory");
    }
    if (willFreeMemory(task)) {
      victim.markOomVictim();
      reap(task);
      return;
    }
    if (reports.allows()) {
      header(request, task);
    }
    MemCgroup group = memory.allocator().groups().find(task.requireMm().group());
    end(task, message);
    reap(task);
    if (group != null && group.isOomGroup()) {
      endGroup(group, message);
    }
  }

  /** {@code memory.oom.group}: who may be killed of a group is. */
  private void endGroup(MemCgroup group, String message) {
    group.count(MemCgroup.Event.OOM_GROUP_KILL);
    log.info(
        "Tasks in %s are going to be killed due to memory.oom.group set".formatted(group.path()));
    for (UserProcess process : tasks.processes()) {
      Task task = withMemory(process);
      if (task != null
          && !process.isOomVictim()
          && task.requireMm().group() == group.number()
          && task.settings().oomScoreAdj() != -OomBadness.MAX_SCORE_ADJ) {
        end(task, message);
        reap(task);
      }
    }
  }

  /** {@code __oom_kill_process}. */
  private void end(Task victim, String message) {
    MmStruct mm = victim.requireMm();
    memory.vmStat().increment(VmStatItem.OOM_KILL);
    MemCgroup group = memory.allocator().groups().find(mm.group());
    if (group != null) {
      group.count(MemCgroup.Event.OOM_KILL);
    }
    String line = report.killed(victim, message);
    sigkill(victim.process(), "out of memory: the kernel chose it to make room");
    victim.process().markOomVictim();
    log.err(line);
    for (UserProcess process : tasks.processes()) {
      if (!process.equals(victim.process()) && shares(process, mm)) {
        sigkill(process, "it shared the memory of process " + victim.process().pid());
      }
    }
  }

  private void sigkill(UserProcess process, String why) {
    if (!process.isExiting()) {
      process.setDeathCause(why);
      process.endStop(Signal.SIGKILL);
      process.exitGroup(Signal.SIGKILL);
      Task task = current.get();
      if (task != null && task.process().equals(process)) {
        stopProgram.run();
      }
    }
  }

  /**
   * {@code oom_reap_task}. Of the task that runs nothing is taken away: it is in the middle of
   * something, and gets to its end by itself.
   */
  private void reap(Task victim) {
    MmStruct mm = victim.requireMm();
    Task task = current.get();
    if (task != null && mm.equals(task.mm())) {
      return;
    }
    mm.oomReap();
    log.info(report.reaped(victim));
  }

  // ---- Page faults ----

  /**
   * {@code pagefault_out_of_memory}: a page fault of a program found no memory, and nobody was
   * killed for it. It is tried again; on Linux for ever, here until it is clear that this will
   * never end.
   *
   * @param task the one that runs
   * @param eip of the instruction
   * @param linearAddress that it wanted
   */
  public void pageFault(Task task, long eip, long linearAddress) {
    if (task.isEnded()) {
      return;
    }
    if (leaks.allows()) {
      log.warn("Huh VM_FAULT_OOM leaked out to the #PF handler. Retrying PF");
    }
    boolean again = eip == leakedEip && linearAddress == leakedAddress;
    leakedTimes = again ? leakedTimes + 1 : 0;
    leakedEip = eip;
    leakedAddress = linearAddress;
    if (leakedTimes > MAX_FAULT_RETRIES) {
      leakedTimes = 0;
      task.deadlock("its page fault at 0x%08x never finds memory".formatted(linearAddress));
    }
  }
}
