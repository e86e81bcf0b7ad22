package org.memarium.cpu.x87;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.memarium.hardware.ProcessorException;

/** Runs the requests of host-fpu.c on our unit, the way an executor of instructions would. */
final class EmulatedFpu {
  private static final int FLAGS = 0x8D5;
  private static final int CODE_SELECTOR = 0x23;
  private static final int DATA_SELECTOR = 0x2B;

  private final Fpu fpu = new Fpu();

  /**
   * The answer to a request.
   *
   * @param hostAnswer tells where the host's code and operand were
   */
  byte[] run(byte[] request, X87Form form, byte[] hostAnswer) {
    ByteBuffer answer =
        ByteBuffer.wrap(Arrays.copyOf(request, HostFpu.RECORD_BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer host = ByteBuffer.wrap(hostAnswer).order(ByteOrder.LITTLE_ENDIAN);
    boolean operandSize16 = request[HostFpu.CODE] == 0x66;
    answer.putInt(HostFpu.CODE, 0);
    fpu.restore(request, false);
    int modrm = request[HostFpu.CODE + 2] & 0xFF;
    try {
      if (form.waiting()) {
        fpu.checkPending();
      }
    } catch (ProcessorException e) {
      answer.putInt(HostFpu.CODE, 1);
      return answer.array();
    }
    if (form.setsPointers()) {
      fpu.setInstruction(CODE_SELECTOR, host.getInt(12), form.opcode(), modrm);
      if (form.isMemory()) {
        fpu.setData(DATA_SELECTOR, host.getInt(20));
      }
    }
    execute(answer, form, modrm, operandSize16);
    fpu.save(answer.array(), false);
    return answer.array();
  }

  private void execute(ByteBuffer answer, X87Form form, int modrm, boolean operandSize16) {
    int bytes = form.operand().bytes(operandSize16);
    int eflags = answer.getInt(HostFpu.EFLAGS);
    switch (form.effect()) {
      case REGISTER -> fpu.register(form.opcode(), modrm);
      case REGISTER_AND_FLAGS -> {
        fpu.register(form.opcode(), modrm);
        answer.putInt(HostFpu.EFLAGS, (eflags & ~FLAGS) | fpu.comparisonFlags());
      }
      case CONDITIONAL_MOVE -> fpu.conditionalMove(modrm, condition(form.mnemonic(), eflags));
      case STATUS_TO_AX -> answer.putShort(HostFpu.EAX, (short) fpu.statusWord());
      case LOAD ->
          fpu.load(
              form.memoryForm(),
              answer.getLong(HostFpu.MEMORY),
              answer.getShort(HostFpu.MEMORY + 8));
      case STORE -> {
        if (fpu.store(form.memoryForm())) {
          byte[] value = new byte[10];
          ByteBuffer.wrap(value)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putLong(fpu.storedLow())
              .putShort((short) fpu.storedHigh());
          answer.put(HostFpu.MEMORY, value, 0, bytes);
        }
      }
      case LOAD_IMAGE -> {
        byte[] image = new byte[bytes];
        answer.get(HostFpu.MEMORY, image);
        if (form.operand() == X87Form.Operand.STATE) {
          fpu.restore(image, operandSize16);
        } else {
          fpu.loadEnvironment(image, operandSize16);
        }
      }
      case STORE_IMAGE -> {
        byte[] image = new byte[bytes];
        if (form.operand() == X87Form.Operand.STATE) {
          fpu.save(image, operandSize16);
        } else {
          fpu.storeEnvironment(image, operandSize16);
        }
        answer.put(HostFpu.MEMORY, image);
      }
    }
  }

  private static boolean condition(String mnemonic, int eflags) {
    boolean carry = (eflags & 0x01) != 0;
    boolean parity = (eflags & 0x04) != 0;
    boolean zero = (eflags & 0x40) != 0;
    return switch (mnemonic) {
      case "fcmovb" -> carry;
      case "fcmove" -> zero;
      case "fcmovbe" -> carry || zero;
      case "fcmovu" -> parity;
      case "fcmovnb" -> !carry;
      case "fcmovne" -> !zero;
      case "fcmovnbe" -> !carry && !zero;
      case "fcmovnu" -> !parity;
      default -> throw new IllegalArgumentException(mnemonic);
    };
  }
}
