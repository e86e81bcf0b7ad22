package org.memarium.kernel.process;

import java.util.HashMap;
import java.util.Map;

/**
 * {@code user_struct.sigpending}: how many signals wait for each user's processes, which
 * RLIMIT_SIGPENDING limits.
 */
public final class SignalQuota {
  /** Only looked up in, never walked: its order does not show. */
  private final Map<Integer, Integer> waiting = new HashMap<>();

  /**
   * {@code sig_get_ucounts}: one more, if that is allowed.
   *
   * @param limit at most so many; negative, as an unsigned number is: no limit
   */
  boolean take(int uid, long limit) {
    int count = count(uid);
    if (limit >= 0 && count >= limit) {
      return false;
    }
    waiting.put(uid, count + 1);
    return true;
  }

  /** One of a user's signals waits no more. */
  void give(int uid) {
    waiting.merge(uid, -1, Integer::sum);
  }

  /** How many wait: {@code SigQ} in /proc/PID/status. */
  public int count(int uid) {
    return waiting.getOrDefault(uid, 0);
  }
}
