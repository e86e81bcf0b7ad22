package org.memarium.cpu.x87;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.memarium.hardware.ProcessorException;

/** What programs see of the unit; values known from the manuals, without a host to ask. */
class FpuTest {
  private static final int LOAD_FLOAT = 0x08;
  private static final int LOAD_CONTROL = 0x0D;
  private static final int LOAD_EXTENDED = 0x1D;
  private static final int LOAD_DOUBLE = 0x28;
  private static final int LOAD_DECIMAL = 0x3C;
  private static final int STORE_FLOAT_POP = 0x0B;
  private static final int STORE_EXTENDED = 0x1F;
  private static final int STORE_DOUBLE_POP = 0x2B;
  private static final int STORE_DECIMAL = 0x3E;
  private static final int STORE_INTEGER_32 = 0x1B;

  private final Fpu fpu = new Fpu();

  private void load(double value) {
    fpu.load(LOAD_DOUBLE, Double.doubleToRawLongBits(value), 0);
  }

  /** ST(0) as sign and exponent, and mantissa; pops it. */
  private String extended() {
    assertTrue(fpu.store(STORE_EXTENDED));
    return "%04x.%016x".formatted(fpu.storedHigh(), fpu.storedLow());
  }

  private double popDouble() {
    assertTrue(fpu.store(STORE_DOUBLE_POP));
    return Double.longBitsToDouble(fpu.storedLow());
  }

  @Test
  void startsAsFninitLeavesIt() {
    assertEquals(0x037F, fpu.controlWord());
    assertEquals(0, fpu.statusWord());
    byte[] environment = new byte[28];
    fpu.storeEnvironment(environment, false);
    assertEquals((byte) 0xFF, environment[8]);
    assertEquals((byte) 0xFF, environment[9]);
  }

  @Test
  void aThirdHas64Bits() {
    load(3);
    load(1);
    fpu.register(0xD8, 0xF1);
    assertEquals("3ffd.aaaaaaaaaaaaaaab", extended());
  }

  @Test
  void precisionControlShortensResults() {
    fpu.load(LOAD_CONTROL, 0x027F, 0);
    load(3);
    load(1);
    fpu.register(0xD8, 0xF1);
    assertEquals(1.0 / 3, popDouble());
    fpu.load(LOAD_CONTROL, 0x007F, 0);
    load(1);
    fpu.register(0xD8, 0xF1);
    assertEquals("3ffd.aaaaab0000000000", extended());
  }

  @Test
  void roundingControlDecidesTheLastBitOfPi() {
    fpu.register(0xD9, 0xEB);
    assertEquals("4000.c90fdaa22168c235", extended());
    fpu.load(LOAD_CONTROL, 0x0F7F, 0);
    fpu.register(0xD9, 0xEB);
    assertEquals("4000.c90fdaa22168c234", extended());
  }

  @Test
  void roundingUpIsSeenInC1() {
    load(3);
    load(2);
    fpu.register(0xD8, 0xF1);
    assertEquals(0x0220, fpu.statusWord() & 0x0220);
    load(7);
    load(1);
    fpu.register(0xD8, 0xF1);
    assertEquals(0x0020, fpu.statusWord() & 0x0220);
  }

  @Test
  void denormalsOfEveryFormatAreExact() {
    load(Double.MIN_VALUE);
    assertEquals("3bcd.8000000000000000", extended());
    fpu.load(LOAD_FLOAT, 1, 0);
    assertEquals("3f6a.8000000000000000", extended());
    fpu.load(LOAD_EXTENDED, 1, 0);
    assertEquals("0000.0000000000000001", extended());
    assertEquals(0x02, fpu.statusWord() & 0x3F, "the narrow ones raise DE");
  }

  @Test
  void popFromAnEmptyStackIsAnInvalidOperation() {
    assertEquals(Double.NaN, popDouble());
    assertEquals(0x0841, fpu.statusWord(), "IE, SF, C1 clear for underflow, TOP 1");
  }

  @Test
  void aNinthPushIsAnInvalidOperation() {
    for (int i = 0; i < 9; i++) {
      fpu.register(0xD9, 0xE8);
    }
    assertEquals(0x3A41, fpu.statusWord(), "IE, SF, C1 set for overflow, TOP 7");
    assertEquals("ffff.c000000000000000", extended());
    assertEquals("3fff.8000000000000000", extended());
  }

  @Test
  void anUnmaskedExceptionIsRaisedByTheNextWaitingInstruction() {
    fpu.load(LOAD_CONTROL, 0x037B, 0);
    load(0);
    load(1);
    fpu.checkPending();
    fpu.register(0xD8, 0xF1);
    assertEquals(0x8084, fpu.statusWord() & 0x80FF, "ZE, ES and B");
    ProcessorException exception = assertThrows(ProcessorException.class, fpu::checkPending);
    assertEquals(ProcessorException.FLOATING_POINT, exception.vector());
    fpu.register(0xDB, 0xE2);
    fpu.checkPending();
    assertEquals(1, popDouble(), "the dividend stays as it was");
  }

  @Test
  void maskingAnExceptionLaterUnmakesIt() {
    fpu.load(LOAD_CONTROL, 0x037B, 0);
    load(0);
    load(1);
    fpu.register(0xD8, 0xF1);
    fpu.load(LOAD_CONTROL, 0x037F, 0);
    fpu.checkPending();
    assertEquals(0x04, fpu.statusWord() & 0x80FF);
  }

