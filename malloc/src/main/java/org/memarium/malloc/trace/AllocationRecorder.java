package org.memarium.malloc.trace;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.hardware.Mmu;
import org.memarium.kernel.CallStop;
import org.memarium.kernel.Machine;
import org.memarium.kernel.error.UsageException;
import org.memarium.kernel.process.Task;
import org.memarium.mm.space.MappedFile;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/**
 * Records what a program asks glibc's malloc for, while it runs, without its knowing: it watches
 * the processor reach the functions of libc.so.6, and the places that they return to.
 *
 * <p>Only the program that the machine was given is recorded, not its children, and only up to an
 * execve. A function that another one of them calls is that one's own affair, and no operation of
 * its own. Blocks that the dynamic linker has made before libc.so.6 was there are unknown here:
 * when they come back, that is counted and left out.
 */
public final class AllocationRecorder implements Cpu.Watcher {
  private enum Function {
    MALLOC("malloc"),
    FREE("free"),
    CALLOC("calloc"),
    REALLOC("realloc"),
    MEMALIGN("memalign"),
    POSIX_MEMALIGN("posix_memalign"),
    VALLOC("valloc"),
    PVALLOC("pvalloc");

    private final String symbol;

    Function(String symbol) {
      this.symbol = symbol;
    }
  }

  private static final long PAGE = 4096;
  private static final String LIBRARY = "/libc.so.6";

  /**
   * A call that has not returned.
   *
   * @param function which
   * @param stack where its return address lies
   * @param back the return address
   * @param first its arguments
   * @param instructions the count when it began
   */
  private record Pending(
      Function function,
      long stack,
      int back,
      long first,
      long second,
      long third,
      long instructions) {}

  private final Machine machine;
  private final Cpu cpu;
  private final Mmu mmu;
  private final int process;
  private final MmStruct space;
  private final Map<Integer, Function> entries = new HashMap<>();
  private final Map<Integer, Pending> pending = new HashMap<>();
  private final Map<Long, Integer> blocks = new HashMap<>();
  private final AllocationTrace.Builder trace = new AllocationTrace.Builder();
  private long calls;
  private long instructions;
  private long strangers;

  private AllocationRecorder(Machine machine, Task task, MmStruct mm) {
    this.machine = machine;
    this.cpu = machine.cpu();
    this.mmu = machine.mmu();
    this.process = task.process().pid();
    this.space = mm;
  }

  /**
   * Lets a program that was just given to the machine run until its libraries are mapped, and
   * records from there on.
   *
   * @throws UsageException if it does not get its malloc from libc.so.6
   */
  public static AllocationRecorder attach(Machine machine) {
    // ld.so makes this call when all libraries are mapped, and before any of their code has run.
    machine.stopBeforeCalls(CallStop.named("set_thread_area"));
    boolean ended = machine.run(Long.MAX_VALUE);
    machine.stopBeforeCalls(null);
    Task task = machine.task();
    MmStruct mm = task.mm();
    if (ended || mm == null) {
      throw new UsageException("the program ended before it had a C library");
    }
    AllocationRecorder recorder = new AllocationRecorder(machine, task, mm);
    recorder.watch();
    return recorder;
  }

  private void watch() {
    String path = null;
    long base = 0;
    for (Vma area = space.firstArea(); area != null && path == null; area = area.next()) {
      MappedFile file = area.file();
      if (file != null && file.path().endsWith(LIBRARY) && area.pageOffset() == 0) {
        path = file.path();
        base = area.start();
      }
    }
    if (path == null) {
      throw new UsageException(
          "allocations cannot be recorded: the program has no libc.so.6 of its own mapped");
    }
    Map<String, Long> symbols = LibcSymbols.functions(machine.files().read(path));
    for (Function function : Function.values()) {
      Long offset = symbols.get(function.symbol);
      if (offset != null) {
        int eip = (int) (base + offset);
        entries.put(eip, function);
        cpu.watch(eip);
      }
    }
    cpu.setWatcher(this);
  }

  /** What was recorded so far. */
  public AllocationTrace trace() {
    return trace.build();
  }

  /** How many calls have returned. */
  public long calls() {
    return calls;
  }

  /** Instructions executed in those, up to their return. */
  public long instructions() {
    return instructions;
  }

  /** How many blocks came back that nobody was seen to get. */
  public long strangers() {
    return strangers;
  }

  @Override
  public void reached(int eip) {
    Task task = machine.running();
    if (task == null || task.process().pid() != process || task.mm() != space) {
      return;
    }
    long stack = Integer.toUnsignedLong(cpu.register(Cpu.ESP));
    Pending call = pending.get(task.pid());
    if (call != null && eip == call.back && stack == call.stack + 4) {
      pending.remove(task.pid());
      returned(call);
    }
    Function function = entries.get(eip);
    if (function != null) {
      entered(task, function, stack, pending.get(task.pid()));
    }
  }

  private void entered(Task task, Function function, long stack, @Nullable Pending outer) {
    if (outer != null && stack <= outer.stack) {
      // From inside another one; or this very call again, after a page fault.
      return;
    }
    Pending call =
        new Pending(
            function,
            stack,
            (int) word(stack),
            word(stack + 4),
            word(stack + 8),
            word(stack + 12),
            cpu.instructions());
    pending.put(task.pid(), call);
    cpu.watch(call.back);
    if (function == Function.FREE) {
      free(call.first);
    }
  }

  private void returned(Pending call) {
    calls++;
    instructions += cpu.instructions() - call.instructions;
    long result = Integer.toUnsignedLong(cpu.register(Cpu.EAX));
    switch (call.function) {
      case FREE -> {}
      case MALLOC -> allocated(result, AllocationTrace.MALLOC, call.first, 0);
      case CALLOC -> allocated(result, AllocationTrace.CALLOC, call.first * call.second, 0);
      case REALLOC -> reallocated(call, result);
      case MEMALIGN -> allocated(result, AllocationTrace.MEMALIGN, call.second, call.first);
      case POSIX_MEMALIGN -> {
        if (result == 0) {
          allocated(word(call.first), AllocationTrace.MEMALIGN, call.third, call.second);
        }
      }
      case VALLOC -> allocated(result, AllocationTrace.MEMALIGN, call.first, PAGE);
      case PVALLOC ->
          allocated(result, AllocationTrace.MEMALIGN, (call.first + PAGE - 1) & -PAGE, PAGE);
    }
  }

  private void allocated(long address, int kind, long bytes, long alignment) {
    if (address != 0) {
      blocks.put(address, trace.allocate(kind, bytes, alignment));
    }
  }

  private void free(long address) {
    if (address == 0) {
      return;
    }
    Integer block = blocks.remove(address);
    if (block == null) {
      strangers++;
    } else {
      trace.free(block);
    }
  }

  private void reallocated(Pending call, long result) {
    if (call.first == 0) {
      allocated(result, AllocationTrace.MALLOC, call.second, 0);
    } else if (result == 0 && call.second == 0) {
      free(call.first);
    } else if (result != 0) {
      Integer block = blocks.remove(call.first);
      if (block == null) {
        strangers++;
        allocated(result, AllocationTrace.MALLOC, call.second, 0);
      } else {
        trace.reallocate(block, call.second);
        blocks.put(result, block);
      }
    }
  }

  /** A word of the program's stack, which it has just written; 0 where there is none. */
  private long word(long address) {
    long physical = mmu.peek(space.pages().tables().pgd(), address);
    return physical < 0 ? 0 : Integer.toUnsignedLong(mmu.ram().getInt(physical));
  }
}
