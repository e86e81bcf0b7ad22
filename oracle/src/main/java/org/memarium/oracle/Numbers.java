package org.memarium.oracle;

import java.util.ArrayList;
import java.util.List;

/**
 * What one side's kernel calls things that the other calls otherwise: the processes, by slot, and
 * the segments of shared memory, in the order in which they were made.
 */
final class Numbers {
  private final int[] pids = new int[Mailbox.SLOTS];
  private final List<Integer> segments = new ArrayList<>();

  /** The number of a slot's process; 0: there is none. */
  int pid(int slot) {
    return pids[slot];
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
    for (int i = 0; i < arguments.length; i++) {
      ArgumentKind kind = step.call().arguments().get(i);
      int value = arguments[i];
      boolean isReference = ArgumentKind.isReference(value);
      if (kind == ArgumentKind.PID && isReference) {
        arguments = replaced(step, arguments, i, value < pids.length ? pids[value] : value);
      } else if (kind == ArgumentKind.SHM && isReference) {
        int id = value < segments.size() ? segments.get(value) : -1;
        arguments = replaced(step, arguments, i, id);
      }
    }
    return arguments;
  }

  private static int[] replaced(Step step, int[] arguments, int index, int value) {
    int[] changed = arguments == step.arguments() ? arguments.clone() : arguments;
    changed[index] = value;
    return changed;
  }

  /** Notes what a step's result tells. */
  void learn(Step step, int result) {
    if (step.call() == MemoryCall.FORK) {
      pids[step.argument(0)] = Math.max(result, 0);
    } else if (step.call() == MemoryCall.SHMGET && !segments.contains(result)) {
      if (result >= 0) {
        segments.add(result);
      }
    }
  }
}
