package org.memarium.oracle;

import static org.memarium.mm.space.MmapFlags.MAP_HUGETLB;
import static org.memarium.mm.space.MmapFlags.MAP_NORESERVE;
import static org.memarium.mm.space.MmapFlags.MREMAP_DONTUNMAP;
import static org.memarium.mm.space.MmapFlags.MREMAP_FIXED;
import static org.memarium.mm.space.MmapFlags.MREMAP_MAYMOVE;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.space.MmStruct;
import org.memarium.mm.space.Vma;

/**
 * Chooses steps, from a seed: arguments lie where something may go wrong, at the bounds of areas
 * that are there, of pages, of the address space, and now and then far from any sense.
 */
final class Generator {
  /** The files that steps open, in the working directory. */
  static final List<String> FILES = List.of("fa", "fb", "fc");

  private static final int PAGE = 4096;

  private static final int[] PROTS = {
    0, 1, 3, 3, 3, 3, 5, 7, 2, 4, 0x0100_0003, 0x0200_0001, 8, 16
  };

  private static final int[] MAPS = {
    0x22, 0x22, 0x22, 0x22, 0x22, 0x21, 0x21, 0x23, 0x20, 0x24, 0x02, 0x01, 0x01, 0x03
  };

  private static final int[] MAP_EXTRAS = {
    0x100,
    0x2000,
    0x4000,
    0x8000,
    0x1_8000,
    0x2_0000,
    0x4_0000,
    0x8_0000,
    0x40,
    0x800,
    0x1000,
    0x200_0000,
    0x4000_0000
  };

  private static final int[] ADVICES = {
    0, 1, 2, 3, 4, 4, 4, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    102, 103, 103, 26, 5, 99, -1
  };

  private static final int[] SCRATCHES = {AgentProgram.SCRATCH + 0x2000, AgentProgram.SCRATCH};
  private static final int IOVECS = AgentProgram.SCRATCH + 0x1000;
  private static final int BUFFER = AgentProgram.SCRATCH + 0x2000;
  private static final int MAX_PROCESSES = 5;

  /** How seldom a mapping is of huge pages. */
  private static final int HUGE_ONE_IN = 12;

  private final SplittableRandom random;
  private final Places places;
  private final OurSide ours;
  private final List<MemoryCall> choices = new ArrayList<>();
  private final Deque<Step> waiting = new ArrayDeque<>();
  private final int[] parents = new int[Mailbox.SLOTS];

  private int current;
  private int turn;
  private int segments;

  /** Chooses for that side's processes, from some groups. */
  Generator(long seed, OurSide ours, Set<CallGroup> groups) {
    random = new SplittableRandom(seed);
    places = new Places(random);
    this.ours = ours;
    Map<MemoryCall, Integer> weights = weights();
    for (MemoryCall call : MemoryCall.values()) {
      if (groups.contains(call.group())) {
        for (int i = weights.getOrDefault(call, 2); i > 0; i--) {
          choices.add(call);
        }
      }
    }
  }

  private static Map<MemoryCall, Integer> weights() {
    Map<MemoryCall, Integer> weights = new EnumMap<>(MemoryCall.class);
    weights.put(MemoryCall.MMAP2, 24);
    weights.put(MemoryCall.MUNMAP, 14);
    weights.put(MemoryCall.MPROTECT, 12);
    weights.put(MemoryCall.MREMAP, 12);
    weights.put(MemoryCall.BRK, 4);
    weights.put(MemoryCall.MADVISE, 16);
    weights.put(MemoryCall.MLOCK, 3);
    weights.put(MemoryCall.MLOCKALL, 1);
    weights.put(MemoryCall.MUNLOCKALL, 1);
    weights.put(MemoryCall.MSEAL, 1);
    weights.put(MemoryCall.SETRESUID32, 0);
    weights.put(MemoryCall.WAIT4, 0);
    weights.put(MemoryCall.FORK, 1);
    weights.put(MemoryCall.EXIT_GROUP, 1);
    weights.put(MemoryCall.PERSONALITY, 1);
    weights.put(MemoryCall.READ_BYTE, 8);
    weights.put(MemoryCall.READ_INT, 6);
    weights.put(MemoryCall.WRITE_BYTE, 14);
    weights.put(MemoryCall.WRITE_INT, 10);
    return weights;
  }

  /** The next step. */
  Step next() {
    Step step = waiting.poll();
    if (step != null) {
      return step;
    }
    if (turn-- <= 0 || !ours.isAlive(current)) {
      turn = random.nextInt(1, 120);
      do {
        current = random.nextInt(Mailbox.SLOTS);
      } while (!ours.isAlive(current));
    }
    choose(choices.get(random.nextInt(choices.size())));
    return next();
  }

