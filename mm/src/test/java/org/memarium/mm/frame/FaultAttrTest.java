package org.memarium.mm.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FaultAttrTest {
  private int changes;
  private final FaultAttr attr = new FaultAttr("fail_page_alloc", () -> changes++);

  /** Of a thousand calls for 100 bytes each: which failed, and how many. */
  private String failures() {
    StringBuilder which = new StringBuilder();
    int failed = 0;
    for (int call = 1; call <= 1000; call++) {
      if (attr.shouldFail(100) && failed++ < 3) {
        which.append(call).append(' ');
      }
    }
    return which + "of " + failed;
  }

  @Test
  void nothingFailsUntilItIsAskedFor() {
    assertFalse(attr.isOn());
    assertEquals("of 0", failures());
    assertEquals(0, attr.calls());
  }

  @Test
  void theIntervalSaysWhichAndTimesHowOften() {
    attr.set("10,100,0,-1");
    assertEquals("10 20 30 of 100", failures());
    attr.set("7,100,0,2");
    assertEquals("7 14 of 2", failures());
    assertEquals(2, attr.failures());
    assertEquals(2, changes);
  }

  @Test
  void spaceIsGrantedFirst() {
    attr.set(1, 100, 450, -1);
    assertEquals("5 6 7 of 996", failures());
  }

  @Test
  void probabilityIsInAHundredAndTheSameInEachRun() {
    attr.set(1, 20, 0, -1);
    String first = failures();
    attr.set(1, 20, 0, -1);
    assertEquals(first, failures());
    assertTrue(attr.failures() > 150 && attr.failures() < 250, first);
    attr.set(1, 0, 0, -1);
    assertEquals("of 0", failures());
  }

  @Test
  void failNthFailsOnceAndCountsOn() {
    attr.failNth(17);
    assertEquals("17 of 1", failures());
    assertEquals(1000, attr.calls());
    attr.set(0, 0);
    assertFalse(attr.isOn());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "1,2,3", "0,100,0,1", "1,101,0,1", "1,100,0,-2", "1,x,0,1"})
  void whatIsNoOptionIsRefused(String option) {
    assertThrows(IllegalArgumentException.class, () -> attr.set(option));
  }
}
