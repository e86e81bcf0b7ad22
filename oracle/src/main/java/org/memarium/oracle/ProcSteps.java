package org.memarium.oracle;

/** Chooses what is done with files of {@code /proc/PID}. */
final class ProcSteps {
  private static final int PAGE = Situation.PAGE;
  private static final int O_RDONLY = 0;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;

  /** Numbers for clear_refs: that of soft-dirty bits only where the host's kernel has them. */
  private static final String[] CLEARED = {
    "1", "1", "2", "3", "5", "1\n", " 3", "0", "6", "-1", "x", "", "1x", "99999999999"
  };

  private final Situation now;

  ProcSteps(Situation now) {
    this.now = now;
  }

  void choose(MemoryCall call) {
    switch (call) {
      case PROC_READ -> now.add(call, now.process(), now.below(ProcFile.TEXTS.size()));
      case PROC_OPEN -> open(ProcFile.OPENED.get(now.below(ProcFile.OPENED.size())));
      default -> throw new IllegalStateException("nothing is done with files of /proc: " + call);
    }
  }

  /** Opens one, reads or writes it a few times, and closes it as a rule. */
  private void open(ProcFile file) {
    int fd = now.nextDescriptor();
    int rights = now.oneIn(8) ? O_RDONLY : file == ProcFile.CLEAR_REFS ? O_WRONLY : O_RDWR;
    if (file == ProcFile.PAGEMAP) {
      rights = now.oneIn(8) ? O_RDWR : O_RDONLY;
    }
    now.add(MemoryCall.PROC_OPEN, now.process(), ProcFile.OPENED.indexOf(file), rights);
    for (int i = now.between(1, 4); i > 0; i--) {
      switch (file) {
        case MEM -> memory(fd);
        case CLEAR_REFS -> clear(fd);
        default -> pageMap(fd);
      }
    }
    if (!now.oneIn(4)) {
      now.add(MemoryCall.CLOSE, fd);
    }
  }

  private void memory(int fd) {
    int at = now.oneIn(3) ? (int) now.address() : now.accessed();
    int high = now.oneIn(20) ? now.pick(1, -1, 0x7fff) : 0;
    MemoryCall call = now.oneIn(2) ? MemoryCall.PREAD64 : MemoryCall.PWRITE64;
    int bytes = now.oneIn(4) ? now.below(3 * PAGE) : now.below(64);
    now.add(call, fd, now.buffer(), bytes, at, high);
    now.lookAt(Situation.BUFFER, bytes + 4);
  }

  private void clear(int fd) {
    String text = CLEARED[now.below(CLEARED.length)];
    now.write(Situation.NAMES, text);
    int bytes = now.oneIn(6) ? now.below(40) : text.length();
    int from = now.oneIn(6) ? now.buffer() : Situation.NAMES;
    now.add(MemoryCall.PWRITE64, fd, from, bytes, now.pick(0, 0, 1), 0);
  }

  /** Only how much is read: frames have other numbers there, and the bits are compared anyway. */
  private void pageMap(int fd) {
    long position = (now.address() >>> 12) * Long.BYTES + (now.oneIn(8) ? now.below(8) : 0);
    int high = now.oneIn(9) ? now.pick(1, -1, 0x7fff_ffff) : 0;
    int bytes = now.oneIn(4) ? now.below(64) : Long.BYTES * now.below(8);
    int to = now.oneIn(6) ? 0 : AgentProgram.DISCARDED;
    now.add(MemoryCall.PREAD64, fd, to, bytes, (int) position, high);
  }
}
