package org.memarium.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SizeTest {
  @Test
  void unitsArePowersOf1024InAnyCase() {
    assertEquals(4096, Size.parse("4096"));
    assertEquals(64 << 10, Size.parse("64K"));
    assertEquals(64 << 20, Size.parse("64m"));
    assertEquals(3L << 30, Size.parse("3GiB"));
    assertEquals(2L << 40, Size.parse("2TB"));
    assertEquals(7, Size.parse("7B"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "M",
        "-1M",
        "1.5G",
        "12Q",
        "1 M",
        "0x10",
        "9999999999999999999",
        "9999999999T"
      })
  void whatIsNoSizeIsRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> Size.parse(text));
  }

  @Test
  void isPrintedInTheLargestUnitThatKeepsItWhole() {
    assertEquals("0 B", Size.of(0));
    assertEquals("132 KiB", Size.of(132 << 10));
    assertEquals("1,028 KiB", Size.of(1028 << 10));
    assertEquals("3 GiB", Size.of(3L << 30));
    assertEquals("4,097 B", Size.of(4097));
  }
}
