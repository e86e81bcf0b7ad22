package org.memarium.oracle;

import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Ram;
import org.memarium.mm.space.RLimits;
import org.memarium.mm.space.VmFlags;
import org.memarium.mm.space.Vma;

/** Which structures calls may be given: some say what may not be done, or cannot be compared. */
final class Pointers {
  private static final int RUSAGE_BYTES = 72;
  static final int RLIMIT_BYTES = 8;
  static final int RLIMIT64_BYTES = 16;
  private static final int SEGMENT_STAT_BYTES = 84;
  static final int SHMINFO_BYTES = 36;
  static final int USER_DESC_BYTES = 16;
  private static final int NAME_BYTES = 256;
  static final int LDT_BYTES = 0x1_0000;
  private static final int RUSAGE_CHILDREN = -1;
  private static final int IPC_STAT = 2;

  private final OurSide ours;

  Pointers(OurSide ours) {
    this.ours = ours;
  }

  /** Whether a call on limits may have its pointers. */
  boolean allowLimits(Step step) {
    int slot = step.process();
    return switch (step.call()) {
      case GETRLIMIT, UGETRLIMIT -> !Guard.touchesAgent(step.unsigned(1), RLIMIT_BYTES);
      case SETRLIMIT -> mayLimit(slot, step.argument(0), step.unsigned(1), false);
      case PRLIMIT64 ->
          !Guard.touchesAgent(step.unsigned(3), RLIMIT64_BYTES)
              && (step.argument(2) == 0
                  || mayLimit(slot, step.argument(1), step.unsigned(2), true));
      case GETRUSAGE -> {
        boolean children = step.argument(0) == RUSAGE_CHILDREN;
        Report report = children ? Report.CHILDREN_USAGE : Report.USAGE;
        yield mayReport(slot, report, step.unsigned(1), RUSAGE_BYTES);
      }
      default -> throw new IllegalStateException("no call on limits: " + step);
    };
  }

  /** Whether another call may have its pointer. */
  boolean allow(Step step) {
    int slot = step.process();
    return switch (step.call()) {
      case SHMCTL ->
          step.argument(1) == IPC_STAT
              ? mayReport(slot, Report.SEGMENT_STAT, step.unsigned(2), SEGMENT_STAT_BYTES)
              : !Guard.touchesAgent(step.unsigned(2), SEGMENT_STAT_BYTES);
      case SHMCTL_AT -> mayReport(slot, Report.SEGMENT_STAT, step.unsigned(2), SEGMENT_STAT_BYTES);
      case MODIFY_LDT ->
          !Guard.touchesAgent(step.unsigned(1), Math.min(step.unsigned(2), LDT_BYTES));
      case SET_THREAD_AREA, GET_THREAD_AREA ->
          !Guard.touchesAgent(step.unsigned(0), USER_DESC_BYTES);
      case MEMFD_CREATE -> !Guard.touchesAgent(step.unsigned(0), NAME_BYTES);
      default -> throw new IllegalStateException("no such pointer: " + step);
    };
  }

  /** What is written there is not all alike: where nobody compares it, or nowhere at all. */
  private boolean mayReport(int slot, Report report, long at, int bytes) {
    return at == report.address() || (isUnmapped(slot, at) && !Guard.touchesAgent(at, bytes));
  }

  /**
   * Who may raise a hard limit depends on what the host's root may, and one that was lowered would
   * refuse all that comes later.
   */
  private boolean mayLimit(int slot, int resource, long at, boolean wide) {
    int bytes = wide ? RLIMIT64_BYTES : RLIMIT_BYTES;
    if (Guard.touchesAgent(at, bytes)) {
      return false;
    }
    if (!isKnown(slot, at, bytes)) {
      return isUnreadable(slot, at, bytes);
    }
    if (resource < 0 || resource >= RLimits.COUNT) {
      return true;
    }
    long hard = Integer.toUnsignedLong(ours.peek(slot, at + bytes / 2));
    if (wide) {
      hard |= (long) ours.peek(slot, at + 12) << 32;
    } else if (hard == 0xffff_ffffL) {
      hard = RLimits.INFINITY;
    }
    return hard == ours.mm(slot).limits().hard(resource);
  }

  /** Whether all pages of a structure are present: what is in it can be told. */
  boolean isKnown(int slot, long at, long bytes) {
    long end = at + bytes;
    for (long page = at & -Ram.PAGE_SIZE; page < end; page += Ram.PAGE_SIZE) {
      if (!ours.isPresent(slot, page)) {
        return false;
      }
    }
    return (at & 3) == 0;
  }

  /** Whether a page of a structure is in no area, so that it cannot be read. */
  boolean isUnreadable(int slot, long at, long bytes) {
    long end = at + bytes;
    for (long page = at & -Ram.PAGE_SIZE; page < end; page += Ram.PAGE_SIZE) {
      if (isUnmapped(slot, page)) {
        return true;
      }
    }
    return false;
  }

  /** Whether no area is there, and none grows there. */
  private boolean isUnmapped(int slot, long at) {
    @Nullable Vma area = ours.mm(slot).findVma(at);
    return area == null || (area.start() > at && !area.has(VmFlags.GROWSDOWN));
  }
}
