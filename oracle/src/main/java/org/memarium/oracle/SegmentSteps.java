package org.memarium.oracle;

/** Chooses calls on segments of the processor: the local descriptor table, and thread areas. */
final class SegmentSteps {
  private static final int USER_DESC_BYTES = 16;

  // ---- Functions of modify_ldt ----
  private static final int READ = 0;
  private static final int WRITE_OLD = 1;
  private static final int READ_DEFAULT = 2;
  private static final int WRITE = 0x11;

  /** Flags of a description: read only and not present, as that of an empty entry. */
  private static final int EMPTY = 0x28;

  /** The first of the entries that threads have, on a 64-bit kernel. */
  private static final int FIRST_AREA = 12;

  private final Situation now;

  SegmentSteps(Situation now) {
    this.now = now;
  }

  void choose(MemoryCall call) {
    switch (call) {
      case MODIFY_LDT -> modifyLdt();
      case SET_THREAD_AREA -> {
        describe(now.pick(-1, -1, FIRST_AREA, FIRST_AREA + 1, FIRST_AREA + 2, entry()));
        now.add(call, now.pointer(Situation.STRUCTURES, USER_DESC_BYTES));
        now.add(MemoryCall.READ_INT, Situation.STRUCTURES);
      }
      case GET_THREAD_AREA -> {
        int entry = now.oneIn(5) ? entry() : FIRST_AREA + now.below(3);
        now.write(Situation.STRUCTURES, entry);
        now.add(call, now.pointer(Situation.STRUCTURES, USER_DESC_BYTES));
        now.lookAt(Situation.STRUCTURES, USER_DESC_BYTES);
      }
      default -> throw new IllegalStateException("no call on segments: " + call);
    }
  }

  private void modifyLdt() {
    int function = now.pick(READ, WRITE_OLD, WRITE_OLD, WRITE, WRITE, WRITE, READ_DEFAULT);
    function = now.oneIn(20) ? now.pick(3, 0x10, -1, 0x12) : function;
    if (function == READ || function == READ_DEFAULT) {
      int bytes = now.oneIn(4) ? now.pick(-1, 0, 0x1_0000, 0x1_0001, 0x7fff_ffff) : now.below(256);
      int to = now.pointer(Situation.BUFFER, 64);
      now.add(MemoryCall.MODIFY_LDT, function, to, bytes);
      now.lookAt(Situation.BUFFER, 128);
      return;
    }
    describe(now.oneIn(4) ? entry() : now.below(16));
    int bytes = now.oneIn(9) ? now.pick(0, 15, 17, -1) : USER_DESC_BYTES;
    int from = now.pointer(Situation.STRUCTURES, USER_DESC_BYTES);
    now.add(MemoryCall.MODIFY_LDT, function, from, bytes);
  }

  private int entry() {
    return now.pick(0, 5, 6, 8, 11, 15, 511, 512, 1000, 8190, 8191, 8192, -1, now.anything());
  }

  /** A {@code struct user_desc}: entry, base, limit, flags. */
  private void describe(int entry) {
    int base = now.pick(0, 0, 0x1000_0000, -1, now.anything());
    int limit = now.pick(0, 0xf_ffff, 0xf_ffff, 0xfff, now.anything());
    int flags = now.oneIn(3) ? now.pick(0x51, 0x11, 0x51, 0) : now.below(128);
    if (now.oneIn(6)) {
      base = 0;
      limit = 0;
      flags = now.pick(0, EMPTY, EMPTY, EMPTY | 0x80, 1, 7);
    }
    now.write(Situation.STRUCTURES, entry, base, limit, now.oneIn(20) ? now.anything() : flags);
  }
}
