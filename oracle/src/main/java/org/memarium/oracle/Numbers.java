package org.memarium.oracle;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What one side's kernel calls things that the other calls otherwise: the processes, by slot, and
 * the segments of shared memory, in the order in which they were made.
 */
final class Numbers {
  /** How many segments there may be at once: {@code IPCMNI}. */
  private static final int PLACES = 1 << 15;

  private final int[] pids = new int[Mailbox.SLOTS];

  /** Whether the parent has waited for a process that ended. */
  private final boolean[] reaped = new boolean[Mailbox.SLOTS];

  private final List<Integer> segments = new ArrayList<>();

  /** The number of a slot's process; 0: there is none. */
  int pid(int slot) {
    return pids[slot];
  }

  /** Forgets all: other processes begin. */
  void clear() {
    Arrays.fill(pids, 0);
    Arrays.fill(reaped, false);
    segments.clear();
  }

  /** Whether a slot's process has ended, and its parent knows. */
  boolean isReaped(int slot) {
    return reaped[slot];
  }

  void setPid(int slot, int pid) {
    pids[slot] = pid;
  }

  /** The segments that there ever were. */
  List<Integer> segments() {
    return segments;
  }

  /** A step's arguments as this side's kernel wants them. */
  int[] resolve(Step step) {
    int[] arguments = step.arguments();
    List<ArgumentKind> kinds = step.call().arguments();
    boolean copied = false;
    for (int i = 0; i < arguments.length; i++) {
      ArgumentKind kind = kinds.get(i);
      if (kind.isNumbered() && ArgumentKind.isReference(arguments[i])) {
        arguments = copied ? arguments : arguments.clone();
        copied = true;
        arguments[i] = resolve(kind, arguments[i]);
      }
    }
    return arguments;
  }

  private int resolve(ArgumentKind kind, int value) {
    if (kind == ArgumentKind.PID) {
      return value < pids.length ? pids[value] : -1;
    }
    int segment = value < segments.size() ? segments.get(value) : -1;
    return kind == ArgumentKind.SHM_PLACE && segment >= 0 ? segment & PLACES - 1 : segment;
  }

  /** Notes what a step's result tells. */
  void learn(Step step, int result) {
    if (step.call() == MemoryCall.FORK) {
      pids[step.argument(0)] = Math.max(result, 0);
      reaped[step.argument(0)] = false;
    } else if (step.call() == MemoryCall.WAIT4 && result > 0) {
      reaped[step.argument(0)] = true;
    } else if (step.call() == MemoryCall.SHMGET && result >= 0 && !segments.contains(result)) {
      segments.add(result);
    }
  }
}
