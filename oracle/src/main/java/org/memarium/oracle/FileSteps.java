package org.memarium.oracle;

import java.util.List;

/** Chooses calls on files, of a disk and of memory. */
final class FileSteps {
  /** The files that steps open, in the working directory. */
  static final List<String> FILES = List.of("fa", "fb", "fc");

  private static final int PAGE = Situation.PAGE;

  private static final int MFD_HUGETLB = 4;
  private static final int F_ADD_SEALS = 1033;
  private static final int F_GET_SEALS = 1034;

  private final Situation now;

  FileSteps(Situation now) {
    this.now = now;
  }

  void choose(MemoryCall call) {
    int bytes = now.oneIn(3) ? now.below(12 * PAGE) : PAGE * now.below(12);
    int offset = now.oneIn(2) ? PAGE * now.below(10) : now.below(10 * PAGE);
    switch (call) {
      case MEMFD_CREATE -> memfd(bytes);
      case OPEN -> {
        now.write(Situation.NAMES, FILES.get(now.below(FILES.size())));
        // O_RDWR or O_RDONLY, with O_CREAT, sometimes with O_TRUNC.
        int flags = now.pick(0x42, 0x42, 0x42, 0x40, 0x242, 2);
        now.add(call, Situation.NAMES, flags, 0x1b6);
      }
      case CLOSE -> now.add(call, now.below(4) == 0 ? now.descriptor() : now.between(5, 9));
      case FTRUNCATE64 -> now.add(call, now.descriptor(), bytes, now.oneIn(9) ? -1 : 0);
      case FALLOCATE ->
          now.add(call, now.descriptor(), now.pick(0, 0, 1, 3, 3, 3, 2, 0x80), offset, 0, bytes, 0);
      case FCNTL64 ->
          now.add(
              call,
              now.descriptor(),
              now.pick(F_ADD_SEALS, F_GET_SEALS),
              now.oneIn(4) ? now.below(64) : now.pick(1, 2, 4, 8, 16, 32, 64, -1));
      case PREAD64 -> {
        now.add(call, now.descriptor(), now.buffer(), now.below(2 * PAGE), offset, 0);
        now.lookAt(now.pick(Situation.BUFFER, Situation.NAMES), PAGE);
      }
      case PWRITE64 ->
          now.add(call, now.descriptor(), now.buffer(), now.below(2 * PAGE), offset, 0);
      default -> throw new IllegalStateException("no call on files: " + call);
    }
  }

  private void memfd(int bytes) {
    now.write(Situation.NAMES, "m" + (char) ('a' + now.below(3)));
    boolean huge = now.oneIn(5);
    int hugeFlags = MFD_HUGETLB | now.pick(0, 2, 8, 0x12) | now.pick(0, 0, 21, 30, 22) << 26;
    int flags =
        now.oneIn(30) ? now.anything() : now.pick(0, 1, 2, 2, 2, 3, 8, 0xa, 0x10, 0x12, 0x18, 0x20);
    int name = now.oneIn(8) ? now.pointer(Situation.NAMES, 2) : Situation.NAMES;
    now.add(MemoryCall.MEMFD_CREATE, name, huge ? hugeFlags : flags);
    int size = huge ? now.pick(1, 2, 512) << 21 : bytes;
    now.add(MemoryCall.FTRUNCATE64, now.between(3, 7), size, 0);
  }
}
