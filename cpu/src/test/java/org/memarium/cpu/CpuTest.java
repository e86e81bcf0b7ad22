package org.memarium.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.memarium.hardware.PageFaultCode;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Ram;

/** What {@link Cpu} promises to the operating system: exits, exact state, exact counts. */
final class CpuTest {
  private static final int DATA = 0x1000_0000;

  private final UserMachine m = new UserMachine();
  private final Cpu cpu = m.cpu;

  @AfterEach
  void close() {
    m.close();
  }

  private void runToInterrupt() {
    Exit exit = cpu.run(1_000_000);
    assertEquals(Exit.INTERRUPT, exit, () -> cpu.exception().toString());
    assertEquals(0x80, cpu.interruptVector());
  }

  private ProcessorException runToException() {
    assertEquals(Exit.EXCEPTION, cpu.run(1_000_000));
    return cpu.exception();
  }

  @Test
  void interruptLeavesEipBehindIt() {
    m.code("B8 04000000 CD80 90"); // mov eax,4; int 0x80
    runToInterrupt();
    assertEquals(4, cpu.register(Cpu.EAX));
    assertEquals(UserMachine.TEXT + 7, cpu.eip());
    assertEquals(2, cpu.instructions());
  }

  @Test
  void loopCountsItsInstructions() {
    m.code("31C0 B9 0A000000 01C8 49 75FB CD80"); // eax = 10 + 9 + ... + 1
    runToInterrupt();
    assertEquals(55, cpu.register(Cpu.EAX));
    assertEquals(2 + 30 + 1, cpu.instructions());
  }

  @Test
  void budgetIsExactWhereverItFalls() {
    m.code("40 40 40 40 40 EBF9"); // inc eax five times; jmp
    long executed = 0;
    for (int budget = 1; budget < 200; budget++) {
      assertEquals(Exit.BUDGET, cpu.run(budget));
      executed += budget;
      assertEquals(executed, cpu.instructions());
      assertEquals(executed - executed / 6, cpu.register(Cpu.EAX));
    }
    assertEquals(Exit.BUDGET, cpu.run(0));
  }

  @Test
  void faultInPushLeavesStackPointer() {
    m.code("54 50"); // push esp; push eax
    cpu.setRegister(Cpu.ESP, UserMachine.STACK_TOP - 0x4000 + 4);
    ProcessorException fault = runToException();
    assertEquals(ProcessorException.PAGE_FAULT, fault.vector());
    assertEquals(UserMachine.STACK_TOP - 0x4000L - 4, fault.linearAddress());
    assertEquals(PageFaultCode.WRITE | PageFaultCode.USER, fault.errorCode());
    assertEquals(UserMachine.TEXT + 1, cpu.eip());
    assertEquals(UserMachine.STACK_TOP - 0x4000, cpu.register(Cpu.ESP));
    assertEquals(1, cpu.instructions());
    assertEquals(UserMachine.STACK_TOP - 0x4000 + 4, m.readInt(UserMachine.STACK_TOP - 0x4000));
  }

  @Test
  void faultInReadModifyWriteLeavesFlags() {
    m.code("F9 8305 00000010 01"); // stc; add dword [DATA], 1
    m.mapTo(DATA, m.newFrame(), false);
    ProcessorException fault = runToException();
    assertEquals(
        PageFaultCode.WRITE | PageFaultCode.USER | PageFaultCode.PRESENT, fault.errorCode());
    assertEquals(Flags.CF, cpu.eflags() & Flags.CF);
    assertEquals(UserMachine.TEXT + 1, cpu.eip());
  }

