package org.memarium.mm.reclaim;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.memarium.mm.trace.Trace;
import org.memarium.mm.trace.VirtualTime;

/** kswapd and the programs on one processor. */
final class FairShareTest {
  private static final long MILLI = 1_000_000;

  private long now;
  private final Trace trace = new Trace();
  private final VirtualTime time = trace.time();
  private final FairShare share = new FairShare(time);

  @BeforeEach
  void clock() {
    trace.setClock(() -> now);
  }

  private void kswapdRuns(long nanos) {
    now += nanos;
    share.ran(nanos);
  }

  @Test
  void kswapdComesFirstWhenItIsWokenAndHandsOverAfterItsSlice() {
    now = 10 * MILLI;
    share.kswapdWakes();
    assertTrue(share.isKswapds());
    kswapdRuns(2 * MILLI);
    assertTrue(share.isKswapds(), "its slice is not over");
    kswapdRuns(4 * MILLI);
    assertFalse(share.isKswapds(), "the programs have run less by now");
    now += 5 * MILLI;
    assertTrue(share.isKswapds(), "kswapd has run less by now");
  }

  @Test
  void kswapdThatHasJustRunDoesNotInterrupt() {
    now = 10 * MILLI;
    share.kswapdWakes();
    kswapdRuns(4 * MILLI);
    share.kswapdSleeps();
    now += MILLI;
    share.kswapdWakes();
    assertFalse(share.isKswapds());
  }

  @Test
  void itRunsWhileTheProgramWaitsAndGivesWayAfterwards() {
    now = 10 * MILLI;
    share.programSleeps();
    assertTrue(share.isKswapds());
    kswapdRuns(MILLI / 2);
    share.programWakes();
    kswapdRuns(20 * MILLI);
    share.programWakes();
    assertFalse(share.isKswapds());
  }
}
