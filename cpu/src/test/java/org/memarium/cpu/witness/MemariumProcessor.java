package org.memarium.cpu.witness;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.memarium.cpu.Cpu;
import org.memarium.cpu.CpuModel;
import org.memarium.cpu.Exit;
import org.memarium.hardware.DescriptorTable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.PageTableEntry;
import org.memarium.hardware.PageTableFormat;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Ram;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;

/** Our processor, with the memory, the segments and the exceptions that Linux gives the host's. */
final class MemariumProcessor implements AutoCloseable {
  private static final long MAX_INSTRUCTIONS = 200_000;
  private static final int GDT_FRAME = 1;
  private static final int PGD_FRAME = 2;
  private static final int CODE_PMD_FRAME = 3;
  private static final int CODE_PTE_FRAME = 4;
  private static final int DATA_PTE_FRAME = 5;
  private static final int CODE_FRAME = 8;
  private static final int DATA_FRAME = 16;
  private static final int FRAMES = 32;

  /** In an FXSAVE image. */
  private static final int MXCSR = 24;

  private static final int XMM = 160;

  private static final long USER_RW =
      PageTableEntry.PRESENT | PageTableEntry.WRITABLE | PageTableEntry.USER;

  private final Ram ram = Ram.reserve((long) FRAMES << Ram.PAGE_SHIFT);
  private final Mmu mmu = new Mmu(ram, PageTableFormat.PAE, 64, 4);
  private final Segmentation segmentation = new Segmentation();
  private final Cpu cpu;

