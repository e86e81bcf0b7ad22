package org.memarium.oracle;

/** Chooses calls on the memory of other processes. */
final class RemoteSteps {
  private static final int PAGE = Situation.PAGE;
  private static final int LOCAL = Situation.STRUCTURES;
  private static final int REMOTE = Situation.STRUCTURES + 64;

  private static final int[] ADVICES = {
    0, 3, 4, 8, 10, 11, 12, 13, 14, 15, 16, 18, 20, 21, 22, 23, 24, 25, 99, 102, 103
  };

  private final Situation now;

  RemoteSteps(Situation now) {
    this.now = now;
  }

  void choose(MemoryCall call) {
    switch (call) {
      case PROCESS_VM_READV, PROCESS_VM_WRITEV -> {
        int local = vectors(LOCAL, !now.oneIn(4));
        int remote = vectors(REMOTE, false);
        now.add(call, now.process(), LOCAL, local, REMOTE, remote, now.oneIn(20) ? 1 : 0);
        now.lookAt(Situation.BUFFER, 2 * PAGE);
      }
      case PIDFD_OPEN -> now.add(call, now.process(), now.pick(0, 0, 0, 1));
      case PROCESS_MADVISE -> {
        int count = vectors(LOCAL, false);
        int advice = now.oneIn(2) ? now.pick(3, 4, 20, 21, 25) : now.pick(ADVICES);
        now.add(call, now.between(3, 9), LOCAL, count, advice, now.oneIn(9) ? 1 : 0);
      }
      case PROCESS_MRELEASE -> now.add(call, now.between(2, 9), now.pick(0, 0, 0, 1));
      default -> throw new IllegalStateException("no call on other processes: " + call);
    }
  }

  /** Makes vectors; returns how many. */
  private int vectors(int at, boolean inScratch) {
    int count = now.between(1, 3);
    for (int i = 0; i < count; i++) {
      int base =
          inScratch
              ? Situation.BUFFER + now.below(PAGE)
              : (int) now.address() + now.pick(0, 0, 4090);
      int bytes = now.oneIn(30) ? now.places().senselessLength() : now.below(2 * PAGE);
      now.write(at + 8 * i, base, inScratch ? Math.min(bytes, PAGE) & 0xfff : bytes);
    }
    return count;
  }
}