  private void add(MemoryCall call, int... arguments) {
    waiting.add(new Step(current, call, arguments));
  }

  private int pick(int... values) {
    return values[random.nextInt(values.length)];
  }

  private boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  private void choose(MemoryCall call) {
    switch (call) {
      case MMAP2 -> mmap2();
      case MUNMAP -> range(call);
      case MPROTECT -> range(call, oneIn(30) ? random.nextInt() : pick(PROTS));
      case MREMAP -> mremap();
      case BRK -> brk();
      case MADVISE -> range(call, pick(ADVICES));
      case MLOCK, MUNLOCK -> range(call);
      case MLOCK2 -> range(call, pick(0, 1, 1, 2));
      case MLOCKALL -> add(call, random.nextInt(9));
      case MUNLOCKALL -> add(call);
      case MINCORE -> {
        range(call, oneIn(20) ? (int) address() : BUFFER);
        lookAt(BUFFER, 16);
      }
      case MSYNC -> range(call, pick(0, 1, 2, 4, 4, 5, 6, 8));
      case REMAP_FILE_PAGES ->
          range(call, pick(0, 0, 0, 1), random.nextInt(-1, 8), pick(0, 0, 0x1_0000, 0x10));
      case MSEAL -> range(call, pick(0, 0, 0, 1));
      case MEMFD_CREATE, OPEN, CLOSE, FTRUNCATE64, FALLOCATE, FCNTL64, PREAD64, PWRITE64 ->
          file(call);
      case SHMGET, SHMAT, SHMDT, SHMCTL -> segment(call);
      case PROCESS_VM_READV, PROCESS_VM_WRITEV -> transfer(call);
      case PIDFD_OPEN -> add(call, process(), pick(0, 0, 0, 1));
      case PROCESS_MADVISE -> processMadvise();
      case PRLIMIT64 -> limit();
      case PERSONALITY ->
          add(call, pick(-1, 0x4_0000, 0x4_0000, 0, 0x44_0000, 0x24_0000, 0x14_0000));
      case SETRESUID32 -> add(call, 65534, 65534, 65534);
      case FORK -> fork();
      case EXIT_GROUP -> exit();
      case WAIT4 -> {}
      case READ_BYTE, READ_INT -> add(call, access());
      case WRITE_BYTE, WRITE_INT -> add(call, access(), random.nextInt());
    }
  }

  // ---- Addresses ----

  private MmStruct mm() {
    return ours.mm(current);
  }

  private @Nullable Vma area() {
    return places.area(mm());
  }

  private long address() {
    return places.address(mm());
  }

  private int length(long at) {
    return places.length(mm(), at);
  }

  private void range(MemoryCall call, int... more) {
    long at = address();
    int bytes = length(at);
    if (oneIn(5)) {
      // An area, the whole of it.
      Vma area = area();
      if (area != null) {
        at = area.start();
        bytes = (int) (area.end() - area.start());
      }
    }
    int[] arguments = new int[2 + more.length];
    arguments[0] = (int) at;
    arguments[1] = bytes;
    System.arraycopy(more, 0, arguments, 2, more.length);
    add(call, arguments);
  }

  private int access() {
    long at = oneIn(4) ? address() : places.inArea(mm());
    return (int) (at & -PAGE) + pick(0, 0, 0, 4, 100, 4092, 4094, 4095);
  }

  // ---- Calls ----

  private void mmap2() {
    if (oneIn(HUGE_ONE_IN)) {
      hugeMmap();
      return;
    }
    long at = oneIn(4) ? 0 : address();
    int flags = pick(MAPS);
    if (oneIn(2)) {
      flags |= oneIn(4) ? 0x10_0000 : 0x10;
    }
    while (oneIn(4)) {
      flags |= pick(MAP_EXTRAS);
    }
    if (oneIn(60)) {
      flags = random.nextInt();
    }
    int fd = (flags & 0x20) != 0 ? -1 : descriptor();
    int offset = oneIn(3) ? random.nextInt(8) : 0;
    if (oneIn(50)) {
      offset = random.nextInt();
    }
    add(MemoryCall.MMAP2, (int) at, length(at), pick(PROTS), flags, fd, offset);
  }

  /** Huge pages, of an anonymous file or of a descriptor. */
  private void hugeMmap() {
    int size = pick(0, 0, 0, 21, 30, 22) << 26;
    int flags = pick(MAPS) | size | (oneIn(5) ? 0 : MAP_HUGETLB);
    flags |= oneIn(6) ? 0 : MAP_NORESERVE;
    flags |= oneIn(3) ? pick(0x10, 0x10_0000, 0x2000, 0x8000) : 0;
    int fd = (flags & 0x20) != 0 ? -1 : descriptor();
    int offset = pick(0, 0, 0, 512, 512, 1, 0x4_0000, 0x3_fe00);
    int at = (int) places.hugeAddress(mm());
    add(MemoryCall.MMAP2, at, places.hugeLength(), pick(PROTS), flags, fd, offset);
  }

