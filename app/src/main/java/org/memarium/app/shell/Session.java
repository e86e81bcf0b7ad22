package org.memarium.app.shell;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.Ram;
import org.memarium.kernel.Machine;
import org.memarium.kernel.process.Task;
import org.memarium.mm.Architecture;
import org.memarium.mm.KernelLayout;
import org.memarium.mm.frame.Memblock;
import org.memarium.mm.slab.KmemCache;

/** What the commands of one shell share: the machine, the output, variables and symbols. */
final class Session {
  /** General registers as instructions number them. */
  private static final List<String> REGISTERS =
      List.of("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi");

  private final Machine machine;
  private final Output out;
  private final ProgramSource programs;
  private final Map<String, Long> variables = new TreeMap<>();
  private final Map<String, KmemCache> madeCaches = new TreeMap<>();
  private Foreground foreground = Runnable::run;
  private boolean quit;

  Session(Machine machine, Output out, ProgramSource programs) {
    this.machine = machine;
    this.out = out;
    this.programs = programs;
  }

  Machine machine() {
    return machine;
  }

  Output out() {
    return out;
  }

  ProgramSource programs() {
    return programs;
  }

  Foreground foreground() {
    return foreground;
  }

  void setForeground(Foreground terminal) {
    foreground = terminal;
  }

  boolean isQuit() {
    return quit;
  }

  void quit() {
    quit = true;
  }

  // ---- Variables and symbols ----

  Map<String, Long> variables() {
    return variables;
  }

  /** What stands for {@code $NAME}. */
  String variableText(String name) {
    Long value = variables.get(name);
    if (value == null) {
      throw new ShellError(
          "there is no variable $%s; let %s = COMMAND makes one".formatted(name, name));
    }
    return "0x%x".formatted(value);
  }

  @Nullable Long symbol(String name) {
    return symbols().get(name);
  }

  /**
   * All symbols: borders of the address space, what lies in the direct map for ever, and, while a
   * program stands still, its registers.
   */
  Map<String, Long> symbols() {
    Map<String, Long> symbols = new LinkedHashMap<>();
    Architecture architecture = machine.memory().allocator().architecture();
    Memblock memblock = machine.memory().allocator().memblock();
    symbols.put("TASK_SIZE", machine.config().layout().taskSize());
    symbols.put("PAGE_OFFSET", architecture.pageOffset());
    KernelLayout layout = machine.memory().kernelPageTable().layout();
    symbols.put("high_memory", layout.highMemory());
    symbols.put("VMALLOC_START", layout.vmallocStart());
    symbols.put("VMALLOC_END", layout.vmallocEnd());
    if (layout.lastPkmap() > 0) {
      symbols.put("PKMAP_BASE", layout.pkmapBase());
    }
    symbols.put(
        "swapper_pg_dir", architecture.pageOffset() + machine.memory().kernelPageTable().pgd());
    symbols.put(
        "empty_zero_page",
        machine
            .memory()
            .allocator()
            .directMap()
            .pageAddress(machine.memory().allocator().zeroPfn()));
    for (Memblock.Region region : memblock.reserved()) {
      if (region.name().matches("[A-Za-z_]+") && region.startPfn() < memblock.maxLowPfn()) {
        symbols.putIfAbsent(
            region.name(),
            architecture.pageOffset() + ((long) region.startPfn() << Ram.PAGE_SHIFT));
      }
    }
    if (machine.running() != null) {
      Cpu cpu = machine.cpu();
      symbols.put("eip", Integer.toUnsignedLong(cpu.eip()));
      for (int register = 0; register < REGISTERS.size(); register++) {
        symbols.put(REGISTERS.get(register), Integer.toUnsignedLong(cpu.register(register)));
      }
    }
    return symbols;
  }

  /** All significant bits of a linear address. */
  long addressMask() {
    return machine.mmu().format().linearBits() == 32 ? 0xffff_ffffL : -1L;
  }

  /** A linear address in all its digits. */
  String address(long linearAddress) {
    return addressMask() == -1L && linearAddress >>> 32 != 0
        ? "0x%016x".formatted(linearAddress)
        : "0x%08x".formatted(linearAddress);
  }

  // ---- Caches ----

  /**
   * Caches that were made here, by the names that they were asked for: one that was merged with
   * another has the other's name.
   */
  Map<String, KmemCache> madeCaches() {
    return madeCaches;
  }

  /** Names that stand for a cache. */
  List<String> cacheNames() {
    Set<String> names = new TreeSet<>(madeCaches.keySet());
    machine.slab().caches().forEach(cache -> names.add(cache.name()));
    return List.copyOf(names);
  }

  // ---- Processes ----

  /** The process whose program runs or stands still. */
  Task requireProcess() {
    Task task = machine.running();
    if (task == null) {
      throw new ShellError("no program runs; run PROGRAM starts one, --until stops it on its way");
    }
    return task;
  }

  /** The process of an argument, or the one that is there if the argument is not. */
  Task process(Arguments arguments, int index) {
    Task task = requireProcess();
    if (arguments.has(index)) {
      long pid = arguments.number(index, "PID", 0, Integer.MAX_VALUE);
      if (pid != task.pid()) {
        throw new ShellError("there is no process %d; ps lists them".formatted(pid));
      }
    }
    return task;
  }
}