  @Test
  void repeatedMoveStopsAtTheFaultAndGoesOn() {
    m.map(DATA, 2);
    m.map(DATA + 0x10000, 1);
    m.mmu.writeInt(DATA + 0x1100L, 0x1234_5678);
    // esi = DATA + 0x100, edi = DATA + 0x10100, ecx = 0x1010 / 4; rep movsd; int 0x80
    m.code("BE 00010010 BF 00010110 B9 04040000 F3A5 CD80");
    ProcessorException fault = runToException();
    assertEquals(DATA + 0x11000L, fault.linearAddress());
    assertEquals(DATA + 0x1000, cpu.register(Cpu.ESI));
    assertEquals(DATA + 0x11000, cpu.register(Cpu.EDI));
    assertEquals(0x110 / 4, cpu.register(Cpu.ECX));
    assertEquals(UserMachine.TEXT + 15, cpu.eip());
    m.map(DATA + 0x11000, 1);
    runToInterrupt();
    assertEquals(0, cpu.register(Cpu.ECX));
    assertEquals(0x1234_5678, m.readInt(DATA + 0x11100));
    assertEquals(5, cpu.instructions());
  }

  @Test
  void overlappingMoveUpwardsRepeatsBytes() {
    m.map(DATA, 1);
    m.mmu.writeByte(DATA, 0x55);
    // esi = DATA; edi = DATA + 1; ecx = 100; rep movsb
    m.code("BE 00000010 BF 01000010 B9 64000000 F3A4 CD80");
    runToInterrupt();
    assertEquals(0x5555_5555, m.readInt(DATA + 97));
  }

  @Test
  void codeWrittenInTheSameBlockIsExecutedAsWritten() {
    // mov byte [next instruction's immediate], 0x77; mov al, 0x11; int 0x80
    int immediate = UserMachine.TEXT + 8;
    m.code("C605 " + little(immediate) + " 77 B011 CD80");
    runToInterrupt();
    assertEquals(0x77, cpu.register(Cpu.EAX) & 0xff);
    assertEquals(3, cpu.instructions());
  }

  @Test
  void codeWrittenInTheSameBlockIsSeenThroughCopyOnWrite() {
    // mov byte [next instruction's immediate], 0x77; mov al, 0x11; int 0x80
    int immediate = UserMachine.TEXT + 8;
    m.code("C605 " + little(immediate) + " 77 B011 CD80");
    int original = (int) (m.physical(UserMachine.TEXT) >>> Ram.PAGE_SHIFT);
    int copy = m.newFrame();
    m.mapTo(UserMachine.TEXT, original, false);
    m.mmu.setFaultHandler((linear, errorCode) -> {
      m.ram.copyFrame(original, copy);
      m.mapTo(UserMachine.TEXT, copy, true);
      return true;
    });
    runToInterrupt();
    assertEquals(0x77, cpu.register(Cpu.EAX) & 0xff);
    assertEquals(0x11, m.ram.getByte(((long) original << Ram.PAGE_SHIFT) + 8));
    assertEquals(3, cpu.instructions());
  }

  @Test
  void codeWrittenBeforeItsSecondExecutionIsExecutedAsWritten() {
    // L: mov eax, 1; inc dword [L + 1]; dec ecx; jnz L; int 0x80
    m.code("B8 01000000 FF05 " + little(UserMachine.TEXT + 1) + " 49 75F2 CD80");
    cpu.setRegister(Cpu.ECX, 5);
    runToInterrupt();
    assertEquals(5, cpu.register(Cpu.EAX));
  }

  @Test
  void kernelsWriteIntoCodeIsSeen() {
    m.code("B8 01000000 CD80");
    runToInterrupt();
    m.code("B8 02000000 CD80");
    runToInterrupt();
    assertEquals(2, cpu.register(Cpu.EAX));
  }

  @Test
  void dataOnThePageOfCodeCanBeWritten() {
    // mov dword [TEXT + 0x800], eax; inc eax; cmp eax, 100; jne; int 0x80
    m.code("A3 " + little(UserMachine.TEXT + 0x800) + " 40 83F864 75F5 CD80");
    runToInterrupt();
    assertEquals(99, m.readInt(UserMachine.TEXT + 0x800));
  }