  @Test
  void anUnmaskedOverflowIsNotStored() {
    load(1e300);
    fpu.load(LOAD_CONTROL, 0x0377, 0);
    assertFalse(fpu.store(STORE_FLOAT_POP));
    assertEquals(0x3888, fpu.statusWord() & 0x7FFF, "OE and ES; nothing was popped");
    assertEquals(1e300, popDouble());
  }

  @Test
  void integersThatDoNotFitBecomeTheIndefiniteOne() {
    load(1e10);
    assertTrue(fpu.store(STORE_INTEGER_32));
    assertEquals(0x80000000, (int) fpu.storedLow());
    assertEquals(0x01, fpu.statusWord() & 0x3F);
  }

  @Test
  void decimalsGoInAndOut() {
    fpu.load(LOAD_DECIMAL, 0x3456_7890_1234_5678L, 0x8012);
    fpu.register(0xD9, 0xE0);
    assertTrue(fpu.store(STORE_DECIMAL));
    assertEquals(0x3456_7890_1234_5678L, fpu.storedLow());
    assertEquals(0x0012, fpu.storedHigh());
  }

  @Test
  void comparisonGoesToFlags() {
    load(1);
    load(2);
    fpu.register(0xDB, 0xF1);
    assertEquals(0, fpu.comparisonFlags());
    fpu.register(0xD9, 0xC9);
    fpu.register(0xDB, 0xF1);
    assertEquals(0x01, fpu.comparisonFlags());
    load(Double.NaN);
    fpu.register(0xDB, 0xE9);
    assertEquals(0x45, fpu.comparisonFlags());
    assertEquals(0, fpu.statusWord() & 0x01, "FUCOMI minds no quiet NaN");
    fpu.register(0xDB, 0xF1);
    assertEquals(1, fpu.statusWord() & 0x01, "FCOMI does");
  }

  @Test
  void remainderInStepsOf63BitsAtMost() {
    load(3);
    load(0x1p100);
    int steps = 0;
    do {
      fpu.register(0xD9, 0xF8);
      steps++;
    } while ((fpu.statusWord() & 0x0400) != 0);
    assertEquals(2, steps);
    assertEquals(1, popDouble());
  }

  @Test
  void sineOfPiIsThatOfAPiOf66Bits() {
    fpu.register(0xD9, 0xEB);
    fpu.register(0xD9, 0xFE);
    assertEquals("bfbf.8000000000000000", extended());
  }

  @Test
  void anAngleFrom2To63OnIsLeftAlone() {
    load(0x1p63);
    fpu.register(0xD9, 0xFE);
    assertEquals(0x0400, fpu.statusWord() & 0x0400);
    assertEquals(0x1p63, popDouble());
  }

  @Test
  void environmentRemembersTheLastInstruction() {
    fpu.setInstruction(0x73, 0x08048123, 0xDC, 0x06);
    fpu.setData(0x7B, 0xBFFFF000);
    byte[] image = new byte[28];
    fpu.storeEnvironment(image, false);
    byte[] expected = {
      0x7F,
      0x03,
      -1,
      -1,
      0,
      0,
      -1,
      -1,
      -1,
      -1,
      -1,
      -1,
      0x23,
      (byte) 0x81,
      0x04,
      0x08,
      0x73,
      0,
      0x06,
      0x04,
      0,
      (byte) 0xF0,
      -1,
      (byte) 0xBF,
      0x7B,
      0,
      -1,
      -1
    };
    assertArrayEquals(expected, image);
  }

  @Test
  void savingInitialisesAndRestoringBringsBack() {
    for (boolean operandSize16 : new boolean[] {false, true}) {
      load(1.5);
      load(-0.0);
      Fpu before = new Fpu();
      before.copyFrom(fpu);
      byte[] image = new byte[operandSize16 ? 94 : 108];
      fpu.save(image, operandSize16);
      assertEquals(0, fpu.statusWord());
      fpu.restore(image, operandSize16);
      assertTrue(fpu.sameAs(before));
    }
  }

  @Test
  void fxsaveImageHoldsEverything() {
    load(1.5);
    load(Double.NEGATIVE_INFINITY);
    fpu.setInstruction(0x73, 0x1234, 0xD9, 0xE8);
    byte[] image = new byte[512];
    fpu.storeFxsave(image);
    assertEquals((byte) 0xC0, image[4], "physical registers 6 and 7 are in use");
    assertEquals((byte) 0xFF, image[32 + 9]);
    Fpu other = new Fpu();
    other.loadFxsave(image);
    assertTrue(other.sameAs(fpu));
  }

  @Test
  void aCopyIsIndependent() {
    load(2);
    Fpu copy = new Fpu();
    copy.copyFrom(fpu);
    fpu.register(0xD8, 0xC8);
    assertFalse(copy.sameAs(fpu));
    copy.register(0xD8, 0xC8);
    assertTrue(copy.sameAs(fpu));
    assertEquals(4, popDouble());
  }

  @Test
  void aCopyRoundsLikeTheOriginal() {
    fpu.load(LOAD_CONTROL, 0x0F7F, 0);
    Fpu copy = new Fpu();
    copy.copyFrom(fpu);
    copy.register(0xD9, 0xEB);
    assertTrue(copy.store(STORE_EXTENDED));
    assertEquals(0xc90fdaa22168c234L, copy.storedLow());
  }
}
