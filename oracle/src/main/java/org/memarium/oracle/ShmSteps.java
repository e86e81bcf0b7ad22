package org.memarium.oracle;

import org.memarium.mm.space.Vma;

/** Chooses calls on segments of shared memory. */
final class ShmSteps {
  private static final int PAGE = Situation.PAGE;

  private static final int IPC_RMID = 0;
  private static final int IPC_SET = 1;
  private static final int IPC_STAT = 2;
  private static final int IPC_INFO = 3;
  private static final int SHM_LOCK = 11;
  private static final int SHM_UNLOCK = 12;
  private static final int SHM_STAT = 13;
  private static final int SHM_INFO = 14;
  private static final int SHM_STAT_ANY = 15;

  /** {@code sizeof(struct shmid64_ds)}. */
  private static final int STAT_BYTES = 84;

  private final Situation now;
  private int segments;

  ShmSteps(Situation now) {
    this.now = now;
  }

  void choose(MemoryCall call) {
    switch (call) {
      case SHMGET -> {
        int key = now.oneIn(2) ? 0 : 0x4d00 + now.below(3);
        int flags = now.pick(0x3b6, 0x3b6, 0x7b6, 0x1b6, 0x13b6, 0, 0x1bb6, 0x7800_1bb6, 0xbb6);
        now.add(call, key, now.below(6 * PAGE), flags);
        segments++;
      }
      case SHMAT -> {
        int at = now.oneIn(2) ? 0 : (int) now.address() + now.pick(0, 0, 1);
        now.add(call, segment(), at, now.pick(0, 0, 0x1000, 0x2000, 0x4000, 0x6000, 0x8000));
      }
      case SHMDT -> now.add(call, (int) (now.oneIn(3) ? now.address() : areaStart()));
      case SHMCTL -> control();
      case SHMCTL_AT -> {
        int to = report(Report.SEGMENT_STAT, STAT_BYTES);
        now.add(call, segment(), now.pick(SHM_STAT, SHM_STAT_ANY), to);
        look(Report.SEGMENT_STAT);
      }
      default -> throw new IllegalStateException("no call on segments: " + call);
    }
  }

  private void control() {
    int command =
        now.pick(
            IPC_RMID, IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, SHM_LOCK, SHM_UNLOCK, SHM_INFO, 77);
    switch (command) {
      case IPC_SET -> {
        // struct ipc64_perm: user, group, and permissions.
        now.write(Situation.STRUCTURES + 4, now.pick(0, 0, 1000, -1), now.pick(0, 0, 1000, -1));
        now.write(Situation.STRUCTURES + 20, now.pick(0x1b6, 0x1ff, 0x100, now.anything()));
        int from = now.pointer(Situation.STRUCTURES, STAT_BYTES);
        now.add(MemoryCall.SHMCTL, segment(), command, from);
      }
      case IPC_STAT -> {
        int to = report(Report.SEGMENT_STAT, STAT_BYTES);
        now.add(MemoryCall.SHMCTL, segment(), command, to);
        look(Report.SEGMENT_STAT);
      }
      case IPC_INFO, SHM_INFO -> {
        now.add(MemoryCall.SHMCTL, segment(), command, now.pointer(Situation.BUFFER, 24));
        now.lookAt(Situation.BUFFER, 24);
      }
      default -> now.add(MemoryCall.SHMCTL, segment(), command, 0);
    }
  }

  /** Whether a command returns the highest place in use. */
  static boolean tellsPlace(int command) {
    return command == IPC_INFO || command == SHM_INFO;
  }

  /** Where a structure may be written whose times and numbers of processes nobody compares. */
  private int report(Report report, int bytes) {
    return now.oneIn(6) ? now.pointer(report.address(), bytes) : report.address();
  }

  private void look(Report report) {
    now.add(MemoryCall.READ_INT, now.pick(report.comparable()));
  }

  private int segment() {
    return segments == 0 || now.oneIn(20) ? -1 : Math.max(0, segments - 1 - now.below(4));
  }

  private long areaStart() {
    Vma area = now.area();
    return area == null ? 0 : area.start();
  }
}