  @Test
  void instructionAcrossPagesTakesBothPages() {
    int at = UserMachine.TEXT + 0x1000 - 3;
    m.poke(at, "B8 11223344 CD80");
    cpu.setEip(at);
    runToInterrupt();
    assertEquals(0x4433_2211, cpu.register(Cpu.EAX));
    m.poke(UserMachine.TEXT + 0x1000, "55");
    cpu.setEip(at);
    runToInterrupt();
    assertEquals(0x4455_2211, cpu.register(Cpu.EAX));
    int other = m.newFrame();
    m.ram.putShort((long) other << Ram.PAGE_SHIFT, (short) 0x7766);
    m.ram.putShort(((long) other << Ram.PAGE_SHIFT) + 2, (short) 0x80CD);
    m.mapTo(UserMachine.TEXT + 0x1000, other, true);
    cpu.setEip(at);
    runToInterrupt();
    assertEquals(0x7766_2211, cpu.register(Cpu.EAX));
  }

  @Test
  void instructionAcrossPagesFaultsAtTheSecond() {
    int at = UserMachine.TEXT + 0x1000 - 3;
    m.poke(at, "B8 1122");
    cpu.setEip(at);
    ProcessorException fault = runToException();
    assertEquals(UserMachine.TEXT + 0x1000L, fault.linearAddress());
    assertEquals(at, cpu.eip());
  }

  @Test
  void remappedCodeIsFetchedAnew() {
    m.code("B8 01000000 CD80");
    runToInterrupt();
    int other = m.newFrame();
    m.ram.putLong((long) other << Ram.PAGE_SHIFT, 0x0080_CD00_0000_02B8L);
    m.mapTo(UserMachine.TEXT, other, true);
    cpu.setEip(UserMachine.TEXT);
    runToInterrupt();
    assertEquals(2, cpu.register(Cpu.EAX));
  }

  @Test
  void chainsEndWhereTranslationsDo() {
    // Page one jumps to page two, again and again.
    int second = UserMachine.TEXT + 0x1000;
    m.code("E9 FB0F0000");
    m.poke(second, "40 49 0F85 F8EFFFFF CD80"); // inc eax; dec ecx; jnz TEXT; int 0x80
    cpu.setRegister(Cpu.ECX, 10);
    runToInterrupt();
    assertEquals(10, cpu.register(Cpu.EAX));
    int other = m.newFrame();
    byte[] page = new byte[Ram.PAGE_SIZE];
    m.ram.read(m.physical(second), page, 0, page.length);
    page[0] = 0x48; // dec eax
    m.ram.write((long) other << Ram.PAGE_SHIFT, page, 0, page.length);
    m.mapTo(second, other, true);
    cpu.setEip(UserMachine.TEXT);
    cpu.setRegister(Cpu.ECX, 10);
    runToInterrupt();
    assertEquals(0, cpu.register(Cpu.EAX));
    m.mmu.loadCr3(m.mmu.cr3());
    cpu.setEip(UserMachine.TEXT);
    cpu.setRegister(Cpu.ECX, 3);
    runToInterrupt();
    assertEquals(-3, cpu.register(Cpu.EAX));
  }

  @Test
  void addressesOfSixteenBitsWrap() {
    m.map(0x1000, 1);
    m.mmu.writeInt(0x1010, 77);
    m.code("67 8B40 10 CD80"); // mov eax, [bx+si+0x10]
    cpu.setRegister(Cpu.EBX, 0x5555_F000);
    cpu.setRegister(Cpu.ESI, 0x7777_2000);
    runToInterrupt();
    assertEquals(77, cpu.register(Cpu.EAX));
  }

  @Test
  void invalidOpcodeAndTooLongInstruction() {
    m.code("0F0B");
    assertEquals(ProcessorException.INVALID_OPCODE, runToException().vector());
    m.code("66666666666666666666666666666690");
    assertEquals(ProcessorException.GENERAL_PROTECTION, runToException().vector());
    m.code("666666666666666666666666666690 CD80");
    runToInterrupt();
    m.code("F0 90"); // lock nop
    assertEquals(ProcessorException.INVALID_OPCODE, runToException().vector());
    m.code("F4"); // hlt
    assertEquals(ProcessorException.GENERAL_PROTECTION, runToException().vector());
  }

