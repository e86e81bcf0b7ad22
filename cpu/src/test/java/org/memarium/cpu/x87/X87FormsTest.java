package org.memarium.cpu.x87;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

/** The table of forms finds what is in it, and nothing else. */
class X87FormsTest {
  @Test
  void everyFormIsFoundByItsBytes() {
    for (X87Form form : X87Forms.all()) {
      for (int i = 0; i < form.count(); i++) {
        int modrm = form.isMemory() ? form.modrm() << 3 | i : form.modrm() + i;
        assertSame(form, X87Forms.of(form.opcode(), modrm));
      }
    }
  }

  @Test
  void reservedEncodingsAreUndefined() {
    int[][] reserved = {
      {0xD9, 0xD1}, {0xD9, 0xE2}, {0xD9, 0xEF}, {0xDA, 0xE8}, {0xDB, 0xE5}, {0xDE, 0xD8},
      {0xDF, 0xE1}, {0xDF, 0xF8}, {0xD9, 0x08}, {0xDB, 0x20}, {0xDB, 0x30}, {0xDD, 0x28}
    };
    for (int[] bytes : reserved) {
      assertNull(X87Forms.of(bytes[0], bytes[1]), "%02x %02x".formatted(bytes[0], bytes[1]));
    }
  }

  @Test
  void fisttpCameWithSse3AndIsUndefined() {
    assertNull(X87Forms.of(0xDB, 0x08));
    assertNull(X87Forms.of(0xDD, 0x08));
    assertNull(X87Forms.of(0xDF, 0x08));
  }

  @Test
  void imagesAreSmallerWithOperandsOf16Bits() {
    X87Form environment = X87Forms.of(0xD9, 0x30);
    X87Form state = X87Forms.of(0xDD, 0x30);
    assertNotNull(environment);
    assertNotNull(state);
    assertEquals(28, environment.operand().bytes(false));
    assertEquals(14, environment.operand().bytes(true));
    assertEquals(108, state.operand().bytes(false));
    assertEquals(94, state.operand().bytes(true));
  }
}
