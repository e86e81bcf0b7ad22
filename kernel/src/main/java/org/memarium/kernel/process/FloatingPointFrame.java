package org.memarium.kernel.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.CpuModel;
import org.memarium.hardware.Segmentation;

/**
 * {@code struct _fpstate_32}: the floating-point part of a signal's frame; Linux {@code
 * arch/x86/kernel/fpu/signal.c}.
 *
 * <pre>
 *    0          108      110     112               400       576      624
 *   +----------+--------+-------+-----------------+---------+--------+
 *   |  FNSAVE  | status | magic | FXSAVE          | left as | magic1,|
 *   |  image   |  word  |       | image           | it was  | sizes  |
 *   +----------+--------+-------+-----------------+---------+--------+
 *   magic: 0000 an FXSAVE image follows, ffff none does; that image is on a multiple of 64 bytes,
 *   and where there is none this structure is
 * </pre>
 *
 * <p>x87 registers come back from the first image, as programs of old know it, and SSE's from the
 * second.
 */
public final class FloatingPointFrame {
  private static final int FSAVE_BYTES = 108;
  private static final int HEADER_BYTES = 112;

  /** Bytes of an FXSAVE image. */
  public static final int FXSAVE_BYTES = 512;

  /** What the processor writes of an FXSAVE image. */
  private static final int FXSAVE_USED_BYTES = 288;

  private static final int SOFTWARE_BYTES_OFFSET = 464;
  private static final int SOFTWARE_BYTES = 48;
  private static final int MXCSR_OFFSET = 24;
  private static final int MXCSR_MASK_OFFSET = 28;

  /** {@code FP_XSTATE_MAGIC1}. */
  private static final int MAGIC1 = 0x4650_5853;

  /** {@code FP_XSTATE_MAGIC2_SIZE}: counted, though only an XSAVE image has it. */
  private static final int MAGIC2_BYTES = 4;

  private static final int ALIGNMENT = 64;
  private static final int UNUSED = 0xffff_0000;

  private FloatingPointFrame() {}

  /** {@code fpu__get_fpstate_size}: bytes of the structure, without what aligns it. */
  public static int bytes(CpuModel model) {
    return model.hasFxsave() ? HEADER_BYTES + FXSAVE_BYTES : HEADER_BYTES;
  }

  /** {@code fpu__alloc_mathframe}: where below a stack pointer the structure goes. */
  public static long below(long stackPointer, CpuModel model) {
    return model.hasFxsave()
        ? (stackPointer - FXSAVE_BYTES & -ALIGNMENT) - HEADER_BYTES
        : stackPointer - HEADER_BYTES & -ALIGNMENT;
  }

  /**
   * {@code copy_fpstate_to_sigframe}: writes the structure; the registers stay as they are.
   *
   * @param wordBytes of the kernel: one of 8 does not know where x87's last instruction had its
   *     segments from
   */
  public static void write(Cpu cpu, UserMemory memory, long at, int wordBytes) {
    byte[] fxsave = new byte[FXSAVE_BYTES];
    cpu.storeFxsave(fxsave);
    int status = cpu.fpu().statusWord();
    byte[] header = Arrays.copyOf(fsaveImage(cpu, wordBytes), HEADER_BYTES);
    ByteBuffer words = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    if (!cpu.model().hasFxsave()) {
      memory.write(at, words.putInt(FSAVE_BYTES, status | UNUSED).array());
      return;
    }
    if (wordBytes == Long.BYTES) {
      Arrays.fill(fxsave, 12, 16, (byte) 0);
      Arrays.fill(fxsave, 20, 24, (byte) 0);
    }
    memory.write(at, words.putInt(FSAVE_BYTES, status & 0xffff).array());
    memory.write(at + HEADER_BYTES, Arrays.copyOf(fxsave, FXSAVE_USED_BYTES));
    memory.write(at + HEADER_BYTES + SOFTWARE_BYTES_OFFSET, softwareBytes());
  }

  /**
   * {@code struct user_i387_ia32_struct}: x87 as FNSAVE writes it, which on a processor with FXSAVE
   * is computed from that image ({@code convert_from_fxsr}); the registers stay as they are.
   *
   * @param wordBytes of the kernel, as in {@link #write}
   */
  public static byte[] fsaveImage(Cpu cpu, int wordBytes) {
    byte[] fxsave = new byte[FXSAVE_BYTES];
    cpu.storeFxsave(fxsave);
    byte[] image = new byte[FSAVE_BYTES];
    cpu.fpu().save(image, false);
    cpu.fpu().loadFxsave(fxsave);
    ByteBuffer words = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    if (cpu.model().hasFxsave() && wordBytes == Long.BYTES) {
      Segmentation segments = cpu.segmentation();
      words.putInt(16, segments.selector(Segmentation.CS));
      words.putInt(24, segments.selector(Segmentation.DS) | UNUSED);
    } else if (cpu.model().hasFxsave()) {
      words.putInt(24, words.getShort(24) & 0xffff);
    }
    return image;
  }

  /** {@code struct _fpx_sw_bytes} of a processor without XSAVE, whose xfeatures are none. */
  private static byte[] softwareBytes() {
    return ByteBuffer.allocate(SOFTWARE_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(MAGIC1)
        .putInt(HEADER_BYTES + FXSAVE_BYTES + MAGIC2_BYTES)
        .putLong(0)
        .putInt(FXSAVE_BYTES)
        .array();
  }

  /** What {@link #load} needs of the structure at an address; null if the address is 0. */
  public static byte @Nullable [] read(Cpu cpu, UserMemory memory, long at) {
    return at == 0 ? null : memory.read(at, bytes(cpu.model()));
  }

  /**
   * {@code fpu__restore_sig}: the registers become what the structure says.
   *
   * @param image from {@link #read}; null: what they are after execve
   * @throws UserFaultException if MXCSR has bits that the processor has not; the registers are
   *     reset
   */
  public static void load(Cpu cpu, byte @Nullable [] image, int wordBytes) {
    cpu.resetFloatingPoint();
    if (image == null) {
      return;
    }
    if (cpu.model().hasFxsave()) {
      byte[] fxsave = Arrays.copyOfRange(image, HEADER_BYTES, HEADER_BYTES + FXSAVE_BYTES);
      if (wordBytes == Integer.BYTES) {
        // A 32-bit kernel takes the bits away that would be refused.
        byte[] own = new byte[FXSAVE_BYTES];
        cpu.storeFxsave(own);
        for (int k = 0; k < Integer.BYTES; k++) {
          fxsave[MXCSR_OFFSET + k] &= own[MXCSR_MASK_OFFSET + k];
        }
      }
      if (!cpu.loadFxsave(fxsave)) {
        throw new UserFaultException();
      }
    }
    cpu.fpu().restore(Arrays.copyOf(image, FSAVE_BYTES), false);
  }
}
