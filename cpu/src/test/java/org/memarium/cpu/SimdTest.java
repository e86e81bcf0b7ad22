package org.memarium.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.cpu.simd.Mxcsr;
import org.memarium.hardware.ProcessorException;

/** What {@link Cpu} promises of MMX and SSE; what single instructions compute the witness tells. */
final class SimdTest {
  private static final int DATA = 0x1000_0000;
  private static final int MXCSR = 24;
  private static final int XMM = 160;

  private final UserMachine m = new UserMachine(CpuModel.PENTIUM4);
  private final Cpu cpu = m.cpu;

  @AfterEach
  void close() {
    m.close();
  }

  private void runToInterrupt() {
    Exit exit = cpu.run(1_000_000);
    assertEquals(Exit.INTERRUPT, exit, () -> cpu.exception().toString());
  }

  private ProcessorException runToException() {
    assertEquals(Exit.EXCEPTION, cpu.run(1_000_000));
    return cpu.exception();
  }

  private byte[] imageBytes() {
    byte[] image = new byte[512];
    cpu.storeFxsave(image);
    return image;
  }

  private ByteBuffer image() {
    return ByteBuffer.wrap(imageBytes()).order(ByteOrder.LITTLE_ENDIAN);
  }

  private boolean load(ByteBuffer image) {
    byte[] bytes = new byte[512];
    image.get(0, bytes);
    return cpu.loadFxsave(bytes);
  }

  private void setXmm(int register, long low, long high) {
    ByteBuffer image = image();
    image.putLong(XMM + 16 * register, low).putLong(XMM + 16 * register + 8, high);
    assertTrue(load(image));
  }

  private long low(int register) {
    return image().getLong(XMM + 16 * register);
  }

  @Test
  void anI686KnowsNoneOfIt() {
    String[] codes = {
      "0F6FC1", "0F28C1", "660F6FC1", "F30F58C1", "0F77", "0FAE00", "0FAEE8", "0FC300", "0FAE38"
    };
    for (String code : codes) {
      try (UserMachine old = new UserMachine()) {
        old.code(code);
        assertEquals(Exit.EXCEPTION, old.cpu.run(1), code);
        assertEquals(ProcessorException.INVALID_OPCODE, old.cpu.exception().vector(), code);
      }
    }
  }

  @Test
  void cpuidSaysWhatItIs() {
    m.code("B8 01000000 0FA2 CD80"); // mov eax,1; cpuid; int 0x80
    runToInterrupt();
    int edx = cpu.register(Cpu.EDX);
    assertEquals(CpuModel.PENTIUM4.features(), edx);
    int mmxFxsrSseSse2 = 1 << 23 | 1 << 24 | 1 << 25 | 1 << 26;
    assertEquals(mmxFxsrSseSse2, edx & mmxFxsrSseSse2);
    assertEquals(0, CpuModel.I686.features() & mmxFxsrSseSse2);
    assertEquals(64, (cpu.register(Cpu.EBX) >> 8 & 0xff) * 8);
    assertEquals(15, cpu.register(Cpu.EAX) >> 8 & 15);
  }

  @Test
  void unalignedOperandIsAProtectionFault() {
    m.map(DATA, 1);
    m.code("0F2805 08000010"); // movaps xmm0, [DATA + 8]
    assertEquals(ProcessorException.GENERAL_PROTECTION, runToException().vector());
    assertEquals(UserMachine.TEXT, cpu.eip());
    m.code("0F1005 08000010 CD80"); // movups
    runToInterrupt();
  }

  @Test
  void storeAcrossPagesFaultsBeforeAnythingChanges() {
    m.map(DATA, 1);
    m.code("0F1105 F80F0010"); // movups [DATA + 0xff8], xmm0
    setXmm(0, -1, -1);
    assertEquals(DATA + 0x1000L, runToException().linearAddress());
    assertEquals(0, m.readInt(DATA + 0xff8));
    m.map(DATA + 0x1000, 1);
    cpu.setEip(UserMachine.TEXT);
    cpu.run(1);
    assertEquals(-1, m.readInt(DATA + 0xff8));
    assertEquals(-1, m.readInt(DATA + 0x1004));
  }

