package org.memarium.oracle;

import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.RLimits;

/** Chooses calls on limits of resources, on what was used of them, and on the personality. */
final class LimitSteps {
  private static final int PAGE = Situation.PAGE;

  private static final int RLIMIT_BYTES = 8;
  private static final int RLIMIT64_BYTES = 16;

  private static final int USED_BYTES = 8;

  private static final int RUSAGE_SELF = 0;
  private static final int RUSAGE_CHILDREN = -1;
  private static final int RUSAGE_BOTH = -2;
  private static final int RUSAGE_THREAD = 1;

  private final Situation now;

  LimitSteps(Situation now) {
    this.now = now;
  }

  void choose(MemoryCall call) {
    switch (call) {
      case PRLIMIT64 -> prlimit();
      case GETRLIMIT, UGETRLIMIT -> {
        int resource = now.oneIn(6) ? now.pick(-1, 16, 0, 6, 15, 10) : resource();
        now.add(call, resource, now.pointer(Situation.BUFFER, RLIMIT_BYTES));
        now.lookAt(Situation.BUFFER, RLIMIT_BYTES);
      }
      case SETRLIMIT -> {
        int resource = now.oneIn(12) ? now.pick(-1, 16) : resource();
        now.write(Situation.STRUCTURES, (int) soft(resource), (int) hard(resource));
        now.add(call, resource, now.pointer(Situation.STRUCTURES, RLIMIT_BYTES));
      }
      case GETRUSAGE -> {
        int who = now.pick(RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_CHILDREN, RUSAGE_THREAD);
        who = now.oneIn(9) ? now.pick(RUSAGE_BOTH, 2) : who;
        Report report = who == RUSAGE_CHILDREN ? Report.CHILDREN_USAGE : Report.USAGE;
        now.add(call, who, now.pointer(report.address(), USED_BYTES));
        now.add(MemoryCall.READ_INT, now.pick(report.comparable()));
      }
      case PERSONALITY ->
          now.add(call, now.pick(-1, 0x4_0000, 0x4_0000, 0, 0x44_0000, 0x24_0000, 0x14_0000));
      case SETRESUID32 -> now.add(call, 65534, 65534, 65534);
      default -> throw new IllegalStateException("no call on limits: " + call);
    }
  }

  private int resource() {
    return now.pick(
        RLimits.FSIZE,
        RLimits.DATA,
        RLimits.STACK,
        RLimits.CORE,
        RLimits.RSS,
        RLimits.NOFILE,
        RLimits.MEMLOCK,
        RLimits.AS);
  }

  private void prlimit() {
    int resource = now.oneIn(20) ? now.pick(-1, 16) : resource();
    if (now.oneIn(4)) {
      int to = now.pointer(Situation.BUFFER, RLIMIT64_BYTES);
      now.add(MemoryCall.PRLIMIT64, now.process(), resource, 0, to);
      now.lookAt(Situation.BUFFER, RLIMIT64_BYTES);
      return;
    }
    long soft = soft(resource);
    long hard = hard(resource);
    now.write(Situation.STRUCTURES, (int) soft, (int) (soft >> 32), (int) hard, (int) (hard >> 32));
    int from = now.pointer(Situation.STRUCTURES, RLIMIT64_BYTES);
    int to = now.oneIn(2) ? 0 : now.pointer(Situation.BUFFER, RLIMIT64_BYTES);
    now.add(MemoryCall.PRLIMIT64, now.current(), resource, from, to);
  }

  /** About what is in use, or no limit. */
  private long soft(int resource) {
    MmStruct mm = now.mm();
    long used =
        switch (resource) {
          case RLimits.DATA -> mm.accounting().dataVm() * PAGE;
          case RLimits.STACK -> 0x8_0000;
          case RLimits.MEMLOCK -> mm.accounting().lockedVm() * PAGE;
          case RLimits.AS -> mm.accounting().totalVm() * PAGE;
          case RLimits.RSS -> mm.rss().total() * PAGE;
          case RLimits.NOFILE -> 0;
          default -> 8 * PAGE;
        };
    long soft = Math.max(0, used + PAGE * (long) now.between(-2, 64));
    if (resource == RLimits.NOFILE) {
      soft = now.between(4, 12);
    }
    return now.oneIn(3) ? soft : hard(resource);
  }

  /** One that is never raised: who may depends on what the host's root may. */
  private long hard(int resource) {
    return resource < 0 || resource >= RLimits.COUNT ? 0 : now.mm().limits().hard(resource);
  }
}