  @Test
  void singleStepTrapsAfterEachInstruction() {
    m.code("40 40 CD80");
    cpu.setEflags(cpu.eflags() | Flags.TF);
    ProcessorException step = runToException();
    assertEquals(ProcessorException.DEBUG, step.vector());
    assertEquals(ProcessorException.DEBUG_SINGLE_STEP, step.debugStatus());
    assertEquals(UserMachine.TEXT + 1, cpu.eip());
    assertEquals(1, cpu.register(Cpu.EAX));
    assertEquals(1, cpu.instructions());
  }

  @Test
  void int1TrapsWithoutACauseEvenInSingleSteps() {
    for (boolean steps : new boolean[] {false, true}) {
      m.code("F1 40 CD80");
      cpu.setEflags(steps ? cpu.eflags() | Flags.TF : cpu.eflags() & ~Flags.TF);
      ProcessorException trap = runToException();
      assertEquals(ProcessorException.DEBUG, trap.vector());
      assertEquals(0, trap.debugStatus());
      assertEquals(UserMachine.TEXT + 1, cpu.eip(), "behind the instruction");
    }
  }

  @Test
  void clockReadsTheCountOfInstructions() {
    m.code("90 90 90 0F31 CD80");
    runToInterrupt();
    assertEquals(3, cpu.register(Cpu.EAX));
  }

  @Test
  void requestToStopIsHeardOnce() {
    m.code("EBFE");
    cpu.requestStop();
    assertEquals(Exit.STOPPED, cpu.run(100));
    assertEquals(Exit.BUDGET, cpu.run(100));
  }

  @Test
  void watcherSeesEveryArrivalWithItsExactCount() {
    m.code("31C0 B9 0A000000 01C8 49 75FB CD80"); // the loop begins at byte 7
    StringBuilder seen = new StringBuilder();
    int loop = UserMachine.TEXT + 7;
    cpu.setWatcher(eip -> {
      seen.append("%x:%d:%d ".formatted(eip - loop, cpu.register(Cpu.ECX), cpu.instructions()));
      cpu.watch(loop + 2); // dec ecx, in the block that is running
    });
    cpu.run(4); // decoded before anybody watches
    cpu.watch(loop);
    runToInterrupt();
    assertEquals(55, cpu.register(Cpu.EAX));
    assertEquals(2 + 30 + 1, cpu.instructions());
    StringBuilder expected = new StringBuilder();
    for (int round = 1; round < 10; round++) {
      expected.append("0:%d:%d ".formatted(10 - round, 2 + 3 * round));
      expected.append("2:%d:%d ".formatted(10 - round, 3 + 3 * round));
    }
    // Its block was dropped from inside the watcher: the first arrival is told twice.
    assertEquals("0:9:5 " + expected, seen.toString());
  }

  @Test
  void savedStateComesBack() {
    m.code("40 CD80");
    cpu.setEflags(Flags.ZF | Flags.SF | Flags.CF | Flags.DF);
    CpuState saved = cpu.save();
    int flags = cpu.eflags();
    runToInterrupt();
    cpu.restore(saved);
    assertEquals(0, cpu.register(Cpu.EAX));
    assertEquals(UserMachine.TEXT, cpu.eip());
    assertEquals(flags, cpu.eflags());
  }

  @Test
  void flagsCanBeAnyCombination() {
    for (int bits = 0; bits < 64; bits++) {
      int flags = 0;
      int rest = bits;
      for (int flag : new int[] {Flags.CF, Flags.PF, Flags.AF, Flags.ZF, Flags.SF, Flags.OF}) {
        flags |= (rest & 1) != 0 ? flag : 0;
        rest >>= 1;
      }
      cpu.setEflags(flags);
      assertEquals(flags, cpu.eflags() & Flags.ARITHMETIC);
    }
  }

  private static String little(int value) {
    return "%08X".formatted(Integer.reverseBytes(value));
  }
}
