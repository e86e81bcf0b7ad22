package org.memarium.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The table is whole and free of contradictions, and the loop over it can be compiled. */
final class InstructionSetTest {
  /** {@code -XX:HugeMethodLimit}: HotSpot leaves larger methods to its interpreter. */
  private static final int HUGE_METHOD = 8000;

  @Test
  void everyOperationIsInTheTable() {
    Set<Operation> missing = EnumSet.allOf(Operation.class);
    for (InstructionForm form : InstructionSet.all()) {
      missing.remove(form.operation());
    }
    assertEquals(EnumSet.of(Operation.TOO_LONG), missing);
  }

  @Test
  void everyFormIsFoundByItsEncoding() {
    for (InstructionForm form : InstructionSet.all()) {
      int mod = form.modRm() == InstructionForm.ModRm.REGISTER ? 0xC0 : 0;
      int next = form.fixedModRm() >= 0 ? form.fixedModRm() : mod | Math.max(form.digit(), 0) << 3;
      InstructionForm found =
          InstructionSet.find(form.model(), form.twoByte(), form.opcode(), form.prefix(), next);
      assertNotNull(found, form.toString());
      boolean earlier = found.mnemonic().startsWith("prefetch") || found.mnemonic().equals("nop");
      assertTrue(found.equals(form) || earlier, form + " is hidden by " + found);
    }
  }

  @Test
  void lockNeedsMemoryFirst() {
    for (InstructionForm form : InstructionSet.all()) {
      if (form.lockable() && form.modRm() != InstructionForm.ModRm.NONE) {
        Operand.Place place = form.operands().getFirst().place();
        assertTrue(
            place == Operand.Place.RM
                || place == Operand.Place.MEMORY
                || place == Operand.Place.REG,
            form.toString());
      }
    }
  }

  @Test
  void flagsAreWrittenOrUndefinedButNotBoth() {
    for (InstructionForm form : InstructionSet.all()) {
      assertEquals(0, form.flagsWritten() & form.flagsUndefined(), form.toString());
    }
  }

  @Test
  void opcodesThatCameLaterAreUnknown() {
    int none = InstructionForm.NO_PREFIX;
    assertNull(InstructionSet.find(CpuModel.I686, true, 0x6F, none, 0)); // movq, MMX
    assertNull(InstructionSet.find(CpuModel.I686, true, 0x10, none, 0)); // movups, SSE
    assertNull(InstructionSet.find(CpuModel.I686, true, 0xAE, none, 0)); // fxsave
    for (CpuModel model : CpuModel.values()) {
      assertNull(InstructionSet.find(model, true, 0x05, none, 0)); // syscall
      assertNull(InstructionSet.find(model, true, 0x34, none, 0)); // sysenter
      assertNull(InstructionSet.find(model, true, 0xC7, none, 0xF0)); // rdrand
      assertNull(InstructionSet.find(model, true, 0x38, none, 0)); // SSSE3
      assertNull(InstructionSet.find(model, true, 0xD0, 0x66, 0)); // addsubpd, SSE3
    }
  }

  @Test
  void opsAreDense() throws IllegalAccessException {
    Set<Integer> ops = new HashSet<>();
    for (var field : Op.class.getDeclaredFields()) {
      if (field.getType() == int.class) {
        ops.add((Integer) field.get(null));
      }
    }
    for (int op = 0; op < ops.size(); op++) {
      assertTrue(ops.contains(op), "no op has the number " + op);
    }
  }

  @Test
  void everyMethodOfTheProcessorCanBeCompiled() throws IOException {
    for (Class<?> type :
        new Class<?>[] {
          Interpreter.class,
          Core.class,
          Arithmetic.class,
          Shifts.class,
          Bits.class,
          Multiplication.class,
          Moves.class,
          Strings.class,
          Control.class,
          Segments.class,
          FloatingPoint.class,
          SimdMoves.class,
          SimdIntegers.class,
          SimdFloats.class,
          SimdConversions.class,
          Decoder.class
        }) {
      try (InputStream bytes = type.getResourceAsStream(type.getSimpleName() + ".class")) {
        assertNotNull(bytes);
        for (MethodModel method : ClassFile.of().parse(bytes.readAllBytes()).methods()) {
          int length = method.code().map(code -> ((CodeAttribute) code).codeLength()).orElse(0);
          assertTrue(length < HUGE_METHOD, type + " " + method.methodName() + ": " + length);
        }
      }
    }
  }
}
