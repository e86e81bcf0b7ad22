package org.memarium.kernel.syscall;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.mm.Errno;

/**
 * {@code int 0x80}: looks the number in EAX up, calls with the other registers, and puts the result
 * into EAX. Counts every call; a number that has no call here gets the error that the table has for
 * it, and a line in the report.
 */
public final class SystemCalls {
  /** Stands for every number that the table does not have. */
  private static final int BEYOND = SystemCallNames.COUNT;

  private final Kernel kernel;
  private final SystemCallTable table = new SystemCallTable();
  private final SortedMap<Integer, Count> counts = new TreeMap<>();
  private final @Nullable Count[] countByNumber = new @Nullable Count[BEYOND + 1];

  private static final class Count {
    long calls;
    final SortedMap<String, Long> errors = new TreeMap<>();
  }

  /** All calls, for one machine. */
  public SystemCalls(Kernel kernel) {
    this.kernel = kernel;
    new ProcessCalls(kernel).enter(table);
    new ThreadCalls(kernel).enter(table);
    new SystemInfoCalls(kernel).enter(table);
    new IdentityCalls(kernel).enter(table);
    new ResourceCalls(kernel).enter(table);
    new TimeCalls(kernel).enter(table);
    new SignalCalls(kernel).enter(table);
    new MemoryCalls(kernel).enter(table);
    new ReadWriteCalls(kernel).enter(table);
    new PathCalls(kernel).enter(table);
    new StatCalls(kernel).enter(table);
    new DescriptorCalls(kernel).enter(table);
    new PollCalls(kernel).enter(table);
    new SocketCalls(kernel).enter(table);
    RefusedCalls.enter(table);
  }

  /** Makes the call that the registers describe. */
  public void dispatch() {
    Cpu cpu = kernel.cpu();
    int number = cpu.register(Cpu.EAX);
    Count count = count(number);
    count.calls++;
    SystemCall call = table.get(number);
    long result;
    if (call == null) {
      kernel.unsupported().note(table.inVain(number));
      result = -table.errno(number);
    } else {
      try {
        result =
            call.call(
                cpu.register(Cpu.EBX),
                cpu.register(Cpu.ECX),
                cpu.register(Cpu.EDX),
                cpu.register(Cpu.ESI),
                cpu.register(Cpu.EDI),
                cpu.register(Cpu.EBP));
      } catch (UserFaultException badPointer) {
        result = -Errno.EFAULT;
      } catch (CallFailedException failure) {
        result = failure.result();
      } finally {
        kernel.names().putAll();
      }
    }
    if (result == SystemCall.REGISTERS_SET) {
      return;
    }
    if (Errno.isError(result)) {
      count.errors.merge(Errno.name(result), 1L, Long::sum);
    }
    cpu.setRegister(Cpu.EAX, (int) result);
  }

  /** Numbers beyond the table are counted together: there are billions of them. */
  private Count count(int number) {
    int index = number >= 0 && number < countByNumber.length ? number : BEYOND;
    Count count = countByNumber[index];
    if (count == null) {
      count = new Count();
      countByNumber[index] = count;
      counts.put(index, count);
    }
    return count;
  }

  /** What each number of the table stands for here, in order. */
  public List<SystemCallDescription> descriptions() {
    return table.descriptions();
  }

  /** Receives how often a call was made. */
  @FunctionalInterface
  public interface CountConsumer {
    /**
     * One system call.
     *
     * @param number in the i386 table; {@link SystemCallNames#COUNT} for all beyond it together
     * @param name as in Linux's table; of the last, {@code syscall_0x1d6} as of the first beyond it
     * @param calls how often
     * @param errors how often with which error, by name
     */
    void count(int number, String name, long calls, SortedMap<String, Long> errors);
  }

  /** How often which call was made, by number. */
  public void forEachCount(CountConsumer consumer) {
    counts.forEach((number, count) ->
        consumer.count(
            number, SystemCallNames.name(number), count.calls, new TreeMap<>(count.errors)));
  }
}