  private void mremap() {
    long at = oneIn(3) ? address() : places.inArea(mm());
    int bytes = oneIn(3) ? places.toBound(mm(), at) : length(at);
    if (oneIn(20)) {
      bytes = 0;
    }
    int newBytes = oneIn(4) ? bytes : length(at);
    int flags =
        pick(
            0,
            MREMAP_MAYMOVE,
            MREMAP_MAYMOVE,
            MREMAP_MAYMOVE | MREMAP_FIXED,
            MREMAP_MAYMOVE | MREMAP_FIXED,
            MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
            MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
            oneIn(4) ? random.nextInt(16) : 1);
    if ((flags & MREMAP_DONTUNMAP) != 0 && !oneIn(8)) {
      newBytes = bytes;
    }
    add(MemoryCall.MREMAP, (int) at, bytes, newBytes, flags, (int) address());
  }

  private void brk() {
    MmStruct mm = ours.mm(current);
    long at =
        switch (random.nextInt(8)) {
          case 0 -> 0;
          case 1 -> address();
          case 2 -> mm.heap().startBrk() + random.nextInt(-PAGE, 2 * PAGE);
          default -> mm.heap().currentBrk() + random.nextInt(-6 * PAGE, 8 * PAGE);
        };
    add(MemoryCall.BRK, (int) at);
  }

  private int descriptor() {
    return oneIn(12) ? pick(-1, 100) : random.nextInt(3, 8);
  }

  private void file(MemoryCall call) {
    int bytes = oneIn(3) ? random.nextInt(12 * PAGE) : PAGE * random.nextInt(12);
    int offset = oneIn(2) ? PAGE * random.nextInt(10) : random.nextInt(10 * PAGE);
    switch (call) {
      case MEMFD_CREATE -> {
        add(MemoryCall.WRITE_INT, AgentProgram.SCRATCH, 'm' | ('a' + random.nextInt(3)) << 8);
        boolean huge = oneIn(5);
        int hugeFlags = 4 | pick(0, 2) | pick(0, 0, 21, 30, 22) << 26;
        int flags = huge ? hugeFlags : pick(0, 1, 2, 2, 2, 3, 8, 0x10, 0x18, 0x20);
        add(call, AgentProgram.SCRATCH, flags);
        int size = huge ? pick(1, 2, 512) << 21 : bytes;
        add(MemoryCall.FTRUNCATE64, random.nextInt(3, 7), size, 0);
      }
      case OPEN -> {
        String name = FILES.get(random.nextInt(FILES.size()));
        add(MemoryCall.WRITE_INT, AgentProgram.SCRATCH, name.charAt(0) | name.charAt(1) << 8);
        // O_RDWR or O_RDONLY, with O_CREAT, sometimes with O_TRUNC.
        add(call, AgentProgram.SCRATCH, pick(0x42, 0x42, 0x42, 0x40, 0x242, 2), 0x1b6);
      }
      case CLOSE -> add(call, random.nextInt(4) == 0 ? descriptor() : random.nextInt(5, 9));
      case FTRUNCATE64 -> add(call, descriptor(), bytes, pick(0, 0, 0, 0, 0, 0, 0, 0, -1));
      case FALLOCATE ->
          add(call, descriptor(), pick(0, 0, 1, 3, 3, 3, 2, 0x80), offset, 0, bytes, 0);
      // F_ADD_SEALS and F_GET_SEALS.
      case FCNTL64 ->
          add(
              call,
              descriptor(),
              pick(1033, 1034),
              oneIn(4) ? random.nextInt(64) : pick(2, 4, 8, 16, 32));
      case PREAD64 -> {
        add(call, descriptor(), buffer(), random.nextInt(2 * PAGE), offset, 0);
        lookAt(SCRATCHES[random.nextInt(2)], PAGE);
      }
      case PWRITE64 -> add(call, descriptor(), buffer(), random.nextInt(2 * PAGE), offset, 0);
      default -> throw new IllegalStateException("no call on files: " + call);
    }
  }

  /** Reads a word of what a call has written, so that it is compared before it is overwritten. */
  private void lookAt(int start, int bytes) {
    add(MemoryCall.READ_INT, start + (random.nextInt(bytes) & -4));
  }

  private int buffer() {
    return oneIn(3) ? (int) address() : pick(SCRATCHES);
  }

