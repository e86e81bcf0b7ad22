package org.memarium.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link Disassembler} in the syntax that objdump -M intel has, a few signs aside. */
final class DisassemblerTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "01448B10             | add dword ptr [ebx+ecx*4+0x10], eax",
        "F00FB10B             | lock cmpxchg dword ptr [ebx], ecx",
        "65A114000000         | mov eax, dword ptr gs:[0x14]",
        "F3A5                 | rep movsd",
        "66F2AF               | repne scasw",
        "8D6424F0             | lea esp, [esp-0x10]",
        "0F45C1               | cmovne eax, ecx",
        "75FE                 | jne 0x1000",
        "C8100002             | enter 0x10, 0x2",
        "9A785634120700       | call 0x7:0x12345678",
        "DD5C2408             | fstp qword ptr [esp+0x8]",
        "D8C3                 | fadd st, st(3)",
        "DBE8                 | fucomi st, st(0)",
        "98                   | cwde",
        "6698                 | cbw",
        "B4FF                 | mov ah, 0xff",
        "6BC9FD               | imul ecx, ecx, 0xfffffffd",
        "0FA4C205             | shld edx, eax, 0x5",
        "678B4710             | mov eax, dword ptr [bx+0x10]",
        "F30F1EFB             | endbr32",
        "0F0B                 | ud2",
        "0FA2                 | cpuid"
      })
  void showsWhatWouldBeExecuted(String hex, String expected) {
    byte[] code = HexFormat.of().parseHex(hex);
    Disassembler.Line line = new Disassembler(true).disassemble(code, 0, 0x1000);
    assertNotNull(line);
    assertEquals(expected, line.text());
    assertEquals(code.length, line.bytes());
  }

  @Test
  void saysWhenBytesAreMissing() {
    assertNull(new Disassembler(true).disassemble(new byte[] {(byte) 0xB8, 1, 2}, 0, 0));
  }
}
