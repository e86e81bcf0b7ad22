package org.memarium.kernel.procfs;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;

/** {@code /proc/<pid>/stat}: 52 fields in one line; Linux {@code fs/proc/array.c}. */
final class Stat {

  /** {@code USER_HZ}: times are in hundredths of a second. */
  private static final long NANOS_PER_TICK = 10_000_000;

  private Stat() {}

  /**
   * The line.
   *
   * @param whole for the process; else for the one thread
   */
  static String of(ProcessView process, SystemView system, boolean whole) {
    ProcessView.Usage used =
        whole
            ? process.processUsage()
            : new ProcessView.Usage(
                process.minorFaults(),
                process.majorFaults(),
                process.userNanos(),
                process.systemNanos());
    ProcessView.Usage children = process.childrenUsage();
    StringJoiner fields = new StringJoiner(" ", "", "\n");
    fields.add(Integer.toString(process.pid()));
    fields.add("(" + process.comm() + ")");
    fields.add(Character.toString(process.state()));
    add(fields, process.parentPid(), process.processGroup(), process.session());
    // No controlling terminal is told of, so no foreground group.
    add(fields, 0, -1, process.taskFlags());
    add(fields, used.minorFaults(), children.minorFaults());
    add(fields, used.majorFaults(), children.majorFaults());
    add(fields, ticks(used.userNanos()), ticks(used.systemNanos()));
    add(fields, ticks(children.userNanos()), ticks(children.systemNanos()));
    add(fields, process.priority(), process.nice(), process.threads());
    add(fields, 0, ticks(process.startNanos()));
    memory(fields, process, system);
    List<Long> masks = new ArrayList<>(process.signalMasks());
    // What waits for the process is told in status only.
    masks.remove(1);
    // The fields have room for the first 31 signals only.
    for (long mask : masks) {
      add(fields, mask & 0x7fff_ffffL);
    }
    boolean mayLook = PtraceAccess.isAllowed(system, process);
    // wchan: since 4.15 only whether there is one.
    boolean oneTask = !whole || process.threads() < 2;
    boolean waits = mayLook && oneTask && process.state() != 'R';
    add(fields, waits ? 1 : 0, 0, 0, process.exitSignal(), 0);
    add(fields, process.realTimePriority(), process.policy(), 0, 0, 0);
    addresses(fields, mayLook ? process.mm() : null);
    add(fields, mayLook ? process.exitCode() : 0);
    return fields.toString();
  }

  private static void memory(StringJoiner fields, ProcessView process, SystemView system) {
    MmStruct mm = process.mm();
    add(
        fields,
        mm == null ? 0 : mm.accounting().totalVm() << Ram.PAGE_SHIFT,
        mm == null ? 0 : mm.rss().total());
    long limit = process.softLimit(RLimits.RSS);
    long word = system.wordBytes() == 4 ? 0xffff_ffffL : -1L;
    fields.add(Long.toUnsignedString(limit & word));
    if (mm == null) {
      add(fields, 0, 0, 0);
    } else if (!PtraceAccess.isAllowed(system, process)) {
      add(fields, 1, 1, 0);
    } else {
      add(fields, mm.parts().startCode(), mm.parts().endCode(), mm.parts().startStack());
    }
    // Stack pointer and instruction pointer are told of dying processes only.
    add(fields, 0, 0);
  }

  private static void addresses(StringJoiner fields, @Nullable MmStruct mm) {
    if (mm == null) {
      add(fields, 0, 0, 0, 0, 0, 0, 0);
    } else {
      add(fields, mm.parts().startData(), mm.parts().endData(), mm.heap().startBrk());
      add(
          fields,
          mm.parts().argStart(),
          mm.parts().argEnd(),
          mm.parts().envStart(),
          mm.parts().envEnd());
    }
  }

  private static long ticks(long nanos) {
    return nanos / NANOS_PER_TICK;
  }

  private static void add(StringJoiner fields, long... values) {
    for (long value : values) {
      fields.add(Long.toString(value));
    }
  }
}
