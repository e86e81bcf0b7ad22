package org.memarium.kernel;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.Ram;
import org.memarium.hardware.TlbStatistics;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.syscall.Kernel;
import org.memarium.kernel.syscall.SystemCalls;
import org.memarium.mm.fault.FaultHandler;
import org.memarium.mm.fault.FaultKind;
import org.memarium.mm.frame.Zone;
import org.memarium.mm.pagetable.Pte;
import org.memarium.mm.pagetable.PteCursor;
import org.memarium.mm.space.MemoryManager;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/** Collects a {@link RunReport}: what is gone after exit is kept when the process ends. */
final class ReportBuilder {
  private final Cpu cpu;
  private final Mmu mmu;
  private final MemoryManager memory;
  private final FaultHandler faults;
  private final Task task;
  private final SystemCalls systemCalls;
  private final Kernel.Unsupported unsupported;
  private final TimeAccount time;

  /** The machine's counters as they stood when the process was made: it reports what it added. */
  private final long instructionsBefore;

  private final TlbStatistics tlbBefore;
  private final Map<FaultKind, Long> faultsBefore = new EnumMap<>(FaultKind.class);
  private final long stackGrowthsBefore;

  private String program = "";
  private List<RunReport.FreeArea> before = List.of();
  private List<RunReport.FreeArea> after = List.of();
  private List<RunReport.Area> areas = List.of();
  private long peakRssPages;
  private long peakPageTablePages;

  /** The report of a program whose first thread was just made. */
  ReportBuilder(MachineMemory machine, MachineKernel kernel, Task task) {
    this.cpu = kernel.cpu;
    this.mmu = machine.mmu;
    this.memory = machine.manager;
    this.faults = machine.faults;
    this.task = task;
    this.systemCalls = kernel.systemCalls;
    this.unsupported = kernel.kernel.unsupported();
    this.time = new TimeAccount(machine, kernel);
    instructionsBefore = cpu.instructions();
    tlbBefore = mmu.statistics();
    for (FaultKind kind : FaultKind.values()) {
      faultsBefore.put(kind, faults.faults(kind));
    }
    stackGrowthsBefore = faults.stackGrowths();
  }

  void beforeExec(String path) {
    program = path;
    before = freeAreas();
  }

  /** The process has ended, and its memory is still there. */
  void atEnd() {
    MmStruct mm = task.mm();
    if (mm != null) {
      areas = areas(mm);
      peakRssPages = mm.rss().peak();
      peakPageTablePages = mm.pageTableBytes() >>> Ram.PAGE_SHIFT;
    }
  }

  void afterExit() {
    after = freeAreas();
  }

  private List<RunReport.FreeArea> freeAreas() {
    List<RunReport.FreeArea> rows = new ArrayList<>();
    for (Zone zone : memory.allocator().zones()) {
      if (zone.managedPages() == 0) {
        continue;
      }
      List<Long> blocks = new ArrayList<>();
      for (int order = 0; order <= zone.freeArea().maxOrder(); order++) {
        blocks.add((long) zone.freeArea().nrFree(order));
      }
      rows.add(new RunReport.FreeArea(zone.name(), List.copyOf(blocks)));
    }
    return rows;
  }

  private List<RunReport.Area> areas(MmStruct mm) {
    List<RunReport.Area> rows = new ArrayList<>();
    for (Vma area = mm.firstArea(); area != null; area = area.next()) {
      rows.add(
          new RunReport.Area(
              area.start(), area.end(), area.rights(), AreaName.of(mm, area), rss(mm, area)));
    }
    return rows;
  }

  /** Pages that are there and count as resident: all but the shared page of zeroes. */
  private static long rss(MmStruct mm, Vma area) {
    PteCursor cursor = mm.pages().tables().cursor();
    cursor.reset(area.start(), area.end());
    long pages = 0;
    while (cursor.next()) {
      if (Pte.isPresent(cursor.pte()) && !Pte.isSpecial(cursor.pte())) {
        pages++;
      }
    }
    return pages;
  }

  private List<RunReport.SystemCallCount> systemCallCounts() {
    List<RunReport.SystemCallCount> counts = new ArrayList<>();
    systemCalls.forEachCount((number, name, calls, errors) ->
        counts.add(new RunReport.SystemCallCount(number, name, calls, errors)));
    return counts;
  }

  RunReport build() {
    if (!task.isReleased()) {
      atEnd();
    }
    SortedMap<String, Long> kinds = new TreeMap<>();
    for (FaultKind kind : FaultKind.values()) {
      kinds.put(kind.word(), faults.faults(kind) - faultsBefore.getOrDefault(kind, 0L));
    }
    List<RunReport.SystemCallCount> calls = systemCallCounts();
    kinds.put("stack", faults.stackGrowths() - stackGrowthsBefore);
    return new RunReport(
        program,
        task.process().exitStatus(),
        cpu.instructions() - instructionsBefore,
        calls,
        unsupported.lines(),
        kinds,
        task.faults().minor(),
        task.faults().major(),
        peakRssPages,
        peakPageTablePages,
        areas,
        mmu.statistics().since(tlbBefore),
        time.shares(calls.stream().mapToLong(RunReport.SystemCallCount::calls).sum()),
        before,
        after);
  }
}
