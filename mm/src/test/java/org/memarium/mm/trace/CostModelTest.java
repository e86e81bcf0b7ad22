package org.memarium.mm.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CostModelTest {
  @ParameterizedTest
  @EnumSource(Cost.class)
  void everyCostHasAFigureAndCanBeSetByItsName(Cost cost) {
    assertTrue(CostModel.DEFAULT.picos(cost) > 0);
    CostModel changed = CostModel.DEFAULT.with(cost.word() + "=12.345");
    assertEquals(12_345, changed.picos(cost));
    assertEquals(cost.defaultPicos(), CostModel.DEFAULT.picos(cost));
  }

  @Test
  void manyCheapThingsTakeTimeThoughOneTakesLessThanANanosecond() {
    CostModel costs = CostModel.DEFAULT.with("instruction = 0.35");
    assertEquals(0, costs.nanos(Cost.INSTRUCTION));
    assertEquals(350_000, costs.nanos(Cost.INSTRUCTION, 1_000_000));
  }

  @Test
  void anUnknownNameIsAnsweredWithThoseThereAre() {
    IllegalArgumentException wrong =
        assertThrows(IllegalArgumentException.class, () -> CostModel.DEFAULT.with("page-fault=3"));
    assertTrue(
        String.valueOf(wrong.getMessage())
            .startsWith("there is no cost 'page-fault'; there are instruct"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "page-zero",
        "page-zero=",
        "page-zero=fast",
        "page-zero=-1",
        "page-zero=0.0001",
        "page-zero=3600000000001",
        "page-zero=1e99999"
      })
  void whatIsNoTimeIsRefused(String assignment) {
    IllegalArgumentException wrong =
        assertThrows(IllegalArgumentException.class, () -> CostModel.DEFAULT.with(assignment));
    assertTrue(
        String.valueOf(wrong.getMessage()).startsWith("'" + assignment + "' is no cost"),
        wrong::getMessage);
  }
}
