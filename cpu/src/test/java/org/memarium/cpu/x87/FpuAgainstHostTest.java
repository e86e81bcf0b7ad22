package org.memarium.cpu.x87;

import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every form, from random states and with random operands, leaves the same bits as the host's
 * processor: all eight registers, tags, control and status word, pointers, memory, EFLAGS and AX.
 */
class FpuAgainstHostTest {
  private static final int ROUNDS = Integer.getInteger("memarium.x87.rounds", 4000);

  /** Not correctly rounded by any processor; {@link TranscendentalAgainstHostTest} has them. */
  private static final Set<String> TRANSCENDENTAL =
      Set.of("f2xm1", "fyl2x", "fyl2xp1", "fptan", "fpatan", "fsin", "fcos", "fsincos");

  @TempDir static Path directory;
  private static HostFpu host;

  @BeforeAll
  static void build() throws Exception {
    host = HostFpu.build(directory);
  }

  @TestFactory
  Stream<DynamicTest> everyForm() {
    return X87Forms.all().stream()
        .filter(form -> !TRANSCENDENTAL.contains(form.mnemonic()))
        .map(form ->
            DynamicTest.dynamicTest(
                "%02x /%x %s %s"
                    .formatted(form.opcode(), form.modrm(), form.mnemonic(), form.operand()),
                () -> agrees(form)));
  }

  private static void agrees(X87Form form) throws Exception {
    int seed = form.opcode() << 8 | form.modrm();
    RandomRequests random = new RandomRequests(seed);
    byte[] requests = new byte[ROUNDS * HostFpu.RECORD_BYTES];
    for (int i = 0; i < ROUNDS; i++) {
      int modrm = form.isMemory() ? form.modrm() << 3 | 6 : form.modrm() + i % form.count();
      boolean image = form.isMemory() && form.operand().bytes(true) != form.operand().bytes(false);
      random.fill(
          ByteBuffer.wrap(requests, i * HostFpu.RECORD_BYTES, HostFpu.RECORD_BYTES).slice(),
          form,
          image && i % 2 != 0,
          modrm);
    }
    byte[] answers = host.run(requests);
    EmulatedFpu emulated = new EmulatedFpu();
    int differences = 0;
    List<String> shown = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      int at = i * HostFpu.RECORD_BYTES;
      byte[] request = Arrays.copyOfRange(requests, at, at + HostFpu.RECORD_BYTES);
      byte[] expected = Arrays.copyOfRange(answers, at, at + HostFpu.RECORD_BYTES);
      byte[] actual = emulated.run(request, form, expected);
      // When SIGFPE came the state is the signal handler's.
      int size = request[HostFpu.CODE] == 0x66 ? 2 : 4;
      boolean same =
          expected[HostFpu.CODE] == 1
              ? actual[HostFpu.CODE] == 1
              : Arrays.equals(expected, actual) || sameButPointers(expected, actual, form, size);
      if (!same && ++differences <= 3) {
        shown.add(describe(request, expected, actual));
      }
    }
    if (differences > 0) {
      fail(
          "%d of %d differ, seed %d%n%s"
              .formatted(differences, ROUNDS, seed, String.join(System.lineSeparator(), shown)));
    }
  }

  /**
   * Whether only the pointers differ and the host lost its own: a context switch of its kernel
   * leaves zeros, which no request asks for.
   */
  private static boolean sameButPointers(byte[] expected, byte[] actual, X87Form form, int size) {
    if (form.effect() == X87Form.Effect.STORE_IMAGE) {
      int at = HostFpu.MEMORY;
      return (expected[at + 4 * size] == 0 || expected[at + 6 * size] == 0)
          && Arrays.equals(
              expected, at + 7 * size, expected.length, actual, at + 7 * size, actual.length);
    }
    return (expected[16] == 0 || expected[24] == 0)
        && Arrays.equals(expected, 0, 12, actual, 0, 12)
        && Arrays.equals(expected, 28, expected.length, actual, 28, actual.length);
  }

  private static String describe(byte[] request, byte[] expected, byte[] actual) {
    return "from   %s%nhost   %s%nours   %s%n"
        .formatted(describe(request), describe(expected), describe(actual));
  }

  private static String describe(byte[] record) {
    ByteBuffer b = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
    StringBuilder text = new StringBuilder();
    text.append(
        "cw=%04x sw=%04x tw=%04x fip=%08x fcs=%08x fdp=%08x fds=%08x"
            .formatted(
                b.getShort(0),
                b.getShort(4),
                b.getShort(8),
                b.getInt(12),
                b.getInt(16),
                b.getInt(20),
                b.getInt(24)));
    for (int i = 0; i < 8; i++) {
      text.append(" %04x.%016x".formatted(b.getShort(36 + 10 * i), b.getLong(28 + 10 * i)));
    }
    text.append(" memory ");
    for (int i = 0; i < 28; i++) {
      text.append("%02x".formatted(b.get(HostFpu.MEMORY + i)));
    }
    text.append(
        " code=%08x eflags=%03x eax=%08x"
            .formatted(
                b.getInt(HostFpu.CODE), b.getInt(HostFpu.EFLAGS) & 0x8D5, b.getInt(HostFpu.EAX)));
    return text.toString();
  }
}