  @Test
  void unmaskedExceptionLeavesTheRegisterAndSetsTheFlag() {
    setXmm(0, Double.doubleToRawLongBits(1), 7);
    ByteBuffer image = image();
    image.putInt(MXCSR, Mxcsr.INITIAL & ~0x200); // division by zero is not masked
    assertTrue(load(image));
    m.code("F20F5EC1"); // divsd xmm0, xmm1
    assertEquals(ProcessorException.SIMD_FLOATING_POINT, runToException().vector());
    assertEquals(UserMachine.TEXT, cpu.eip());
    assertEquals(Double.doubleToRawLongBits(1), low(0));
    assertEquals(4, image().getInt(MXCSR) & 0x3f);
  }

  @Test
  void mxcsrWithBitsThatDoNotExistIsRefused() {
    ByteBuffer image = image();
    image.putInt(MXCSR, 0x1_0000);
    assertFalse(load(image));
    m.map(DATA, 1);
    m.mmu.writeInt(DATA, 0x1_0000);
    m.code("0FAE15 00000010"); // ldmxcsr [DATA]
    assertEquals(ProcessorException.GENERAL_PROTECTION, runToException().vector());
    assertEquals(Mxcsr.INITIAL, image().getInt(MXCSR));
  }

  @Test
  void mmxRegistersAreTheMantissasOfTheX87Unit() {
    m.code("D9E8 0F6EC8 CD80"); // fld1; movd mm1, eax
    cpu.setRegister(Cpu.EAX, 0x1234_5678);
    runToInterrupt();
    ByteBuffer image = image();
    assertEquals(0, image.getShort(2) >> 11 & 7, "TOP");
    assertEquals(0xff, image.get(4) & 0xff, "tags");
    assertEquals(0x1234_5678L, image.getLong(32 + 16));
    assertEquals(-1, image.getShort(32 + 16 + 8));
    m.code("0F77 CD80"); // emms
    runToInterrupt();
    assertEquals(0, image().get(4));
  }

  @Test
  void savedStateComesBackWhole() {
    setXmm(3, 0x0123_4567_89ab_cdefL, -2);
    ByteBuffer image = image();
    image.putInt(MXCSR, 0x9fc0);
    assertTrue(load(image));
    byte[] before = imageBytes();
    CpuState state = cpu.save();
    m.code("660FEFDB 0FAE15 00000010 CD80"); // pxor xmm3,xmm3; ldmxcsr [DATA]
    m.map(DATA, 1);
    runToInterrupt();
    assertEquals(0, low(3));
    cpu.restore(state);
    assertArrayEquals(before, imageBytes());
    setXmm(3, 5, 5);
    assertEquals(0x0123_4567_89ab_cdefL, state.xmm()[6], "shares nothing with the processor");
  }

  @Test
  void resetLeavesNothingOfIt() {
    setXmm(5, 1, 2);
    ByteBuffer image = image();
    image.putInt(MXCSR, 0).putShort(0, (short) 0x40);
    assertTrue(load(image));
    cpu.resetFloatingPoint();
    assertEquals(0, low(5));
    assertEquals(Mxcsr.INITIAL, image().getInt(MXCSR));
    assertEquals(0x37f, image().getShort(0));
  }

  @Test
  void imageInMemoryGoesThereAndBack() {
    m.map(DATA, 1);
    setXmm(7, 42, 43);
    // fxsave [DATA]; pxor xmm7,xmm7; fninit; fxrstor [DATA]
    m.code("D9E8 0FAE05 00000010 660FEFFF DBE3 0FAE0D 00000010 CD80");
    runToInterrupt();
    assertEquals(42, low(7));
    assertEquals(7, image().getShort(2) >> 11 & 7);
    assertEquals(Mxcsr.MASK, m.readInt(DATA + 28));
  }
}
