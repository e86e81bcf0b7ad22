package org.memarium.cpu.x87;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The unit's state as bytes in memory, in the layouts of protected mode (Intel SDM vol. 1, figures
 * 8-9 and 8-11; FXSAVE: vol. 2A).
 *
 * <pre>
 *   FNSTENV, 32 bits                       FNSTENV, 16 bits     FXSAVE
 *    0  control word   (16) | FFFF          0  control word      0  control word
 *    4  status word    (16) | FFFF          2  status word       2  status word
 *    8  tag word       (16) | FFFF          4  tag word          4  one bit a register: not empty
 *   12  FIP            (32)                 6  FIP               6  FOP
 *   16  FCS (16) | FOP (11) | 0             8  FCS               8  FIP (32), FCS (16)
 *   20  FDP            (32)                10  FDP              16  FDP (32), FDS (16)
 *   24  FDS            (16) | FFFF         12  FDS              32  ST(0) to ST(7), 16 bytes each
 *
 *   FNSAVE: the environment, then ST(0) to ST(7), ten bytes each
 * </pre>
 */
final class Image {
  private static final int FXSAVE_REGISTERS = 32;

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Image() {}

  static void storeEnvironment(RegisterStack stack, byte[] image, boolean operandSize16) {
    if (operandSize16) {
      SHORT.set(image, 0, (short) stack.control);
      SHORT.set(image, 2, (short) stack.statusWord());
      SHORT.set(image, 4, (short) stack.tagWord());
      SHORT.set(image, 6, (short) stack.instructionOffset);
      SHORT.set(image, 8, (short) stack.instructionSelector);
      SHORT.set(image, 10, (short) stack.dataOffset);
      SHORT.set(image, 12, (short) stack.dataSelector);
      return;
    }
    int unused = 0xFFFF0000;
    INT.set(image, 0, unused | stack.control);
    INT.set(image, 4, unused | stack.statusWord());
    INT.set(image, 8, unused | stack.tagWord());
    INT.set(image, 12, stack.instructionOffset);
    INT.set(image, 16, stack.opcode << 16 | stack.instructionSelector);
    INT.set(image, 20, stack.dataOffset);
    INT.set(image, 24, unused | stack.dataSelector);
  }

  static void loadEnvironment(RegisterStack stack, byte[] image, boolean operandSize16) {
    int stride = operandSize16 ? 2 : 4;
    stack.setControlWord((short) SHORT.get(image, 0));
    stack.setStatusWord((short) SHORT.get(image, stride));
    stack.setTagWord((short) SHORT.get(image, 2 * stride));
    stack.instructionSelector = (short) SHORT.get(image, 4 * stride) & 0xFFFF;
    stack.dataSelector = (short) SHORT.get(image, 6 * stride) & 0xFFFF;
    if (operandSize16) {
      stack.instructionOffset = (short) SHORT.get(image, 6) & 0xFFFF;
      stack.dataOffset = (short) SHORT.get(image, 10) & 0xFFFF;
      stack.opcode = 0;
    } else {
      stack.instructionOffset = (int) INT.get(image, 12);
      stack.dataOffset = (int) INT.get(image, 20);
      stack.opcode = (short) SHORT.get(image, 18) & 0x7FF;
    }
  }

  static int environmentBytes(boolean operandSize16) {
    return operandSize16 ? 14 : 28;
  }

  /** ST(0) to ST(7), wherever they start and however far apart they are. */
  static void storeRegisters(RegisterStack stack, byte[] image, int offset, int stride) {
    for (int i = 0; i < 8; i++) {
      int physical = stack.physical(i);
      LONG.set(image, offset + stride * i, stack.mantissa[physical]);
      SHORT.set(image, offset + stride * i + 8, (short) stack.signExponent[physical]);
    }
  }

  static void loadRegisters(RegisterStack stack, byte[] image, int offset, int stride) {
    for (int i = 0; i < 8; i++) {
      int physical = stack.physical(i);
      stack.mantissa[physical] = (long) LONG.get(image, offset + stride * i);
      stack.signExponent[physical] = (short) SHORT.get(image, offset + stride * i + 8) & 0xFFFF;
    }
  }

  static void storeFxsave(RegisterStack stack, byte[] image) {
    SHORT.set(image, 0, (short) stack.control);
    SHORT.set(image, 2, (short) stack.statusWord());
    SHORT.set(image, 4, (short) stack.occupied);
    SHORT.set(image, 6, (short) stack.opcode);
    INT.set(image, 8, stack.instructionOffset);
    INT.set(image, 12, stack.instructionSelector);
    INT.set(image, 16, stack.dataOffset);
    INT.set(image, 20, stack.dataSelector);
    for (int i = 0; i < 8; i++) {
      LONG.set(image, FXSAVE_REGISTERS + 16 * i + 8, 0L);
    }
    storeRegisters(stack, image, FXSAVE_REGISTERS, 16);
  }

  static void loadFxsave(RegisterStack stack, byte[] image) {
    stack.setControlWord((short) SHORT.get(image, 0));
    stack.setStatusWord((short) SHORT.get(image, 2));
    stack.occupied = image[4] & 0xFF;
    stack.opcode = (short) SHORT.get(image, 6) & 0x7FF;
    stack.instructionOffset = (int) INT.get(image, 8);
    stack.instructionSelector = (short) SHORT.get(image, 12) & 0xFFFF;
    stack.dataOffset = (int) INT.get(image, 16);
    stack.dataSelector = (short) SHORT.get(image, 20) & 0xFFFF;
    loadRegisters(stack, image, FXSAVE_REGISTERS, 16);
  }
}
