package org.memarium.oracle;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Chooses steps, from a seed: arguments lie where something may go wrong, at the bounds of areas
 * that are there, of pages, of the address space, and now and then far from any sense.
 */
final class Generator {
  private static final int MAX_PROCESSES = 5;
  private static final int WNOHANG = 1;

  private final Situation now;
  private final MappingSteps mappings;
  private final FileSteps files;
  private final ShmSteps shm;
  private final RemoteSteps remote;
  private final LimitSteps limits;
  private final SegmentSteps segments;
  private final ProcSteps proc;
  private final List<MemoryCall> choices = new ArrayList<>();
  private final int[] parents = new int[Mailbox.SLOTS];
  private int turn;

  /** Chooses for that side's processes, from some groups. */
  Generator(long seed, OurSide ours, Set<CallGroup> groups) {
    now = new Situation(seed, ours);
    mappings = new MappingSteps(now);
    files = new FileSteps(now);
    shm = new ShmSteps(now);
    remote = new RemoteSteps(now);
    limits = new LimitSteps(now);
    segments = new SegmentSteps(now);
    proc = new ProcSteps(now);
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
    weights.put(MemoryCall.SHMCTL_AT, 1);
    weights.put(MemoryCall.PROCESS_MRELEASE, 1);
    weights.put(MemoryCall.GETRLIMIT, 1);
    weights.put(MemoryCall.UGETRLIMIT, 1);
    weights.put(MemoryCall.SETRLIMIT, 1);
    weights.put(MemoryCall.GETRUSAGE, 1);
    weights.put(MemoryCall.SET_THREAD_AREA, 1);
    weights.put(MemoryCall.GET_THREAD_AREA, 1);
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
    Step step = now.next();
    if (step != null) {
      return step;
    }
    if (turn-- <= 0 || !now.isAlive(now.current())) {
      turn = now.between(1, 120);
      now.changeProcess();
    }
    choose(choices.get(now.below(choices.size())));
    return next();
  }

  private void choose(MemoryCall call) {
    switch (call.group()) {
      case FILE -> files.choose(call);
      case SHM -> shm.choose(call);
      case REMOTE -> remote.choose(call);
      case LIMIT -> limits.choose(call);
      case SEGMENT -> segments.choose(call);
      case PROC -> proc.choose(call);
      case FORK -> process(call);
      case ACCESS -> access(call);
      default -> {
        switch (call) {
          case MLOCKALL -> now.add(call, now.below(9));
          case MUNLOCKALL -> now.add(call);
          default -> mappings.choose(call);
        }
      }
    }
  }

  private void access(MemoryCall call) {
    if (call == MemoryCall.READ_BYTE || call == MemoryCall.READ_INT) {
      now.add(call, now.accessed());
    } else {
      now.add(call, now.accessed(), now.anything());
    }
  }

  private void process(MemoryCall call) {
    switch (call) {
      case FORK -> fork();
      case EXIT_GROUP -> exit();
      default -> {}
    }
  }

  private void fork() {
    int alive = 0;
    int free = -1;
    for (int slot = 0; slot < Mailbox.SLOTS; slot++) {
      if (now.isAlive(slot)) {
        alive++;
      } else {
        free = slot;
      }
    }
    if (alive < MAX_PROCESSES && free >= 0) {
      parents[free] = now.current();
      now.add(MemoryCall.FORK, free);
    }
  }

  private void exit() {
    int slot = now.current();
    if (slot != 0) {
      now.add(MemoryCall.EXIT_GROUP, now.below(256));
      if (now.isAlive(parents[slot])) {
        now.add(parents[slot], MemoryCall.WAIT4, slot, Situation.BUFFER, WNOHANG, 0);
      }
      turn = 0;
    }
  }
}
