package org.memarium.mm.space;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class RLimitsTest {
  @Test
  void theFirstProcessGetsTheLimitsOfLinux() {
    RLimits limits = RLimits.initial(875 * 2);
    assertEquals(8 << 20, limits.soft(RLimits.STACK));
    assertEquals(RLimits.INFINITY, limits.hard(RLimits.STACK));
    assertEquals(0, limits.soft(RLimits.CORE));
    assertEquals(1024, limits.soft(RLimits.NOFILE));
    assertEquals(4096, limits.hard(RLimits.NOFILE));
    assertEquals(875, limits.soft(RLimits.NPROC));
    assertEquals(RLimits.INFINITY, limits.soft(RLimits.AS));
  }

  @Test
  void namesAndNumbersAreThoseOfPrlimit() {
    assertEquals(RLimits.COUNT, RLimits.names().size());
    for (int i = 0; i < RLimits.COUNT; i++) {
      assertEquals(i, RLimits.numberOf(RLimits.nameOf(i)));
    }
    assertEquals(RLimits.AS, RLimits.numberOf("as"));
    assertEquals(-1, RLimits.numberOf("stak"));
  }

  @Test
  void aSoftLimitAboveTheHardOneIsRefused() {
    RLimits limits = RLimits.initial(100);
    limits.set(RLimits.AS, 5, RLimits.INFINITY);
    assertThrows(IllegalArgumentException.class, () -> limits.set(RLimits.AS, -1, 5));
    assertEquals(5, limits.soft(RLimits.AS));
  }

  @Test
  void aCopyIsOfItsOwn() {
    RLimits limits = RLimits.initial(100);
    RLimits copy = limits.copy();
    limits.set(RLimits.AS, 4096, 4096);
    assertEquals(RLimits.INFINITY, copy.soft(RLimits.AS));
  }
}