  /** As FXSAVE writes it. */
  private final ByteBuffer fxsave = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);

  private final byte[] codeBefore = new byte[TestCase.CODE_BYTES];
  private final byte[] dataBefore = new byte[TestCase.DATA_BYTES];
  private final byte[] codeAfter = new byte[TestCase.CODE_BYTES];
  private final byte[] dataAfter = new byte[TestCase.DATA_BYTES];
  private final byte[] originalData = new byte[TestCase.DATA_BYTES];

  MemariumProcessor() {
    mapPages();
    describeSegments();
    cpu = new Cpu(mmu, segmentation, CpuModel.PENTIUM4);
    for (int i = 0; i < TestCase.DATA_BYTES; i++) {
      originalData[i] = TestCase.pattern(i);
    }
    reset();
  }

  private void mapPages() {
    put(PGD_FRAME, 0, (long) CODE_PMD_FRAME << 12 | PageTableEntry.PRESENT);
    put(CODE_PMD_FRAME, TestCase.CODE >>> 21, (long) CODE_PTE_FRAME << 12 | USER_RW);
    put(CODE_PMD_FRAME, TestCase.DATA >>> 21, (long) DATA_PTE_FRAME << 12 | USER_RW);
    for (int page = 0; page < TestCase.CODE_BYTES >> 12; page++) {
      put(CODE_PTE_FRAME, page, (long) (CODE_FRAME + page) << 12 | USER_RW);
    }
    for (int page = 0; page < TestCase.DATA_BYTES >> 12; page++) {
      int address = TestCase.DATA + (page << 12);
      long bits =
          address == TestCase.HOLE
              ? 0
              : address == TestCase.READ_ONLY ? USER_RW & ~PageTableEntry.WRITABLE : USER_RW;
      put(DATA_PTE_FRAME, page, (long) (DATA_FRAME + page) << 12 | bits | PageTableEntry.NX);
    }
    mmu.loadCr3((long) PGD_FRAME << 12);
  }

  private void put(int tableFrame, int index, long entry) {
    ram.putLong(((long) tableFrame << 12) + index * 8L, entry);
  }

  /** The GDT of Linux on x86-64 (arch/x86/include/asm/segment.h), with three TLS segments. */
  private void describeSegments() {
    DescriptorTable gdt = new DescriptorTable(ram, (long) GDT_FRAME << 12, 16);
    gdt.setRaw(1, 0x00cf_9b00_0000_ffffL);
    gdt.setRaw(2, 0x00af_9b00_0000_ffffL);
    gdt.setRaw(3, 0x00cf_9300_0000_ffffL);
    gdt.setRaw(4, 0x00cf_fb00_0000_ffffL);
    gdt.setRaw(5, 0x00cf_f300_0000_ffffL);
    gdt.setRaw(6, 0x00af_fb00_0000_ffffL);
    gdt.set(12, tls(TestCase.DATA, TestCase.DATA_BYTES - 1, false));
    gdt.set(13, tls(TestCase.EXPAND_DOWN_BASE, TestCase.EXPAND_DOWN_LIMIT, true));
    gdt.set(14, tls(0, TestCase.LOW_LIMIT, false));
    // Linux keeps the number of the processor in the limit of this one; here it is 0.
    gdt.setRaw(15, 0x0040_f500_0000_0000L);
    segmentation.setGdt(gdt);
  }

  private static SegmentDescriptor tls(int base, int limit, boolean expandDown) {
    int type =
        SegmentDescriptor.ACCESSED
            | SegmentDescriptor.READABLE_OR_WRITABLE
            | (expandDown ? SegmentDescriptor.CONFORMING_OR_EXPAND_DOWN : 0);
    return new SegmentDescriptor(base, limit, type, true, 3, true, true, false, true, false);
  }

  private void reset() {
    Arrays.fill(codeBefore, (byte) 0xcc);
    System.arraycopy(originalData, 0, dataBefore, 0, TestCase.DATA_BYTES);
    ram.write((long) CODE_FRAME << 12, codeBefore, 0, TestCase.CODE_BYTES);
    ram.write((long) DATA_FRAME << 12, dataBefore, 0, TestCase.DATA_BYTES);
  }

  /** Runs one case. */
  Outcome run(TestCase test) {
    int at = test.codeAddress - TestCase.CODE;
    System.arraycopy(test.code, 0, codeBefore, at, test.code.length);
    ram.write(((long) CODE_FRAME << 12) + at, test.code, 0, test.code.length);
    for (TestCase.Patch patch : test.patches) {
      int offset = patch.address() - TestCase.DATA;
      System.arraycopy(patch.bytes(), 0, dataBefore, offset, patch.bytes().length);
      ram.write(((long) DATA_FRAME << 12) + offset, patch.bytes(), 0, patch.bytes().length);
    }
    segmentation.force(Segmentation.CS, TestCase.USER_CODE);
    segmentation.force(Segmentation.SS, TestCase.USER_DATA);
    segmentation.force(Segmentation.ES, test.es);
    segmentation.force(Segmentation.DS, test.ds);
    segmentation.force(Segmentation.FS, test.fs);
    segmentation.force(Segmentation.GS, test.gs);
    for (int i = 0; i < 8; i++) {
      cpu.setRegister(i, test.registers[i]);
    }
    cpu.setEip(test.codeAddress);
    cpu.setEflags(test.eflags);
    cpu.fpu().restore(test.fpu.clone(), false);
    loadSimd(test);

    Outcome outcome = new Outcome();
    end(test, outcome, cpu.run(MAX_INSTRUCTIONS));
    for (int i = 0; i < 8; i++) {
      outcome.registers[i] = cpu.register(i);
    }
    for (int i = 0; i < 6; i++) {
      outcome.segments[i] = segmentation.selector(i);
    }
    outcome.eflags = cpu.eflags();
    cpu.storeFxsave(fxsave.array());
    outcome.mxcsr = fxsave.getInt(MXCSR);
    fxsave.get(XMM, outcome.xmm);
    cpu.fpu().save(outcome.fpu, false);
    collect(outcome);
    return outcome;
  }

  private void loadSimd(TestCase test) {
    cpu.storeFxsave(fxsave.array());
    fxsave.putInt(MXCSR, test.mxcsr);
    fxsave.put(XMM, test.xmm);
    if (!cpu.loadFxsave(fxsave.array())) {
      throw new IllegalArgumentException("no such mxcsr: %x".formatted(test.mxcsr));
    }
  }

  /** What Linux makes of the end of a run. */
  private void end(TestCase test, Outcome outcome, Exit exit) {
    outcome.eip = cpu.eip();
    switch (exit) {
      case INTERRUPT -> {
        int vector = cpu.interruptVector();
        outcome.trap = vector;
        if (vector == 0x80) {
          outcome.trap = Outcome.SYSTEM_CALL;
        } else if (vector != 3 && vector != 4) {
          // The gate's privilege forbids it: #GP with the gate as error code.
          outcome.trap = ProcessorException.GENERAL_PROTECTION;
          outcome.error = vector << 3 | 2;
          outcome.eip = test.codeAddress;
        }
      }
      case EXCEPTION -> {
        ProcessorException exception = cpu.exception();
        outcome.trap = exception.vector();
        outcome.error = exception.errorCode();
        outcome.cr2 = (int) exception.linearAddress();
      }
      case BUDGET, STOPPED -> outcome.trap = Outcome.ENDLESS;
    }
  }

  private void collect(Outcome outcome) {
    ram.read((long) CODE_FRAME << 12, codeAfter, 0, TestCase.CODE_BYTES);
    ram.read((long) DATA_FRAME << 12, dataAfter, 0, TestCase.DATA_BYTES);
    collect(outcome, TestCase.CODE, codeBefore, codeAfter);
    collect(outcome, TestCase.DATA, dataBefore, dataAfter);
    reset();
  }

  private static void collect(Outcome outcome, int start, byte[] before, byte[] after) {
    int at = 0;
    while (at < before.length) {
      int different = Arrays.mismatch(before, at, before.length, after, at, after.length);
      if (different < 0) {
        return;
      }
      int word = (at + different) & -4;
      int value = 0;
      for (int i = 3; i >= 0; i--) {
        value = value << 8 | (after[word + i] & 0xff);
      }
      outcome.changes.put(start + word, value);
      at = word + 4;
    }
  }

  @Override
  public void close() {
    ram.close();
  }
}