  private void segment(MemoryCall call) {
    switch (call) {
      case SHMGET -> {
        int key = oneIn(2) ? 0 : 0x4d00 + random.nextInt(3);
        add(
            call,
            key,
            random.nextInt(6 * PAGE),
            pick(0x3b6, 0x3b6, 0x7b6, 0x1b6, 0x13b6, 0, 0x1bb6, 0x7800_1bb6, 0xbb6));
        segments++;
      }
      case SHMAT -> {
        int at = oneIn(2) ? 0 : (int) address() + pick(0, 0, 1);
        add(call, reference(), at, pick(0, 0, 0x1000, 0x2000, 0x4000, 0x6000, 0x8000));
      }
      case SHMDT -> add(call, (int) (oneIn(3) ? address() : areaStart()));
      // IPC_RMID, SHM_LOCK, SHM_UNLOCK
      case SHMCTL -> add(call, reference(), pick(0, 0, 11, 12, 77), 0);
      default -> throw new IllegalStateException("no call on segments: " + call);
    }
  }

  private int reference() {
    return segments == 0 || oneIn(20) ? -1 : Math.max(0, segments - 1 - random.nextInt(4));
  }

  private long areaStart() {
    Vma area = area();
    return area == null ? 0 : area.start();
  }

  private int process() {
    if (oneIn(20)) {
      return pick(-1, Integer.MAX_VALUE);
    }
    int slot;
    do {
      slot = random.nextInt(Mailbox.SLOTS);
    } while (!ours.isAlive(slot) && !oneIn(30));
    return slot;
  }

  private int iovecs(int at, boolean inScratch) {
    int count = random.nextInt(1, 3);
    for (int i = 0; i < count; i++) {
      int base = inScratch ? BUFFER + random.nextInt(PAGE) : (int) address() + pick(0, 0, 4090);
      int bytes = oneIn(30) ? places.senselessLength() : random.nextInt(2 * PAGE);
      add(MemoryCall.WRITE_INT, at + 8 * i, base);
      add(MemoryCall.WRITE_INT, at + 8 * i + 4, inScratch ? Math.min(bytes, PAGE) & 0xfff : bytes);
    }
    return count;
  }

  private void transfer(MemoryCall call) {
    int local = iovecs(IOVECS, !oneIn(4));
    int remote = iovecs(IOVECS + 64, false);
    add(call, process(), IOVECS, local, IOVECS + 64, remote, oneIn(20) ? 1 : 0);
    lookAt(BUFFER, 2 * PAGE);
  }

  private void processMadvise() {
    int count = iovecs(IOVECS, false);
    int fd = random.nextInt(3, 9);
    add(
        MemoryCall.PROCESS_MADVISE,
        fd,
        IOVECS,
        count,
        pick(3, 4, 20, 21, 25, 99),
        oneIn(9) ? 1 : 0);
  }

  private void limit() {
    MmStruct mm = ours.mm(current);
    // RLIMIT_FSIZE, DATA, STACK, MEMLOCK, AS
    int resource = pick(1, 2, 3, 8, 9);
    long now =
        switch (resource) {
          case 2 -> mm.accounting().dataVm() * PAGE;
          case 3 -> 0x8_0000;
          case 8 -> mm.accounting().lockedVm() * PAGE;
          case 9 -> mm.accounting().totalVm() * PAGE;
          default -> 8 * PAGE;
        };
    long soft = Math.max(0, now + PAGE * random.nextLong(-2, 64));
    long value = oneIn(3) ? soft : mm.limits().hard(resource);
    if (oneIn(4)) {
      add(MemoryCall.PRLIMIT64, process(), resource, 0, BUFFER);
      return;
    }
    add(MemoryCall.WRITE_INT, IOVECS, (int) value);
    add(MemoryCall.WRITE_INT, IOVECS + 4, (int) (value >> 32));
    // A hard limit that is never raised: who may depends on what the host's root may.
    long hard = mm.limits().hard(resource);
    add(MemoryCall.WRITE_INT, IOVECS + 8, (int) hard);
    add(MemoryCall.WRITE_INT, IOVECS + 12, (int) (hard >> 32));
    add(MemoryCall.PRLIMIT64, current, resource, IOVECS, oneIn(2) ? 0 : BUFFER);
  }

  private void fork() {
    int alive = 0;
    int free = -1;
    for (int slot = 0; slot < Mailbox.SLOTS; slot++) {
      if (ours.isAlive(slot)) {
        alive++;
      } else {
        free = slot;
      }
    }
    if (alive < MAX_PROCESSES && free >= 0) {
      parents[free] = current;
      add(MemoryCall.FORK, free);
    }
  }

  private void exit() {
    if (current != 0) {
      int parent = parents[current];
      add(MemoryCall.EXIT_GROUP, random.nextInt(256));
      if (ours.isAlive(parent)) {
        waiting.add(new Step(parent, MemoryCall.WAIT4, current, BUFFER, 1, 0));
      }
      turn = 0;
    }
  }
}
