package org.memarium.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.memarium.cpu.simd.Mxcsr;
import org.memarium.hardware.ProcessorException;

/**
 * The state of MMX and SSE as a whole: EMMS, MXCSR, FXSAVE and FXRSTOR, CLFLUSH.
 *
 * <pre>
 *   FXSAVE (Intel SDM vol. 2A), 512 bytes
 *     0  the x87 unit ({@link org.memarium.cpu.x87.Fpu#storeFxsave}), but for two words
 *    24  MXCSR         28  the bits that MXCSR has
 *   160  XMM0 to XMM7, 16 bytes each
 *   288  not used
 * </pre>
 */
final class SimdState {
  static final int IMAGE_BYTES = 512;

  private static final int MXCSR = 24;
  private static final int MXCSR_MASK = 28;
  private static final int REGISTERS = 160;
  private static final int USED_BYTES = 288;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private SimdState() {}

  static void execute(Core c, Instruction i) {
    switch (i.operation()) {
      case EMMS -> {
        c.fpu.checkPending();
        c.fpu.leaveMmx();
      }
      case LDMXCSR -> {
        int value = c.mmu.readInt(c.linear(i, 4, false));
        if ((value & ~Mxcsr.MASK) != 0) {
          throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
        }
        c.simd.unit.mxcsr().set(value);
      }
      case STMXCSR -> c.mmu.writeInt(c.linear(i, 4, true), c.simd.unit.mxcsr().get());
      case FXSAVE -> {
        long linear = alignedImage(c, i, true);
        c.mmu.probeWrite(linear, IMAGE_BYTES);
        store(c, c.simd.image);
        for (int at = 0; at < USED_BYTES; at += 8) {
          c.mmu.writeLong(linear + at & 0xffff_ffffL, (long) LONG.get(c.simd.image, at));
        }
      }
      case FXRSTOR -> {
        long linear = alignedImage(c, i, false);
        c.mmu.probeRead(linear, IMAGE_BYTES);
        for (int at = 0; at < USED_BYTES; at += 8) {
          LONG.set(c.simd.image, at, c.mmu.readLong(linear + at & 0xffff_ffffL));
        }
        if (!load(c, c.simd.image)) {
          throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
        }
      }
      case CLFLUSH -> c.mmu.probeRead(c.linear(i, 1, false), 1);
      default -> throw new IllegalStateException(i.form.toString());
    }
  }

  private static long alignedImage(Core c, Instruction i, boolean write) {
    long linear = c.linear(i, IMAGE_BYTES, write);
    if ((linear & 15) != 0) {
      throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
    }
    return linear;
  }

  /** Fills an image of 512 bytes; those that are not used stay. */
  static void store(Core c, byte[] image) {
    c.fpu.storeFxsave(image);
    INT.set(image, MXCSR, c.simd.unit.mxcsr().get());
    INT.set(image, MXCSR_MASK, Mxcsr.MASK);
    for (int k = 0; k < 16; k++) {
      LONG.set(image, REGISTERS + 8 * k, c.simd.xmm[k]);
    }
  }

  /**
   * Loads an image.
   *
   * @return false, with nothing changed, if its MXCSR has bits that do not exist
   */
  static boolean load(Core c, byte[] image) {
    int mxcsr = (int) INT.get(image, MXCSR);
    if ((mxcsr & ~Mxcsr.MASK) != 0) {
      return false;
    }
    c.fpu.loadFxsave(image);
    c.simd.unit.mxcsr().set(mxcsr);
    for (int k = 0; k < 16; k++) {
      c.simd.xmm[k] = (long) LONG.get(image, REGISTERS + 8 * k);
    }
    return true;
  }
}
